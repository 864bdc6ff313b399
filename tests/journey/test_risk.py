"""What else is asked about a number, and what the answers mean for the person."""

import json
from typing import Any

import pytest
from django.test import Client

from onboarding.domain.states import State
from onboarding.models import OnboardingSession
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor

PLAIN, DOUBTFUL, LANDLINE, INTERNET, PREMIUM = (f"+12025550{last}" for last in (101, 138, 152, 158, 159))
INTERNET_TO_PROVE = "+12025550134"


@pytest.fixture
def checks_reputation(settings: Any) -> None:
    settings.PROVE_CHECK_REPUTATION = True


@pytest.fixture
def looks_up(settings: Any) -> None:
    settings.TWILIO_LOOKUP = True


def the_session() -> OnboardingSession:
    return OnboardingSession.objects.latest("created_at")


def diary() -> list[str]:
    return [event.name for event in the_session().events.all()]


# --- Prove's reputation check ------------------------------------------------------------------------------------


def test_nobody_asks_for_a_reputation_unless_the_settings_do(visitor: Visitor, sandbox: Sandbox) -> None:
    assert visitor.starts(DOUBTFUL).path == "/code/"
    assert [call["checkReputation"] for call in sandbox.calls("prove.unify")] == [False]


def test_a_doubtful_reputation_goes_to_a_person_verbatim_and_no_text_is_sent(
    visitor: Visitor, sandbox: Sandbox, checks_reputation: None
) -> None:
    page = visitor.starts(DOUBTFUL)
    assert page.path == "/unverified/" and "Someone on our team" in page.text
    assert [call["checkReputation"] for call in sandbox.calls("prove.unify")] == [True]
    assert visitor.messages(DOUBTFUL) == []
    assert the_session().state == State.IN_REVIEW
    assert the_session().failure_reasons == {"9135": "SIM swap within 24 hours"}
    assert the_session().evaluation["risk"]["result"] == "fail"


def test_a_good_reputation_changes_nothing(visitor: Visitor, checks_reputation: None) -> None:
    visitor.links(PLAIN, PLAIN)
    assert visitor.page.path == "/done/"


def test_the_request_can_not_turn_the_reputation_check_off(
    visitor: Visitor, sandbox: Sandbox, checks_reputation: None
) -> None:
    visitor.opens()
    visitor.asks("/start/", phone=DOUBTFUL, check_reputation="", checkReputation="false")
    assert [call["checkReputation"] for call in sandbox.calls("prove.unify")] == [True]


# --- The kind of line --------------------------------------------------------------------------------------------


def test_nobody_looks_a_number_up_unless_the_settings_do(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(PLAIN, PLAIN)
    assert sandbox.calls("twilio.lookup") == []


@pytest.mark.parametrize("number", [LANDLINE, INTERNET, PREMIUM])
def test_a_line_that_is_no_mobile_gets_no_text_and_is_told_why_and_what_else_to_do(
    visitor: Visitor, sandbox: Sandbox, looks_up: None, number: str
) -> None:
    page = visitor.starts(number)
    assert page.path == "/unverified/"
    assert "mobile number" in page.text and "Use the number of a mobile phone" in page.text
    assert sandbox.calls("twilio.verification") == []
    assert (the_session().state, list(the_session().failure_reasons)) == (State.DECLINED, ["line_type"])


def test_an_internet_number_that_prove_knows_is_told_the_same(visitor: Visitor) -> None:
    assert "Use the number of a mobile phone" in visitor.starts(INTERNET_TO_PROVE).text


def test_a_mobile_number_is_looked_up_once_before_the_text_and_goes_on(
    visitor: Visitor, sandbox: Sandbox, looks_up: None
) -> None:
    assert visitor.starts(PLAIN).path == "/code/"
    assert (the_session().line_type, the_session().failure_reasons) == ("mobile", {})
    assert diary().index("code:asked") < diary().index("line:answered") < diary().index("code:sent")
    visitor.submits("/restart/")
    visitor.starts(PLAIN)
    assert the_session().line_type == "mobile"
    assert len(sandbox.calls("twilio.lookup")) == 1


def test_a_recognised_device_is_not_looked_up(visitor: Visitor, sandbox: Sandbox, looks_up: None) -> None:
    visitor.links(PLAIN, PLAIN)
    visitor.client.cookies.clear()
    assert visitor.starts(PLAIN).path == "/done/"
    assert len(sandbox.calls("twilio.lookup")) == 1


@pytest.mark.parametrize("kind", ["refuse", "lost", "html", "types", "empty", "status"])
def test_a_look_up_that_fails_is_unknown_and_blocks_nobody(
    visitor: Visitor, sandbox: Sandbox, looks_up: None, kind: str
) -> None:
    sandbox.has("twilio.lookup", kind)
    assert visitor.starts(LANDLINE).path == "/code/"
    assert the_session().line_type == "unknown"
    assert "line:unanswered" in diary()


def test_after_a_look_up_that_failed_the_next_session_looks_again(
    visitor: Visitor, sandbox: Sandbox, looks_up: None
) -> None:
    sandbox.has("twilio.lookup", "refuse", times=1)
    visitor.starts(INTERNET)
    visitor.submits("/restart/")
    assert visitor.starts(INTERNET).path == "/unverified/"


def says(number: str, line: object) -> dict[str, object]:
    return {"status": 200, "body": {"phone_number": number, "line_type_intelligence": line}}


@pytest.mark.parametrize("line", [None, {"type": None, "error_code": 60600}, {"type": ""}])
def test_a_line_of_which_twilio_has_no_word_goes_on(
    visitor: Visitor, sandbox: Sandbox, looks_up: None, line: object
) -> None:
    sandbox.has("twilio.lookup", "answer", **says(PLAIN, line))
    assert visitor.starts(PLAIN).path == "/code/"


def test_a_kind_of_line_that_nobody_has_heard_of_goes_to_a_person(
    visitor: Visitor, sandbox: Sandbox, looks_up: None
) -> None:
    sandbox.has("twilio.lookup", "answer", **says(PLAIN, {"type": "satellite"}))
    assert visitor.starts(PLAIN).path == "/unverified/"
    assert (the_session().state, the_session().failure_reasons) == (State.IN_REVIEW, {"line_type": "satellite"})
    assert visitor.messages(PLAIN) == []


def test_an_answer_about_another_number_is_no_answer(visitor: Visitor, sandbox: Sandbox, looks_up: None) -> None:
    sandbox.has("twilio.lookup", "answer", **says("+12025550102", {"type": "premium"}))
    assert visitor.starts(PLAIN).path == "/code/"
    assert the_session().line_type == "unknown"


def test_the_diary_of_a_look_up_names_no_number(visitor: Visitor, sandbox: Sandbox, looks_up: None) -> None:
    sandbox.has("twilio.lookup", "status", status=404)
    visitor.starts(PLAIN)
    told = json.dumps([event.facts for event in the_session().events.all()])
    assert "twilio-lookup.PhoneNumbers" in told and PLAIN[-7:] not in told
    assert PLAIN[-7:] not in Client().get("/").content.decode()
