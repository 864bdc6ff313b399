"""9101: the device's key belongs to another number."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db.models import F

from onboarding.desk import reviews
from onboarding.domain.states import State
from onboarding.models import Binding, Event, OnboardingSession
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor

FIRST, SECOND = "+12015550123", "+12015550199"


def test_another_number_on_the_device_is_told_and_gets_no_text(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(FIRST, FIRST)
    page = visitor.starts(SECOND)
    assert page.path == "/moved/" and "linked to another number" in page.text
    assert FIRST[-4:] not in page.text
    assert visitor.messages(SECOND) == []


def test_the_person_may_move_the_device_to_the_new_number_with_a_code(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(FIRST, FIRST)
    visitor.starts(SECOND)
    assert visitor.moves_the_device().path == "/code/"
    assert visitor.types_code(visitor.code(SECOND)).path == "/done/"
    assert [call["rebind"] for call in sandbox.calls("prove.unify")] == [False, False, True]
    assert [(b.number, b.confirmed) for b in Binding.objects.order_by("created_at")] == [
        (FIRST, False),
        (SECOND, True),
    ]
    moved = OnboardingSession.objects.get(rebind=True)
    assert moved.previous is not None and moved.previous.state == State.SUPERSEDED


def test_a_rebind_needs_9101_in_this_very_session(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(FIRST)
    assert visitor.asks("/moved/").json() == {"next": "/code/"}
    visitor.asks("/start/", phone=SECOND, rebind="true")
    assert not any(call["rebind"] for call in sandbox.calls("prove.unify"))


def test_the_offer_can_be_taken_once(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(FIRST, FIRST)
    visitor.starts(SECOND)
    assert "auth_token" in visitor.asks("/moved/").json()
    assert "next" in visitor.asks("/moved/").json()
    assert len(sandbox.calls("prove.unify")) == 3


def test_a_move_that_prove_could_not_start_is_still_offered(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(FIRST, FIRST)
    visitor.starts(SECOND)
    sandbox.has("prove.unify", "refuse", times=2)
    for _ in range(2):
        assert visitor.asks("/moved/").status_code == 503
        page = visitor.opens("/moved/")
        assert page.path == "/moved/" and "Nothing is lost" in page.text
    assert visitor.moves_the_device().path == "/code/"
    assert visitor.types_code(visitor.code(SECOND)).path == "/done/"


def test_declining_the_move_leaves_everything_as_it_was(visitor: Visitor) -> None:
    visitor.links(FIRST, FIRST)
    visitor.starts(SECOND)
    assert visitor.submits("/restart/").path == "/"
    assert visitor.starts(FIRST).path == "/done/"


# --- The number that the key leaves ------------------------------------------------------------------------------


def moves(visitor: Visitor, to: str) -> None:
    """From the number that this browser is linked to, to another."""
    visitor.starts(to)
    confirms(visitor, to)


def confirms(visitor: Visitor, to: str) -> None:
    """At the page that asks."""
    visitor.opens("/moved/")
    visitor.moves_the_device()
    visitor.types_code(visitor.code(to))


def notices(visitor: Visitor, number: str) -> list[str]:
    return [message["body"] for message in visitor.messages(number) if not message["code"]]


def test_the_old_number_gets_a_text_that_names_no_number_and_the_new_one_gets_none(
    visitor: Visitor, sandbox: Sandbox
) -> None:
    visitor.links(FIRST, FIRST)
    moves(visitor, SECOND)
    (text,) = notices(visitor, FIRST)
    assert "unlinked from a device" in text and SECOND[-4:] not in text
    assert notices(visitor, SECOND) == []
    assert Event.objects.get(name="notice:sent").binding == Binding.objects.get(number=FIRST)


def test_the_text_says_whose_it_is_where_to_turn_to_and_speaks_as_the_page_of_the_first_link_did(
    visitor: Visitor, sandbox: Sandbox, settings: Any
) -> None:
    settings.BRAND_NAME, settings.SUPPORT_URL = "Acme", "https://example.com/help"
    visitor.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    visitor.links(FIRST, FIRST)
    visitor.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "fr"
    moves(visitor, SECOND)
    (text,) = notices(visitor, FIRST)
    assert re.fullmatch(r"Acme: Ihre Nummer .* https://example\.com/help", text)


def test_the_text_is_sent_once_and_only_after_the_key_has_moved(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(FIRST, FIRST)
    visitor.starts(SECOND)
    visitor.moves_the_device()
    assert sandbox.calls("twilio.message") == []
    visitor.types_code(visitor.code(SECOND))
    visitor.client.cookies.clear()
    assert visitor.starts(SECOND).path == "/done/"
    assert len(sandbox.calls("twilio.message")) == 1


def test_a_bind_that_names_no_key_links_nobody_and_needs_a_reviewer(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(FIRST, FIRST)
    visitor.starts(SECOND)
    visitor.moves_the_device()
    sandbox.has("prove.unify_bind", "answer", body={"success": "true", "proveId": "p", "phoneNumber": SECOND})
    assert visitor.types_code(visitor.code(SECOND)).path == "/unverified/"
    assert [(b.number, b.confirmed) for b in Binding.objects.all()] == [(FIRST, True)]
    assert notices(visitor, FIRST) == []


def test_a_first_link_and_a_return_tell_nobody(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(FIRST, FIRST)
    visitor.client.cookies.clear()
    visitor.starts(FIRST)
    assert sandbox.calls("twilio.message") == []


@pytest.mark.parametrize("kind", ["refuse", "lost", "html", "types", "status", "huge"])
def test_a_text_that_fails_holds_nobody_up_is_in_the_diary_and_is_left(
    visitor: Visitor, sandbox: Sandbox, kind: str
) -> None:
    visitor.links(FIRST, FIRST)
    sandbox.has("twilio.message", kind)
    moves(visitor, SECOND)
    assert visitor.page.path == "/done/"
    event = Event.objects.get(name="notice:unanswered")
    assert event.facts["operation"] == "twilio-messaging.Messages.json"
    assert len(sandbox.calls("twilio.message")) == 1


def test_without_a_sender_nobody_is_texted(visitor: Visitor, sandbox: Sandbox, settings: Any) -> None:
    settings.TWILIO_SENDER = ""
    visitor.links(FIRST, FIRST)
    moves(visitor, SECOND)
    assert visitor.page.path == "/done/" and sandbox.calls("twilio.message") == []


def test_a_number_may_be_the_sender(visitor: Visitor, sandbox: Sandbox, settings: Any) -> None:
    settings.TWILIO_SENDER = "+12025550100"
    visitor.links(FIRST, FIRST)
    moves(visitor, SECOND)
    assert len(notices(visitor, FIRST)) == 1


# --- Cooling off -------------------------------------------------------------------------------------------------


THIRD = "+12015550177"


@pytest.fixture
def cooling_off(settings: Any) -> None:
    settings.REBIND_COOLING_OFF = timedelta(hours=24)


def hours_pass(hours: int) -> None:
    Binding.objects.update(created_at=F("created_at") - timedelta(hours=hours))


def refused(visitor: Visitor, number: str) -> bool:
    visitor.starts(number)
    flows = OnboardingSession.objects.count()
    answer = visitor.asks("/moved/", cooling_off="0", rebind="true", review="approved").json()
    return answer == {"next": "/moved/"} and OnboardingSession.objects.count() == flows


def test_a_key_that_moved_does_not_move_on_within_the_cooling_off_time(
    visitor: Visitor, sandbox: Sandbox, cooling_off: None
) -> None:
    visitor.links(FIRST, FIRST)
    moves(visitor, SECOND)
    assert refused(visitor, THIRD)
    assert "moved only recently" in visitor.opens("/moved/").text
    assert Event.objects.get(name="rebind:too_soon").session == OnboardingSession.objects.latest("created_at")
    assert visitor.messages(THIRD) == []
    hours_pass(25)
    confirms(visitor, THIRD)
    assert visitor.page.path == "/done/"


@pytest.mark.parametrize("back", [FIRST, SECOND])
def test_a_number_that_moved_does_not_move_again_from_any_device(
    visitor: Visitor, cooling_off: None, back: str
) -> None:
    visitor.links(FIRST, FIRST)
    moves(visitor, SECOND)
    other = Visitor()
    other.links(THIRD, THIRD)
    assert refused(other, back)
    hours_pass(25)
    confirms(other, back)
    assert other.page.path == "/done/"


def test_back_to_the_old_number_is_too_soon_even_without_cookies(visitor: Visitor, cooling_off: None) -> None:
    visitor.links(FIRST, FIRST)
    moves(visitor, SECOND)
    visitor.client.cookies.clear()
    assert refused(visitor, FIRST)


def test_a_first_move_has_not_to_wait(visitor: Visitor, cooling_off: None) -> None:
    visitor.links(FIRST, FIRST)
    moves(visitor, SECOND)
    assert visitor.page.path == "/done/"


def test_there_is_no_cooling_off_time_unless_the_settings_name_one(visitor: Visitor) -> None:
    assert timedelta(0) == django_settings.REBIND_COOLING_OFF
    visitor.links(FIRST, FIRST)
    for number in (SECOND, FIRST, SECOND):
        moves(visitor, number)
        assert visitor.page.path == "/done/"


# --- Held for a reviewer -----------------------------------------------------------------------------------------


@pytest.fixture
def reviewed(settings: Any) -> None:
    settings.REBIND_REVIEW = True


def test_a_move_waits_for_a_reviewer_and_goes_on_after_their_word(
    visitor: Visitor, sandbox: Sandbox, reviewed: None, django_user_model: Any
) -> None:
    visitor.links(FIRST, FIRST)
    visitor.starts(SECOND)
    assert visitor.asks("/moved/", review="approved").json() == {"next": "/unverified/"}
    held = OnboardingSession.objects.latest("created_at")
    assert held.state == State.IN_REVIEW and list(held.failure_reasons) == ["9101", "rebind"]
    assert not any(call["rebind"] for call in sandbox.calls("prove.unify"))
    assert Binding.objects.get(number=FIRST).confirmed

    reviews.approve(session=held, by=django_user_model.objects.create(username="ada"), reason="called back")
    moves(visitor, SECOND)
    assert visitor.page.path == "/done/"
    assert [call["rebind"] for call in sandbox.calls("prove.unify")] == [False, False, False, True]


def test_a_word_for_one_number_moves_no_other(visitor: Visitor, reviewed: None, django_user_model: Any) -> None:
    visitor.links(FIRST, FIRST)
    visitor.starts(SECOND)
    visitor.asks("/moved/")
    held = OnboardingSession.objects.latest("created_at")
    reviews.approve(session=held, by=django_user_model.objects.create(username="ada"), reason="called back")
    visitor.starts(THIRD)
    assert visitor.asks("/moved/").json() == {"next": "/unverified/"}
