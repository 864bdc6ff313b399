"""A vendor that stays down is called rarely, nobody waits for it, and people who do not need it notice nothing."""

from itertools import cycle

import pytest
from django.conf import LazySettings

from tests.device import through
from tests.journey.conftest import Sandbox, next_probe
from tests.journey.visitor import Visitor

NUMBER, E164 = "201 555 0123", "+12015550123"
LAST_DIGITS = cycle(range(60, 90))  # of other people's numbers
Patch = pytest.MonkeyPatch


def start_statuses(visitor: Visitor, times: int, number: str = "") -> list[int]:
    """Start so many times, with this number or another one each time; return the HTTP statuses."""
    statuses = []
    for _ in range(times):
        visitor.opens()
        typed = number or f"201 555 01{next(LAST_DIGITS):02}"
        statuses.append(visitor.fetches("/start/", phone=typed).status_code)
    return statuses


def test_after_failures_for_five_numbers_prove_is_not_called_any_more(visitor: Visitor, sandbox: Sandbox) -> None:
    sandbox.inject_fault("prove.unify", "status", status=503)
    assert start_statuses(visitor, 9) == [503] * 9
    assert len(sandbox.calls("prove.unify")) == 5


def test_a_number_that_prove_fails_on_closes_prove_to_nobody_else(
    visitor: Visitor, sandbox: Sandbox, settings: LazySettings
) -> None:
    settings.LIMITS_WATCH_ONLY = True
    sandbox.inject_fault("prove.unify", "status", status=503, number=E164)
    assert start_statuses(visitor, 14, NUMBER) == [503] * 14
    assert len(sandbox.calls("prove.unify")) == 14
    assert Visitor().starts("201 555 0124").path == "/code/"


def test_pollers_with_numbers_that_prove_fails_on_do_not_keep_it_closed(
    visitor: Visitor, sandbox: Sandbox, monkeypatch: Patch
) -> None:
    sandbox.inject_fault("prove.unify", "status", status=503)
    pollers = [(Visitor(), f"201 555 01{last_digits}") for last_digits in range(25, 29)]
    start_statuses(visitor, 1)
    for poller, number in pollers:
        start_statuses(poller, 1, number)
    sandbox.clear_faults()
    for _, number in pollers:
        sandbox.inject_fault("prove.unify", "status", status=503, number=f"+1{number.replace(' ', '')}")
    next_probe(monkeypatch)
    for poller, number in pollers:
        start_statuses(poller, 2, number)
    assert Visitor().starts(NUMBER).path == "/code/"


def test_one_probe_detects_that_prove_works_again(visitor: Visitor, sandbox: Sandbox, monkeypatch: Patch) -> None:
    sandbox.inject_fault("prove.unify", "status", status=503)
    start_statuses(visitor, 6)
    next_probe(monkeypatch)
    start_statuses(visitor, 2)
    assert len(sandbox.calls("prove.unify")) == 6
    sandbox.clear_faults()
    next_probe(monkeypatch)
    assert visitor.starts(NUMBER).path == "/code/"


def test_people_who_are_recognised_do_not_notice_that_twilio_is_down(
    visitor: Visitor, sandbox: Sandbox, monkeypatch: Patch
) -> None:
    visitor.links(NUMBER, E164)
    sandbox.inject_fault("twilio.verification", "status", status=503)
    for last_digits in range(50, 56):
        Visitor().starts(f"201 555 01{last_digits}")
    visitor.client.cookies.clear()
    assert visitor.starts(NUMBER).path == "/done/"


def test_unify_status_is_retried_twice_and_the_person_notices_nothing(visitor: Visitor, sandbox: Sandbox) -> None:
    sandbox.inject_fault("prove.unify_status", "lost", times=2)
    assert visitor.starts(NUMBER).path == "/code/"
    assert len(sandbox.calls("prove.unify_status")) == 3


@pytest.mark.parametrize("kind", ["lost", "reset", "status", "refuse"])
@pytest.mark.parametrize(
    "route", ["prove.unify", "prove.unify_bind", "twilio.verification", "twilio.verification_check"]
)
def test_a_call_with_effects_is_never_retried_automatically(
    visitor: Visitor, sandbox: Sandbox, route: str, kind: str
) -> None:
    sandbox.inject_fault(route, kind)
    visitor.opens()
    answer = visitor.fetches("/start/", phone=NUMBER).json()
    if "auth_token" in answer:
        visitor.device.authenticate(answer["auth_token"], through(visitor.client))
        visitor.opens(visitor.fetches("/device/").json()["next"])
    if messages := visitor.messages(E164):
        visitor.types_code(str(messages[0]["code"]))
    assert len(sandbox.calls(route)) == 1
