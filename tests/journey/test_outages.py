"""A vendor that stays down: it is asked seldom, nobody waits for it, and the other vendor's people do not notice."""

import pytest

from tests.device import through
from tests.journey.conftest import Sandbox, next_probe
from tests.journey.visitor import Visitor

NUMBER, E164 = "201 555 0123", "+12015550123"
Patch = pytest.MonkeyPatch


def asks_to_start(visitor: Visitor, times: int) -> list[int]:
    statuses = []
    for _ in range(times):
        visitor.opens()
        statuses.append(visitor.asks("/start/", phone=NUMBER).status_code)
    return statuses


def test_prove_down_is_asked_five_times_and_then_left_alone(visitor: Visitor, sandbox: Sandbox) -> None:
    sandbox.has("prove.unify", "status", status=503)
    assert asks_to_start(visitor, 9) == [503] * 9
    assert len(sandbox.calls("prove.unify")) == 5


def test_one_probe_finds_out_that_prove_is_back(visitor: Visitor, sandbox: Sandbox, monkeypatch: Patch) -> None:
    sandbox.has("prove.unify", "status", status=503)
    asks_to_start(visitor, 6)
    next_probe(monkeypatch)
    asks_to_start(visitor, 2)
    assert len(sandbox.calls("prove.unify")) == 6
    sandbox.is_well()
    next_probe(monkeypatch)
    assert visitor.starts(NUMBER).path == "/code/"


def test_twilio_down_does_not_touch_people_who_are_recognised(
    visitor: Visitor, sandbox: Sandbox, monkeypatch: Patch
) -> None:
    visitor.links(NUMBER, E164)
    sandbox.has("twilio.verification", "status", status=503)
    for last_digits in range(50, 56):
        Visitor().starts(f"201 555 01{last_digits}")
    visitor.client.cookies.clear()
    assert visitor.starts(NUMBER).path == "/done/"


def test_a_status_that_fails_twice_is_asked_three_times_and_the_person_notices_nothing(
    visitor: Visitor, sandbox: Sandbox
) -> None:
    sandbox.has("prove.unify_status", "lost", times=2)
    assert visitor.starts(NUMBER).path == "/code/"
    assert len(sandbox.calls("prove.unify_status")) == 3


@pytest.mark.parametrize("kind", ["lost", "reset", "status", "refuse"])
@pytest.mark.parametrize(
    "route", ["prove.unify", "prove.unify_bind", "twilio.verification", "twilio.verification_check"]
)
def test_a_call_that_has_effects_is_never_repeated_by_itself(
    visitor: Visitor, sandbox: Sandbox, route: str, kind: str
) -> None:
    sandbox.has(route, kind)
    visitor.opens()
    answer = visitor.asks("/start/", phone=NUMBER).json()
    if "auth_token" in answer:
        visitor.device.authenticate(answer["auth_token"], through(visitor.client))
        visitor.opens(visitor.asks("/device/").json()["next"])
    if messages := visitor.messages(E164):
        visitor.types_code(str(messages[0]["code"]))
    assert len(sandbox.calls(route)) == 1
