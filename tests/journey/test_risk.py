"""Risk signals about a number: Prove's reputation check and Twilio's type of line."""

import json
from typing import Any

import pytest
from django.test import Client

from onboarding.domain.states import State
from onboarding.models import OnboardingSession
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor

PLAIN, RISKY, LANDLINE, VOIP, PREMIUM = (f"+12025550{last}" for last in (101, 138, 152, 158, 159))
VOIP_BY_PROVE = "+12025550134"


@pytest.fixture
def checks_reputation(settings: Any) -> None:
    settings.PROVE_CHECK_REPUTATION = True


@pytest.fixture
def looks_up(settings: Any) -> None:
    settings.TWILIO_LOOKUP = True


def the_session() -> OnboardingSession:
    return OnboardingSession.objects.latest("created_at")


def event_names() -> list[str]:
    return [event.name for event in the_session().events.all()]


# --- Prove's reputation check ------------------------------------------------------------------------------------


def test_the_reputation_is_checked_only_if_the_settings_say_so(visitor: Visitor, sandbox: Sandbox) -> None:
    assert visitor.starts(RISKY).path == "/code/"
    assert [call["checkReputation"] for call in sandbox.calls("prove.unify")] == [False]


def test_a_bad_reputation_needs_a_review_keeps_proves_words_and_sends_no_text(
    visitor: Visitor, sandbox: Sandbox, checks_reputation: None
) -> None:
    page = visitor.starts(RISKY)
    assert page.path == "/unverified/" and "Someone on our team" in page.text
    assert [call["checkReputation"] for call in sandbox.calls("prove.unify")] == [True]
    assert visitor.messages(RISKY) == []
    assert the_session().state == State.IN_REVIEW
    assert the_session().failure_reasons == {"9135": "SIM swap within 24 hours"}
    assert the_session().evaluation["risk"]["result"] == "fail"


def test_a_good_reputation_changes_nothing(visitor: Visitor, checks_reputation: None) -> None:
    visitor.links(PLAIN, PLAIN)
    assert visitor.page.path == "/done/"


def test_a_request_cannot_turn_the_reputation_check_off(
    visitor: Visitor, sandbox: Sandbox, checks_reputation: None
) -> None:
    visitor.opens()
    visitor.fetches("/start/", phone=RISKY, check_reputation="", checkReputation="false")
    assert [call["checkReputation"] for call in sandbox.calls("prove.unify")] == [True]


# --- The type of line --------------------------------------------------------------------------------------------


def test_a_number_is_looked_up_only_if_the_settings_say_so(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(PLAIN, PLAIN)
    assert sandbox.calls("twilio.lookup") == []


@pytest.mark.parametrize("number", [LANDLINE, VOIP, PREMIUM])
def test_a_number_that_is_no_mobile_gets_no_text_and_a_page_that_says_why_and_what_to_do(
    visitor: Visitor, sandbox: Sandbox, looks_up: None, number: str
) -> None:
    page = visitor.starts(number)
    assert page.path == "/unverified/"
    assert "mobile number" in page.text and "Use the number of a mobile phone" in page.text
    assert sandbox.calls("twilio.verification") == []
    assert (the_session().state, list(the_session().failure_reasons)) == (State.DECLINED, ["line_type"])


def test_a_voip_number_that_prove_declines_gets_the_same_page(visitor: Visitor) -> None:
    assert "Use the number of a mobile phone" in visitor.starts(VOIP_BY_PROVE).text


def test_a_mobile_number_is_looked_up_once_before_the_text_and_goes_on(
    visitor: Visitor, sandbox: Sandbox, looks_up: None
) -> None:
    assert visitor.starts(PLAIN).path == "/code/"
    assert (the_session().line_type, the_session().failure_reasons) == ("mobile", {})
    assert event_names().index("code:asked") < event_names().index("line:answered") < event_names().index("code:sent")
    visitor.submits("/restart/")
    visitor.starts(PLAIN)
    assert the_session().line_type == "mobile"
    assert len(sandbox.calls("twilio.lookup")) == 1


def test_a_number_on_a_recognised_device_is_not_looked_up(visitor: Visitor, sandbox: Sandbox, looks_up: None) -> None:
    visitor.links(PLAIN, PLAIN)
    visitor.client.cookies.clear()
    assert visitor.starts(PLAIN).path == "/done/"
    assert len(sandbox.calls("twilio.lookup")) == 1


@pytest.mark.parametrize("kind", ["refuse", "lost", "html", "types", "empty", "status"])
def test_a_failed_look_up_gives_an_unknown_type_and_blocks_nobody(
    visitor: Visitor, sandbox: Sandbox, looks_up: None, kind: str
) -> None:
    sandbox.inject_fault("twilio.lookup", kind)
    assert visitor.starts(LANDLINE).path == "/code/"
    assert the_session().line_type == "unknown"
    assert "line:unanswered" in event_names()


def test_after_a_failed_look_up_the_next_session_looks_up_again(
    visitor: Visitor, sandbox: Sandbox, looks_up: None
) -> None:
    sandbox.inject_fault("twilio.lookup", "refuse", times=1)
    visitor.starts(VOIP)
    visitor.submits("/restart/")
    assert visitor.starts(VOIP).path == "/unverified/"


def lookup_answer(number: str, line: object) -> dict[str, object]:
    return {"status": 200, "body": {"phone_number": number, "line_type_intelligence": line}}


@pytest.mark.parametrize("line", [None, {"type": None, "error_code": 60600}, {"type": ""}])
def test_a_number_whose_type_twilio_does_not_know_goes_on(
    visitor: Visitor, sandbox: Sandbox, looks_up: None, line: object
) -> None:
    sandbox.inject_fault("twilio.lookup", "answer", **lookup_answer(PLAIN, line))
    assert visitor.starts(PLAIN).path == "/code/"


def test_an_unlisted_type_of_line_needs_a_review(visitor: Visitor, sandbox: Sandbox, looks_up: None) -> None:
    sandbox.inject_fault("twilio.lookup", "answer", **lookup_answer(PLAIN, {"type": "satellite"}))
    assert visitor.starts(PLAIN).path == "/unverified/"
    assert (the_session().state, the_session().failure_reasons) == (State.IN_REVIEW, {"line_type": "satellite"})
    assert visitor.messages(PLAIN) == []


def test_a_look_up_answer_about_another_number_is_ignored(visitor: Visitor, sandbox: Sandbox, looks_up: None) -> None:
    sandbox.inject_fault("twilio.lookup", "answer", **lookup_answer("+12025550102", {"type": "premium"}))
    assert visitor.starts(PLAIN).path == "/code/"
    assert the_session().line_type == "unknown"


def test_the_event_of_a_failed_look_up_holds_no_number(visitor: Visitor, sandbox: Sandbox, looks_up: None) -> None:
    sandbox.inject_fault("twilio.lookup", "status", status=404)
    visitor.starts(PLAIN)
    facts = json.dumps([event.facts for event in the_session().events.all()])
    assert "twilio-lookup.PhoneNumbers" in facts and PLAIN[-7:] not in facts
    assert PLAIN[-7:] not in Client().get("/").content.decode()
