"""A vendor that stays down is called rarely, nobody waits for it, and people who do not need it notice nothing."""

import pytest

from tests.device import through
from tests.journey.conftest import Sandbox, next_probe
from tests.journey.visitor import Visitor

NUMBER, E164 = "201 555 0123", "+12015550123"
Patch = pytest.MonkeyPatch


def start_statuses(visitor: Visitor, times: int) -> list[int]:
    """Start so many times; return the HTTP statuses."""
    statuses = []
    for _ in range(times):
        visitor.opens()
        statuses.append(visitor.fetches("/start/", phone=NUMBER).status_code)
    return statuses


def test_after_five_failed_calls_prove_is_not_called_any_more(visitor: Visitor, sandbox: Sandbox) -> None:
    sandbox.inject_fault("prove.unify", "status", status=503)
    assert start_statuses(visitor, 9) == [503] * 9
    assert len(sandbox.calls("prove.unify")) == 5


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
