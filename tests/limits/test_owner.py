"""One browser at a time gets the codes of a number; the others wait, and never for longer than a code lives."""

from typing import Any

import pytest

from onboarding.models import OnboardingSession
from tests.device import through
from tests.journey.conftest import Sandbox
from tests.journey.test_bad_days import LATER
from tests.journey.visitor import Visitor, wrong

NUMBER, E164 = "201 555 0123", "+12015550123"
CODE_LIFE_S = 600


def test_a_second_browser_on_the_same_number_waits_with_a_time(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    other = Visitor()
    assert "in another browser" in other.starts_in_vain(NUMBER).json()["error"]
    assert other.opens("/").path == "/code/"
    page = other.submits("/code/send/")
    assert page.status == 429 and "in another browser" in page.text
    assert 0 < int(page.headers["Retry-After"]) <= CODE_LIFE_S
    assert len(visitor.messages(E164)) == 1


def test_the_code_of_one_never_passes_in_the_other(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    other = Visitor()
    other.starts_in_vain(NUMBER)
    other.opens("/")
    other.types_code(visitor.code(E164))
    assert other.page.path == "/code/"
    assert sandbox.calls("twilio.verification_check") == []
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_a_stranger_who_burns_five_guesses_delays_the_owner_by_ten_minutes_at_most(
    visitor: Visitor, sandbox: Sandbox, later: LATER
) -> None:
    stranger = Visitor()
    stranger.starts(NUMBER)
    for _ in range(5):
        stranger.types_code(wrong(stranger.code(E164)))
    visitor.starts_in_vain(NUMBER)
    visitor.opens("/")
    wait_s = int(visitor.submits("/code/send/").headers["Retry-After"])
    assert wait_s <= CODE_LIFE_S
    later(wait_s)
    sandbox.advance(wait_s)
    visitor.opens("/")
    visitor.submits("/code/send/")
    code = visitor.code(E164)
    for _ in range(4):
        visitor.types_code(wrong(code))
    assert visitor.types_code(code).path == "/done/"


def test_a_stranger_never_locks_a_linked_device_out(visitor: Visitor, later: LATER) -> None:
    visitor.links(NUMBER, E164)
    for _ in range(4):
        stranger = Visitor()
        stranger.opens()
        stranger.device.authenticate(
            stranger.asks("/start/", phone=NUMBER).json()["auth_token"], through(stranger.client)
        )
        stranger.asks("/device/")
        stranger.opens("/code/")
        for _ in range(5):
            stranger.types_code("000000")
    visitor.client.cookies.clear()
    assert visitor.starts(NUMBER).path == "/done/"


def test_the_same_browser_may_start_again_on_its_number(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    visitor.submits("/restart/")
    visitor.starts("201 555 0199")
    visitor.submits("/restart/")
    assert visitor.starts(NUMBER).path == "/code/"
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_a_code_that_was_right_frees_the_number_at_once(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    other = Visitor()
    other.links(NUMBER, E164)
    assert other.page.path == "/done/"


def test_whoever_only_watches_lets_the_newest_have_the_number(visitor: Visitor, settings: object) -> None:
    settings.LIMITS = {"number_owner": {"watch_only": True}}  # type: ignore[attr-defined]
    visitor.starts(NUMBER)
    other = Visitor()
    other.starts(NUMBER)
    code = other.code(E164)
    assert "expired" in visitor.types_code(code).text
    assert other.types_code(code).path == "/done/"
    assert OnboardingSession.objects.filter(state="bound").count() == 1


@pytest.mark.parametrize(
    "kind", [{"kind": "refuse"}, {"kind": "status", "status": 429}, {"kind": "status", "status": 401}]
)
def test_a_text_that_was_never_sent_keeps_nobody_waiting(
    visitor: Visitor, sandbox: Sandbox, kind: dict[str, Any], later: LATER
) -> None:
    sandbox.has("twilio.verification", times=1, **kind)
    visitor.starts(NUMBER)
    later(61)
    other = Visitor()
    assert other.starts(NUMBER).path == "/code/"
    assert len(other.messages(E164)) == 1


def test_a_code_that_is_dead_keeps_no_number_that_an_unsent_text_would_free(
    visitor: Visitor, sandbox: Sandbox, later: LATER
) -> None:
    visitor.starts(NUMBER)
    later(CODE_LIFE_S + 1)
    sandbox.advance(CODE_LIFE_S + 1)
    sandbox.has("twilio.verification", "refuse", times=1)
    (other := Visitor()).starts(NUMBER)
    later(31)
    assert Visitor().starts(NUMBER).path == "/code/"
    assert "send a code right now" in other.opens("/code/").text


def test_a_text_that_came_though_nobody_knows_keeps_the_number(
    visitor: Visitor, sandbox: Sandbox, later: LATER
) -> None:
    sandbox.has("twilio.verification", "lost", times=1)
    visitor.starts(NUMBER)
    later(31)
    sandbox.has("twilio.verification", "refuse", times=1)
    visitor.submits("/code/send/")
    assert "in another browser" in Visitor().starts_in_vain(NUMBER).json()["error"]


def test_a_call_that_was_never_made_leaves_the_number_to_whoever_has_a_code_for_it(
    visitor: Visitor, sandbox: Sandbox, later: LATER
) -> None:
    visitor.starts(NUMBER)
    later(31)
    sandbox.has("twilio.verification", "refuse", times=1)
    visitor.submits("/code/send/", channel="call")
    assert "in another browser" in Visitor().starts_in_vain(NUMBER).json()["error"]
