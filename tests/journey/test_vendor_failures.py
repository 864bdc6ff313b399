"""Prove or Twilio fails at one call and then works again.

Nothing is lost, nothing is done twice, and an unknown result never counts as a success.
"""

import uuid
from typing import Any

import pytest

from onboarding.domain.states import State
from onboarding.models import OnboardingSession
from tests.device import through
from tests.journey.conftest import Later, Sandbox, next_probe
from tests.journey.visitor import Visitor

NUMBER, E164 = "201 555 0123", "+12015550123"


def state() -> str:
    return OnboardingSession.objects.latest("created_at").state


@pytest.mark.parametrize("kind", ["refuse", "lost", "reset", "html", "truncated", "huge", "types"])
def test_a_failed_start_answers_503_with_retry_after_and_can_be_repeated(
    visitor: Visitor, sandbox: Sandbox, kind: str
) -> None:
    sandbox.inject_fault("prove.unify", kind)
    visitor.opens()
    answer = visitor.fetches("/start/", phone=NUMBER)
    assert answer.status_code == 503 and int(answer["Retry-After"]) > 0
    assert state() == State.FAILED
    sandbox.clear_faults()
    assert visitor.starts(NUMBER).path == "/code/"


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_start_that_prove_answers_with_an_error_status_can_be_repeated(
    visitor: Visitor, sandbox: Sandbox, status: int
) -> None:
    sandbox.inject_fault("prove.unify", "status", status=status)
    visitor.opens()
    assert visitor.fetches("/start/", phone=NUMBER).status_code == 503
    sandbox.clear_faults()
    assert visitor.starts(NUMBER).path == "/code/"


@pytest.mark.parametrize("kind", ["refuse", "lost", "html", "types", "unknown_value"])
def test_after_an_unreadable_unify_status_answer_the_state_stays_and_the_call_can_be_repeated(
    visitor: Visitor, sandbox: Sandbox, kind: str
) -> None:
    sandbox.inject_fault("prove.unify_status", kind)
    visitor.opens()
    answer = visitor.fetches("/start/", phone=NUMBER).json()
    visitor.device.authenticate(answer["auth_token"], through(visitor.client))
    assert visitor.fetches("/device/").status_code == 503
    assert state() == State.STARTED
    assert visitor.messages(E164) == []
    sandbox.clear_faults()
    assert visitor.fetches("/device/").json() == {"next": "/code/"}


def test_a_browser_that_reports_a_device_check_that_did_not_happen_gets_no_code(
    visitor: Visitor, sandbox: Sandbox
) -> None:
    visitor.opens()
    visitor.fetches("/start/", phone=NUMBER)
    visitor.fetches("/device/")
    assert visitor.messages(E164) == []
    assert state() not in {State.AUTHENTICATED, State.POSSESSION_REQUIRED, State.CODE_SENT}


@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize("kind", ["status", "lost", "html"])
def test_a_send_whose_answer_is_lost_is_counted_and_can_be_repeated_after_a_wait(
    visitor: Visitor, sandbox: Sandbox, later: Later, kind: str, status: int
) -> None:
    sandbox.inject_fault("twilio.verification", kind, times=1, **({"status": status} if kind == "status" else {}))
    assert "couldn't tell whether the code was sent" in visitor.starts(NUMBER).text
    assert "too soon for another" in visitor.submits("/code/send/").text
    later(31)
    visitor.submits("/code/send/")
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_a_send_that_never_reached_twilio_can_be_repeated_in_the_same_prove_flow(
    visitor: Visitor, sandbox: Sandbox
) -> None:
    sandbox.inject_fault("twilio.verification", "refuse")
    page = visitor.starts(NUMBER)
    assert page.path == "/code/" and "couldn't send a code" in page.text
    sandbox.clear_faults()
    visitor.submits("/code/send/")
    assert visitor.types_code(visitor.code(E164)).path == "/done/"
    assert len(sandbox.calls("prove.unify")) == 1


@pytest.mark.parametrize("kind", ["lost", "html", "truncated"])
def test_a_code_check_whose_answer_is_lost_does_not_pass(
    visitor: Visitor, sandbox: Sandbox, later: Later, kind: str
) -> None:
    visitor.starts(NUMBER)
    sandbox.inject_fault("twilio.verification_check", kind, times=1)
    page = visitor.types_code(visitor.code(E164))
    assert "couldn't tell whether that code was right" in page.text
    assert sandbox.calls("prove.unify_bind") == []
    later(31)
    visitor.submits("/code/send/")
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_a_code_check_that_never_reached_twilio_costs_no_guess(
    visitor: Visitor, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    sandbox.inject_fault("twilio.verification_check", "refuse")
    for _ in range(6):
        assert "Nothing is lost" in visitor.types_code(code).text
    sandbox.clear_faults()
    next_probe(monkeypatch)
    assert visitor.types_code(code).path == "/done/"


def test_a_bind_that_never_reached_prove_can_be_repeated_without_a_new_code(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    sandbox.inject_fault("prove.unify_bind", "refuse")
    assert visitor.types_code(visitor.code(E164)).path == "/bind/"
    assert "Nothing is lost" in visitor.submits("/bind/").text
    sandbox.clear_faults()
    assert visitor.submits("/bind/").path == "/done/"
    assert len(visitor.messages(E164)) == 1


@pytest.mark.parametrize(
    ("kind", "next_page"),
    [("lost", "/done/"), ("types", "/done/"), ("unknown_value", "/done/"), ("html", "/code/"), ("reset", "/code/")],
)
def test_a_bind_whose_answer_is_lost_is_never_repeated_and_a_new_flow_shows_the_result(
    visitor: Visitor, sandbox: Sandbox, kind: str, next_page: str
) -> None:
    visitor.starts(NUMBER)
    sandbox.inject_fault("prove.unify_bind", kind)
    assert visitor.types_code(visitor.code(E164)).path == "/unverified/"
    assert state() == State.BIND_UNKNOWN
    visitor.submits("/bind/")
    sandbox.clear_faults()
    assert visitor.starts(NUMBER).path == next_page
    assert len(sandbox.calls("prove.unify_bind")) == 1
    lost = OnboardingSession.objects.get(state=State.BIND_UNKNOWN)
    last = lost.events.last()
    assert last is not None and last.name == ("bind:observed" if next_page == "/done/" else "bind:unanswered")


def test_a_wrong_twilio_setting_costs_no_guess_and_is_logged_for_the_operator(
    visitor: Visitor, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    sandbox.inject_fault("twilio.verification_check", "status", status=401)
    for _ in range(6):
        assert "Nothing is lost" in visitor.types_code(code).text
    assert "Twilio's settings or ours are wrong: Refused twilio VerificationCheck status 401" in caplog.text
    assert OnboardingSession.objects.get().events.filter(facts__refusal="configuration").count() == 6
    sandbox.clear_faults()
    assert visitor.types_code(code).path == "/done/"


def test_a_wrong_twilio_setting_costs_the_number_no_sends(visitor: Visitor, sandbox: Sandbox) -> None:
    sandbox.inject_fault("twilio.verification", "status", status=401)
    visitor.starts(NUMBER)
    for _ in range(6):  # more sends than a number has in an hour
        assert "couldn't send a code" in visitor.submits("/code/send/").text
    sandbox.clear_faults()
    visitor.submits("/code/send/")
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_a_code_that_twilio_calls_malformed_is_one_of_the_five_guesses(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    sandbox.inject_fault(
        "twilio.verification_check", "answer", status=400, body={"code": 60200, "message": "", "status": 400}
    )
    for _ in range(4):
        assert "code isn't right" in visitor.types_code("123456").text
    assert "last try for this code" in visitor.types_code("123456").text


def test_prove_is_not_called_again_before_its_retry_after_has_passed(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.opens()
    answer = visitor.fetches("/start/", phone=NUMBER).json()
    visitor.device.authenticate(answer["auth_token"], through(visitor.client))
    busy = {"code": 1000, "message": "slow down"}
    sandbox.inject_fault("prove.unify_status", "answer", status=429, body=busy, headers={"Retry-After": "60"})
    for _ in range(3):
        refused = visitor.fetches("/device/")
        assert refused.status_code == 503 and 55 < int(refused["Retry-After"]) <= 60
    assert len(sandbox.calls("prove.unify_status")) == 1


def test_a_session_lasts_at_least_as_long_as_its_code(visitor: Visitor, sandbox: Sandbox, later: Later) -> None:
    visitor.starts(NUMBER)
    for seconds in (22 * 60, 9 * 60):
        sandbox.advance(seconds)
        later(seconds)
        visitor.submits("/code/send/")
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_a_lost_bind_is_observed_even_if_the_browser_has_lost_its_session(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    sandbox.inject_fault("prove.unify_bind", "lost")
    visitor.types_code(visitor.code(E164))
    sandbox.clear_faults()
    visitor.client.cookies.clear()
    assert visitor.starts(NUMBER).path == "/done/"
    assert OnboardingSession.objects.get(state=State.BIND_UNKNOWN).events.filter(name="bind:observed").count() == 1
    visitor.submits("/unlink/")
    assert visitor.starts(NUMBER).path != "/unverified/"


def test_starts_that_never_reached_prove_are_not_counted(visitor: Visitor, sandbox: Sandbox) -> None:
    sandbox.inject_fault("prove.unify", "refuse")
    visitor.opens()
    keys = [str(uuid.uuid4()) for _ in range(30)]  # more starts than an address has in an hour
    assert {visitor.fetches("/start/", phone=NUMBER, start_key=key).status_code for key in keys} == {503}


def test_a_session_expires_after_30_minutes(visitor: Visitor, later: Later, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    later(31 * 60)
    assert visitor.types_code(code).path == "/expired/"
    assert sandbox.calls("twilio.verification_check") == []
    assert visitor.opens("/").path == "/"


def test_a_code_older_than_ten_minutes_is_refused_without_asking_twilio(
    visitor: Visitor, later: Later, sandbox: Sandbox
) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    later(601)
    assert "expired" in visitor.types_code(code).text
    assert sandbox.calls("twilio.verification_check") == []


def test_an_approval_expires_after_ten_minutes(visitor: Visitor, later: Later, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    sandbox.inject_fault("prove.unify_bind", "refuse")
    visitor.types_code(visitor.code(E164))
    sandbox.clear_faults()
    later(601)
    assert visitor.submits("/bind/").path == "/expired/"
    assert not [call for call in sandbox.calls("prove.unify_bind") if call["effect"]]


def test_a_second_text_can_be_requested_after_30_seconds_and_has_the_same_code(visitor: Visitor, later: Later) -> None:
    visitor.starts(NUMBER)
    later(31)
    visitor.submits("/code/send/")
    messages = visitor.messages(E164)
    assert len(messages) == 2
    assert messages[0]["code"] == messages[1]["code"]


def test_a_session_sends_at_most_four_texts(visitor: Visitor, later: Later, settings: Any) -> None:
    settings.LIMITS = {"sends_number_hour": {"burst": 9}}
    visitor.starts(NUMBER)
    for wait in (31, 61, 121, 301, 301):
        later(wait)
        visitor.submits("/code/send/")
    assert "as many codes as we can" in visitor.page.text
    assert len(visitor.messages(E164)) == 4
