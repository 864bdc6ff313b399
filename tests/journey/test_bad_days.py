"""Prove or Twilio down, lost or strange at each call, and back: nothing lost, nothing twice, unknown is not yes."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from onboarding.domain.states import State
from onboarding.models import OnboardingSession
from tests.device import through
from tests.journey.conftest import Sandbox, next_probe
from tests.journey.visitor import Visitor

NUMBER, E164 = "201 555 0123", "+12015550123"
LATER = Callable[[int], None]


def state() -> str:
    return OnboardingSession.objects.latest("created_at").state


@pytest.mark.parametrize("kind", ["refuse", "lost", "reset", "html", "truncated", "huge", "types"])
def test_prove_failing_at_the_start_is_told_with_a_time_and_tried_again(
    visitor: Visitor, sandbox: Sandbox, kind: str
) -> None:
    sandbox.has("prove.unify", kind)
    visitor.opens()
    answer = visitor.asks("/start/", phone=NUMBER)
    assert answer.status_code == 503 and int(answer["Retry-After"]) > 0
    assert state() == State.FAILED
    sandbox.is_well()
    assert visitor.starts(NUMBER).path == "/code/"


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_prove_answering_no_at_the_start_is_the_same(visitor: Visitor, sandbox: Sandbox, status: int) -> None:
    sandbox.has("prove.unify", "status", status=status)
    visitor.opens()
    assert visitor.asks("/start/", phone=NUMBER).status_code == 503
    sandbox.is_well()
    assert visitor.starts(NUMBER).path == "/code/"


@pytest.mark.parametrize("kind", ["refuse", "lost", "html", "types", "unknown_value"])
def test_a_status_that_can_not_be_read_leads_nowhere_and_can_be_asked_again(
    visitor: Visitor, sandbox: Sandbox, kind: str
) -> None:
    sandbox.has("prove.unify_status", kind)
    visitor.opens()
    answer = visitor.asks("/start/", phone=NUMBER).json()
    visitor.device.authenticate(answer["auth_token"], through(visitor.client))
    assert visitor.asks("/device/").status_code == 503
    assert state() == State.STARTED
    assert visitor.messages(E164) == []
    sandbox.is_well()
    assert visitor.asks("/device/").json() == {"next": "/code/"}


def test_a_browser_that_only_claims_to_have_finished_gets_no_further(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.opens()
    visitor.asks("/start/", phone=NUMBER)
    visitor.asks("/device/")
    assert visitor.messages(E164) == []
    assert state() not in {State.AUTHENTICATED, State.POSSESSION_REQUIRED, State.CODE_SENT}


@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize("kind", ["status", "lost", "html"])
def test_a_send_whose_answer_is_lost_counts_and_can_be_repeated_after_a_wait(
    visitor: Visitor, sandbox: Sandbox, later: LATER, kind: str, status: int
) -> None:
    sandbox.has("twilio.verification", kind, times=1, **({"status": status} if kind == "status" else {}))
    assert "couldn't tell whether the code was sent" in visitor.starts(NUMBER).text
    assert "Please wait" in visitor.submits("/code/send/").text
    later(31)
    visitor.submits("/code/send/")
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_twilio_down_at_the_send_keeps_the_step_and_needs_no_new_prove_flow(visitor: Visitor, sandbox: Sandbox) -> None:
    sandbox.has("twilio.verification", "refuse")
    page = visitor.starts(NUMBER)
    assert page.path == "/code/" and "couldn't send a code" in page.text
    sandbox.is_well()
    visitor.submits("/code/send/")
    assert visitor.types_code(visitor.code(E164)).path == "/done/"
    assert len(sandbox.calls("prove.unify")) == 1


@pytest.mark.parametrize("kind", ["lost", "html", "truncated"])
def test_a_check_whose_answer_is_lost_is_not_passed(
    visitor: Visitor, sandbox: Sandbox, later: LATER, kind: str
) -> None:
    visitor.starts(NUMBER)
    sandbox.has("twilio.verification_check", kind, times=1)
    page = visitor.types_code(visitor.code(E164))
    assert "couldn't tell whether that code was right" in page.text
    assert sandbox.calls("prove.unify_bind") == []
    later(31)
    visitor.submits("/code/send/")
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_twilio_down_at_the_check_costs_no_guess(
    visitor: Visitor, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    sandbox.has("twilio.verification_check", "refuse")
    for _ in range(6):
        assert "Nothing is lost" in visitor.types_code(code).text
    sandbox.is_well()
    next_probe(monkeypatch)
    assert visitor.types_code(code).path == "/done/"


def test_prove_down_at_the_bind_is_retried_without_a_new_code(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    sandbox.has("prove.unify_bind", "refuse")
    assert visitor.types_code(visitor.code(E164)).path == "/bind/"
    assert "Nothing is lost" in visitor.submits("/bind/").text
    sandbox.is_well()
    assert visitor.submits("/bind/").path == "/done/"
    assert len(visitor.messages(E164)) == 1


@pytest.mark.parametrize(
    ("kind", "found_out"),
    [("lost", "/done/"), ("types", "/done/"), ("unknown_value", "/done/"), ("html", "/code/"), ("reset", "/code/")],
)
def test_a_bind_whose_answer_is_lost_is_never_asked_again_and_a_new_flow_finds_out(
    visitor: Visitor, sandbox: Sandbox, kind: str, found_out: str
) -> None:
    visitor.starts(NUMBER)
    sandbox.has("prove.unify_bind", kind)
    assert visitor.types_code(visitor.code(E164)).path == "/unverified/"
    assert state() == State.BIND_UNKNOWN
    visitor.submits("/bind/")
    sandbox.is_well()
    assert visitor.starts(NUMBER).path == found_out
    assert len(sandbox.calls("prove.unify_bind")) == 1
    lost = OnboardingSession.objects.get(state=State.BIND_UNKNOWN)
    last = lost.events.last()
    assert last is not None and last.name == ("bind:observed" if found_out == "/done/" else "bind:unanswered")


def test_our_own_settings_being_wrong_at_twilio_costs_no_guess_and_is_for_an_operator(
    visitor: Visitor, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    sandbox.has("twilio.verification_check", "status", status=401)
    for _ in range(6):
        assert "Nothing is lost" in visitor.types_code(code).text
    assert "Twilio's settings or ours are wrong: Refused twilio VerificationCheck status 401" in caplog.text
    assert OnboardingSession.objects.get().events.filter(facts__refusal="configuration").count() == 6
    sandbox.is_well()
    assert visitor.types_code(code).path == "/done/"


def test_our_own_settings_being_wrong_at_the_send_is_not_the_numbers_fault(visitor: Visitor, sandbox: Sandbox) -> None:
    sandbox.has("twilio.verification", "status", status=401)
    visitor.starts(NUMBER)
    for _ in range(6):  # more than a number may have in an hour
        assert "couldn't send a code" in visitor.submits("/code/send/").text
    sandbox.is_well()
    visitor.submits("/code/send/")
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_a_code_that_twilio_takes_for_none_is_a_guess_and_five_are_the_most(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    sandbox.has("twilio.verification_check", "answer", status=400, body={"code": 60200, "message": "", "status": 400})
    for _ in range(4):
        assert "code isn't right" in visitor.types_code("123456").text
    assert "last try for this code" in visitor.types_code("123456").text


def test_prove_asking_for_time_is_left_alone_for_so_long(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.opens()
    answer = visitor.asks("/start/", phone=NUMBER).json()
    visitor.device.authenticate(answer["auth_token"], through(visitor.client))
    busy = {"code": 1000, "message": "slow down"}
    sandbox.has("prove.unify_status", "answer", status=429, body=busy, headers={"Retry-After": "60"})
    for _ in range(3):
        told = visitor.asks("/device/")
        assert told.status_code == 503 and 55 < int(told["Retry-After"]) <= 60
    assert len(sandbox.calls("prove.unify_status")) == 1


def test_a_session_lives_as_long_as_the_code_that_it_promised(visitor: Visitor, sandbox: Sandbox, later: LATER) -> None:
    visitor.starts(NUMBER)
    for seconds in (22 * 60, 9 * 60):
        sandbox.advance(seconds)
        later(seconds)
        visitor.submits("/code/send/")
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_a_bind_whose_answer_was_lost_is_observed_even_from_a_browser_that_forgot_it(
    visitor: Visitor, sandbox: Sandbox
) -> None:
    visitor.starts(NUMBER)
    sandbox.has("prove.unify_bind", "lost")
    visitor.types_code(visitor.code(E164))
    sandbox.is_well()
    visitor.client.cookies.clear()
    assert visitor.starts(NUMBER).path == "/done/"
    assert OnboardingSession.objects.get(state=State.BIND_UNKNOWN).events.filter(name="bind:observed").count() == 1
    visitor.submits("/unlink/")
    assert visitor.starts(NUMBER).path != "/unverified/"


def test_an_outage_costs_nobody_their_starts(visitor: Visitor, sandbox: Sandbox) -> None:
    sandbox.has("prove.unify", "refuse")
    visitor.opens()
    keys = [str(uuid.uuid4()) for _ in range(30)]  # more than an address may begin in an hour
    assert {visitor.asks("/start/", phone=NUMBER, start_key=key).status_code for key in keys} == {503}


def test_a_session_ends_when_its_time_is_up(visitor: Visitor, later: LATER, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    later(31 * 60)
    assert visitor.types_code(code).path == "/expired/"
    assert sandbox.calls("twilio.verification_check") == []
    assert visitor.opens("/").path == "/"


def test_a_code_older_than_ten_minutes_is_refused_without_asking_twilio(
    visitor: Visitor, later: LATER, sandbox: Sandbox
) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    later(601)
    assert "expired" in visitor.types_code(code).text
    assert sandbox.calls("twilio.verification_check") == []


def test_an_approval_is_good_for_ten_minutes(visitor: Visitor, later: LATER, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    sandbox.has("prove.unify_bind", "refuse")
    visitor.types_code(visitor.code(E164))
    sandbox.is_well()
    later(601)
    assert visitor.submits("/bind/").path == "/expired/"
    assert not [call for call in sandbox.calls("prove.unify_bind") if call["effect"]]


def test_after_a_text_the_next_can_be_asked_for_after_30_seconds_and_brings_the_same_code(
    visitor: Visitor, later: LATER
) -> None:
    visitor.starts(NUMBER)
    later(31)
    visitor.submits("/code/send/")
    messages = visitor.messages(E164)
    assert len(messages) == 2
    assert messages[0]["code"] == messages[1]["code"]


def test_four_texts_are_the_most_that_a_session_sends(visitor: Visitor, later: LATER, settings: Any) -> None:
    settings.LIMITS = {"sends_number_hour": {"burst": 9}}
    visitor.starts(NUMBER)
    for wait in (31, 61, 121, 301, 301):
        later(wait)
        visitor.submits("/code/send/")
    assert "as many codes as we can" in visitor.page.text
    assert len(visitor.messages(E164)) == 4
