"""What a reviewer's decision means for the person who waits: the page, a text, and where the journey goes on."""

from typing import Any

import pytest
from django.test import Client

from onboarding.models import Binding, Event, OnboardingSession
from tests.desk.test_reviews import PLAIN, RISKY, WHY, at_the_desk, url_of
from tests.desk.test_reviews import ada as ada
from tests.desk.test_reviews import desk as desk
from tests.desk.test_reviews import held as held
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor

LOOKED_AT = "We have looked at your number"


def texts(visitor: Visitor, number: str = RISKY) -> list[str]:
    return [message["body"] for message in visitor.messages(number) if LOOKED_AT in message["body"]]


def decides(desk: Client, session: OnboardingSession, act: str) -> None:
    desk.post(url_of(session, act), {"reason": WHY})


# --- The journey goes on -----------------------------------------------------------------------------------------


def test_a_cleared_journey_goes_on_with_its_number_without_typing_it_again(
    held: OnboardingSession, desk: Client, visitor: Visitor
) -> None:
    decides(desk, held, "approve")
    visitor.opens("/unverified/")
    assert visitor.finishes(visitor.fetches("/resume/").json()).path == "/code/"
    assert visitor.types_code(visitor.code(RISKY)).path == "/done/"
    assert Binding.objects.get().number == RISKY
    assert OnboardingSession.objects.latest("created_at").previous == held


def test_a_cleared_journey_needs_a_code_still(held: OnboardingSession, desk: Client, visitor: Visitor) -> None:
    decides(desk, held, "approve")
    visitor.opens("/unverified/")
    visitor.finishes(visitor.fetches("/resume/").json())
    assert visitor.opens("/done/").path == "/code/" and not Binding.objects.exists()


@pytest.mark.parametrize("act", ["", "decline"])
def test_a_journey_that_was_not_cleared_goes_nowhere(
    held: OnboardingSession, desk: Client, visitor: Visitor, sandbox: Sandbox, act: str
) -> None:
    if act:
        decides(desk, held, act)
    visitor.opens("/unverified/")
    assert visitor.fetches("/resume/").json() == {"next": "/unverified/"}
    assert len(sandbox.calls("prove.unify")) == 1


def test_nobody_goes_on_with_the_number_of_another_browser(
    held: OnboardingSession, desk: Client, visitor: Visitor
) -> None:
    decides(desk, held, "approve")
    stranger = Visitor()
    stranger.opens()
    assert stranger.fetches("/resume/", phone=RISKY, session=str(held.pk)).json() == {"next": "/"}
    assert OnboardingSession.objects.count() == 1


def test_without_the_script_the_page_says_what_to_do(held: OnboardingSession, desk: Client, visitor: Visitor) -> None:
    decides(desk, held, "approve")
    visitor.opens("/unverified/")
    page = visitor.submits("/resume/")
    assert page.status == 400 and "Please press the button again" in page.text and "You can link it now" in page.text


# --- The text ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("act", "told"), [("approve", "Go on within 24 hours"), ("decline", "link it to your device")])
def test_who_asks_for_a_text_gets_one_with_the_decision(
    held: OnboardingSession, desk: Client, visitor: Visitor, act: str, told: str
) -> None:
    assert "We will also text you the decision." in visitor.submits("/unverified/text/").text
    assert texts(visitor) == []
    decides(desk, held, act)
    (text,) = texts(visitor)
    assert told in text and not any(digits in text for digits in (RISKY, RISKY[-4:]))
    assert Event.objects.filter(session=held, name="notice:sent").count() == 1


def test_who_does_not_ask_gets_no_text(held: OnboardingSession, desk: Client, visitor: Visitor) -> None:
    assert "Text me the decision" in visitor.opens("/unverified/").text
    decides(desk, held, "approve")
    assert texts(visitor) == []


def test_the_text_is_in_the_language_of_the_person_not_of_the_reviewer(
    held: OnboardingSession, desk: Client, visitor: Visitor
) -> None:
    visitor.submits("/language/", language="de")
    visitor.submits("/unverified/text/")
    decides(desk, held, "approve")
    assert any("Wir haben" in message["body"] for message in visitor.messages(RISKY))


def test_two_requests_for_a_text_are_one(held: OnboardingSession, desk: Client, visitor: Visitor) -> None:
    visitor.submits("/unverified/text/")
    assert visitor.submits("/unverified/text/").path == "/unverified/"
    decides(desk, held, "approve")
    assert len(texts(visitor)) == Event.objects.filter(name="notice:asked").count() == 1


def test_a_request_after_the_decision_shows_the_decision(
    held: OnboardingSession, desk: Client, visitor: Visitor
) -> None:
    visitor.opens("/unverified/")
    decides(desk, held, "approve")
    assert "You can link it now" in visitor.submits("/unverified/text/").text
    assert texts(visitor) == [] and not Event.objects.filter(name="notice:asked").exists()


def test_a_text_is_sent_when_the_second_of_two_reviewers_has_decided(
    held: OnboardingSession, desk: Client, visitor: Visitor, settings: Any, django_user_model: Any
) -> None:
    settings.TWO_REVIEWERS = ["approve"]
    visitor.submits("/unverified/text/")
    decides(desk, held, "approve")
    assert texts(visitor) == []
    grace = django_user_model.objects.create_superuser("grace")
    decides(at_the_desk(grace), held, "approve")
    assert len(texts(visitor)) == 1


def test_a_text_that_fails_changes_no_decision(
    held: OnboardingSession, desk: Client, visitor: Visitor, sandbox: Sandbox
) -> None:
    visitor.submits("/unverified/text/")
    sandbox.inject_fault("twilio.message", "refuse")
    decides(desk, held, "approve")
    assert "You can link it now" in visitor.opens("/unverified/").text
    assert Event.objects.filter(session=held, name="notice:unanswered").count() == 1


def test_without_a_sender_no_text_is_offered(held: OnboardingSession, visitor: Visitor, settings: Any) -> None:
    settings.TWILIO_SENDER = ""
    assert "Text me the decision" not in visitor.opens("/unverified/").text


def test_who_waits_for_nothing_cannot_ask_for_a_text(visitor: Visitor) -> None:
    visitor.links(PLAIN, PLAIN)
    assert visitor.submits("/unverified/text/").path == "/done/"
    assert not Event.objects.filter(name="notice:asked").exists()
