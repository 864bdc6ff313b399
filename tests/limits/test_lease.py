"""The lease of a number: one browser at a time gets its codes; others wait at most as long as a code is valid."""

from typing import Any

import pytest

from onboarding.models import OnboardingSession
from tests.device import through
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Visitor, wrong

NUMBER, E164 = "201 555 0123", "+12015550123"
CODE_LIFE_S = 600


ANOTHER = "another browser has just asked for"


def test_a_second_browser_for_the_same_number_may_enter_its_code_and_gets_no_text(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    other = Visitor()
    assert ANOTHER in other.starts(NUMBER).text and other.page.path == "/code/"
    page = other.submits("/code/send/")
    assert page.status == 429 and 0 < int(page.headers["Retry-After"]) <= CODE_LIFE_S
    assert len(visitor.messages(E164)) == 1
    assert other.types_code(other.code(E164)).path == "/done/"
    assert "expired" in visitor.types_code(visitor.code(E164)).text


MOBILE, SAME_MOBILE = "+54 9 11 2345 6789", "+54 11 2345 6789"  # as called from abroad, and as within Argentina


def test_another_spelling_of_the_number_has_the_same_lease(visitor: Visitor) -> None:
    visitor.starts(MOBILE)
    assert ANOTHER in Visitor().starts(SAME_MOBILE).text


def test_strangers_have_two_guesses_of_a_code_that_another_browser_got(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    one, two = Visitor(), Visitor()
    for stranger in (one, two):
        stranger.starts(NUMBER)
        assert stranger.types_code(wrong(code)).path == "/code/"
    assert one.types_code(code).status == 429 and two.types_code(code).status == 429
    assert len(sandbox.calls("twilio.verification_check")) == 2
    assert visitor.types_code(code).path == "/done/"


def test_a_stranger_who_uses_up_five_guesses_delays_the_owner_by_ten_minutes_at_most(
    visitor: Visitor, sandbox: Sandbox, later: Later
) -> None:
    stranger = Visitor()
    stranger.starts(NUMBER)
    for _ in range(5):
        stranger.types_code(wrong(stranger.code(E164)))
    visitor.starts_and_is_limited(NUMBER)
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


def test_a_stranger_cannot_lock_out_a_linked_device(visitor: Visitor, later: Later) -> None:
    visitor.links(NUMBER, E164)
    for _ in range(4):
        stranger = Visitor()
        stranger.opens()
        stranger.device.authenticate(
            stranger.fetches("/start/", phone=NUMBER).json()["auth_token"], through(stranger.client)
        )
        stranger.fetches("/device/")
        stranger.opens("/code/")
        for _ in range(5):
            stranger.types_code("000000")
    visitor.client.cookies.clear()
    assert visitor.starts(NUMBER).path == "/done/"


def test_the_same_browser_can_start_again_with_its_number(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    visitor.submits("/restart/")
    visitor.starts("201 555 0199")
    visitor.submits("/restart/")
    assert visitor.starts(NUMBER).path == "/code/"
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_a_right_code_releases_the_lease_at_once(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    other = Visitor()
    other.links(NUMBER, E164)
    assert other.page.path == "/done/"


def test_with_watch_only_the_newest_browser_gets_the_number(visitor: Visitor, settings: object) -> None:
    settings.LIMITS = {"number_owner": {"watch_only": True}}  # type: ignore[attr-defined]
    visitor.starts(NUMBER)
    other = Visitor()
    other.starts(NUMBER)
    code = other.code(E164)
    assert other.types_code(code).path == "/done/"
    assert "expired" in visitor.types_code(code).text
    assert OnboardingSession.objects.filter(state="bound").count() == 1


@pytest.mark.parametrize(
    "kind", [{"kind": "refuse"}, {"kind": "status", "status": 429}, {"kind": "status", "status": 401}]
)
def test_a_text_that_was_surely_not_sent_releases_the_lease(
    visitor: Visitor, sandbox: Sandbox, kind: dict[str, Any], later: Later
) -> None:
    sandbox.inject_fault("twilio.verification", times=1, **kind)
    visitor.starts(NUMBER)
    later(61)
    other = Visitor()
    assert other.starts(NUMBER).path == "/code/"
    assert len(other.messages(E164)) == 1


def test_an_expired_code_does_not_keep_a_lease_that_an_unsent_text_releases(
    visitor: Visitor, sandbox: Sandbox, later: Later
) -> None:
    visitor.starts(NUMBER)
    later(CODE_LIFE_S + 1)
    sandbox.advance(CODE_LIFE_S + 1)
    sandbox.inject_fault("twilio.verification", "refuse", times=1)
    (other := Visitor()).starts(NUMBER)
    later(31)
    assert Visitor().starts(NUMBER).path == "/code/"
    assert "send a code right now" in other.opens("/code/").text


def test_a_text_whose_answer_was_lost_keeps_the_lease(visitor: Visitor, sandbox: Sandbox, later: Later) -> None:
    sandbox.inject_fault("twilio.verification", "lost", times=1)
    visitor.starts(NUMBER)
    later(31)
    sandbox.inject_fault("twilio.verification", "refuse", times=1)
    visitor.submits("/code/send/")
    assert "in another browser" in Visitor().starts_and_is_limited(NUMBER).json()["error"]


def test_a_call_that_was_surely_not_made_keeps_the_lease_of_the_browser_that_has_a_code(
    visitor: Visitor, sandbox: Sandbox, later: Later
) -> None:
    visitor.starts(NUMBER)
    later(31)
    sandbox.inject_fault("twilio.verification", "refuse", times=1)
    visitor.submits("/code/send/", channel="call")
    assert ANOTHER in Visitor().starts(NUMBER).text
