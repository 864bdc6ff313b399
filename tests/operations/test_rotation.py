"""A new SECRET_KEY or LASTING_KEY, with the old one as fallback: nobody loses their place, no budget begins anew."""

import secrets
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured

from onboarding.domain import budgets
from onboarding.domain.budgets import Charge
from onboarding.hashes import secrets as secrets_in_use
from onboarding.journey import handoff
from onboarding.limits import refund, used
from onboarding.models import Cell, Lease
from proveflow.environment import Environment
from tests.device import through
from tests.journey.conftest import sandbox, visitor
from tests.journey.visitor import Visitor

__all__ = ["sandbox", "visitor"]

NUMBER, E164 = "(201) 555-0123", "+12015550123"
KEYS = ("SECRET_KEY", "LASTING_KEY", "SECRET_KEY without LASTING_KEY")
Rotate = Callable[..., None]


@pytest.fixture(params=KEYS)
def rotate(request: Any, settings: Any) -> Iterator[Rotate]:
    """Return a function that changes the key, and keeps the old one among the fallbacks unless it is told not to."""
    settings.LASTING_KEY = "" if "without" in request.param else secrets.token_urlsafe(50)
    name = request.param.split()[0]

    def change(*, keep: bool = True) -> None:
        former = settings.SECRET_KEY if name == "SECRET_KEY" else secrets_in_use()[0]
        setattr(settings, f"{name}_FALLBACKS", [former] if keep else [])
        setattr(settings, name, secrets.token_urlsafe(50))

    yield change


def test_a_person_with_the_code_in_hand_goes_on(visitor: Visitor, rotate: Rotate) -> None:
    visitor.starts(NUMBER)
    rotate()
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_a_person_who_is_logged_in_stays_so(visitor: Visitor, rotate: Rotate) -> None:
    visitor.links(NUMBER, E164)
    rotate()
    assert visitor.opens("/done/").path == "/done/"


def test_a_browser_that_remembers_the_number_goes_on_doing_so(visitor: Visitor, rotate: Rotate) -> None:
    visitor.links(NUMBER, E164)
    visitor.submits("/remember/")
    visitor.client.cookies.pop("sessionid")
    rotate()
    assert "/recall/" in visitor.opens("/").text


def test_a_link_that_a_computer_shows_stays_the_same(db: None, rotate: Rotate) -> None:
    offered = handoff.offer(address=ip_address("198.18.0.1"))
    shown = handoff.token(offered)
    rotate()
    assert handoff.token(offered) == shown and handoff.find_scanned(shown) is not None


def test_a_reviewer_stays_logged_in(db: None, client: Any, rotate: Rotate) -> None:
    client.force_login(User.objects.create_superuser("ann"))
    rotate()
    assert client.get("/admin/").wsgi_request.user.username == "ann"


def test_no_budget_begins_anew(visitor: Visitor, rotate: Rotate) -> None:
    visitor.starts(NUMBER)
    charges = [Charge(budgets.MONEY, ""), Charge(budgets.SENDS_NUMBER_DAY, E164)]
    before = [ratio for _, ratio in used(charges)]
    rotate()
    assert all(ratio > 0 for ratio in before)
    assert [ratio for _, ratio in used(charges)] == pytest.approx(before, rel=0.01)


def test_what_an_old_process_counts_meanwhile_is_added(visitor: Visitor, settings: Any, rotate: Rotate) -> None:
    visitor.starts(NUMBER)
    [(_, once)] = used([Charge(budgets.SENDS_NUMBER_DAY, E164)])
    rows = list(Cell.objects.values_list("key", "tat"))
    rotate()
    list(used([Charge(budgets.SENDS_NUMBER_DAY, E164)]))
    Cell.objects.bulk_create([Cell(key=key, tat=tat) for key, tat in rows], ignore_conflicts=True)
    [(_, twice)] = used([Charge(budgets.SENDS_NUMBER_DAY, E164)])
    is_the_key_of_cells = secrets_in_use()[0] == settings.LASTING_KEY and len(secrets_in_use()) == 1
    assert twice == pytest.approx(once if is_the_key_of_cells else 2 * once, rel=0.01)


def test_a_lease_goes_on_so_that_no_second_text_is_sent(visitor: Visitor, rotate: Rotate) -> None:
    visitor.starts(NUMBER)
    rotate()
    other = Visitor()
    other.opens()
    other.device.authenticate(other.fetches("/start/", phone=NUMBER).json()["auth_token"], through(other.client))
    other.fetches("/device/")
    assert Lease.objects.count() == len(visitor.messages(E164)) == 1
    assert other.opens("/").path == "/code/"  # it follows the code that the first browser has


def test_without_the_fallback_the_person_is_lost(visitor: Visitor, rotate: Rotate) -> None:
    visitor.starts(NUMBER)
    rotate(keep=False)
    assert visitor.types_code(visitor.code(E164)).path != "/done/"


def test_nothing_to_carry_over_is_no_error(db: None, rotate: Rotate) -> None:
    rotate()
    assert list(used([])) == []
    refund([])


# --- Secrets in files ----------------------------------------------------------------------------------------------


def test_a_secret_is_read_from_the_file_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("with $ and a line end\n")
    for name in ("PROVE_CLIENT_SECRET", "PROVE_EU_CLIENT_SECRET"):
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "secret"))
        assert Environment(tmp_path / ".env").str(name) == "with $ and a line end"


def test_a_secret_is_read_from_systemds_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "PROVE_CLIENT_SECRET").write_text("of systemd")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert Environment(tmp_path / ".env").str("PROVE_CLIENT_SECRET") == "of systemd"


def test_a_file_that_cannot_be_read_is_told_by_the_name_of_its_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVE_CLIENT_SECRET_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(ImproperlyConfigured, match="The file of PROVE_CLIENT_SECRET cannot be read: No such file"):
        Environment(tmp_path / ".env").str("PROVE_CLIENT_SECRET")
