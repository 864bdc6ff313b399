"""Fail closed: answers about something else are refused, guesses are not renewed, secrets are not stored."""

from ipaddress import IPv4Address

import pytest
from django.contrib.sessions.models import Session

from onboarding.domain.states import State
from onboarding.journey import possession, unlinking
from onboarding.models import Binding, Lease, OnboardingSession
from tests.device import through
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Visitor, wrong

NUMBER, E164 = "201 555 0123", "+12015550123"
ABOUT_ANOTHER = [{"phoneNumber": "+12025550102"}, {"clientRequestId": "another"}]


@pytest.mark.parametrize("other", ABOUT_ANOTHER)
@pytest.mark.parametrize("success", ["true", "possession_required"])
def test_a_unify_status_answer_about_another_number_or_request_needs_a_review(
    visitor: Visitor, sandbox: Sandbox, other: dict[str, str], success: str
) -> None:
    sandbox.inject_fault("prove.unify_status", "answer", body={"success": success, "proveId": "p", **other})
    assert visitor.starts(NUMBER).path == "/unverified/"
    assert OnboardingSession.objects.get().state == State.IN_REVIEW
    assert visitor.messages(E164) == []


@pytest.mark.parametrize("other", ABOUT_ANOTHER)
def test_a_unify_bind_answer_about_another_number_or_request_needs_a_review(
    visitor: Visitor, sandbox: Sandbox, other: dict[str, str]
) -> None:
    visitor.starts(NUMBER)
    sandbox.inject_fault("prove.unify_bind", "answer", body={"success": "true", "proveId": "p", **other})
    assert visitor.types_code(visitor.code(E164)).path == "/unverified/"
    assert OnboardingSession.objects.get().state == State.IN_REVIEW


@pytest.mark.django_db(transaction=True)
def test_a_correlation_id_of_an_earlier_flow_is_refused(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    reused = str(OnboardingSession.objects.get().correlation_id)
    sandbox.inject_fault(
        "prove.unify", "answer", body={"success": "pending", "correlationId": reused, "authToken": "a.b.c"}
    )
    visitor.submits("/restart/")
    assert visitor.fetches("/start/", phone=NUMBER).status_code == 503
    assert OnboardingSession.objects.latest("created_at").state == State.FAILED


def test_a_device_check_that_stays_pending_expires_after_ten_calls(visitor: Visitor, sandbox: Sandbox) -> None:
    sandbox.set_switches(status_before_device="pending")
    visitor.opens()
    visitor.fetches("/start/", phone=NUMBER)
    answers = [visitor.fetches("/device/") for _ in range(12)]
    assert [answer.status_code for answer in answers[:9]] == [202] * 9
    assert answers[9].json() == answers[11].json() == {"next": "/expired/"}
    assert len(sandbox.calls("prove.unify_status")) == 10


def test_a_second_text_grants_no_new_guesses_and_no_more_time(visitor: Visitor, later: Later, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    for _ in range(3):
        visitor.types_code(wrong(visitor.code(E164)))
    before = OnboardingSession.objects.get().code_sent_at
    later(31)
    visitor.submits("/code/send/")
    assert before is not None and OnboardingSession.objects.filter(code_sent_at__lt=before).exists()
    visitor.types_code(wrong(visitor.code(E164)))
    assert "last try" in visitor.types_code(wrong(visitor.code(E164))).text


def test_a_restart_grants_no_new_guesses_and_no_more_time_for_the_same_code(
    visitor: Visitor, later: Later, sandbox: Sandbox
) -> None:
    visitor.starts(NUMBER)
    for _ in range(3):
        visitor.types_code(wrong(visitor.code(E164)))
    before, lease = OnboardingSession.objects.get(), Lease.objects.get()
    visitor.submits("/restart/")
    visitor.starts(NUMBER)
    restarted = OnboardingSession.objects.latest("created_at")
    assert (restarted.guesses, restarted.code_sent_at) == (3, before.code_sent_at)
    assert Lease.objects.get().ends_at == lease.ends_at
    visitor.types_code(wrong(visitor.code(E164)))
    assert "last try" in visitor.types_code(wrong(visitor.code(E164))).text
    assert len(sandbox.calls("twilio.verification_check")) == 5


def test_a_code_check_whose_answer_was_lost_still_counts_as_a_guess(
    visitor: Visitor, later: Later, sandbox: Sandbox
) -> None:
    visitor.starts(NUMBER)
    sandbox.inject_fault("twilio.verification_check", "lost", times=1)
    visitor.types_code(wrong(visitor.code(E164)))
    later(31)
    visitor.submits("/code/send/")
    assert OnboardingSession.objects.get().guesses == 1


def test_a_rebind_for_which_prove_requires_no_code_needs_a_review(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(NUMBER, E164)
    visitor.starts("201 555 0199")
    sandbox.inject_fault("prove.unify_status", "answer", body={"success": "true", "proveId": "p"})
    assert visitor.rebinds().path == "/unverified/"
    assert list(OnboardingSession.objects.get(rebind=True).failure_reasons) == ["rebind"]
    assert Binding.objects.get(confirmed=True).number == E164


def test_the_reasons_of_a_pending_answer_are_stored(visitor: Visitor, sandbox: Sandbox) -> None:
    reasons = {"risk": {"result": "fail", "failureReasons": {"9133": "low trust"}}}
    sandbox.inject_fault("prove.unify_status", "answer", body={"success": "pending", "evaluation": reasons})
    visitor.opens()
    visitor.fetches("/start/", phone=NUMBER)
    assert visitor.fetches("/device/").status_code == 202
    session = OnboardingSession.objects.get()
    assert (session.evaluation, session.failure_reasons) == (reasons, {"9133": "low trust"})


def test_the_session_key_changes_when_a_flow_starts_and_when_the_person_logs_in(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    keys = [session_key(visitor)]
    visitor.types_code(visitor.code(E164))
    keys.append(session_key(visitor))
    visitor.submits("/unlink/")
    visitor.starts(NUMBER)
    keys.append(session_key(visitor))
    assert len(set(keys)) == 3
    assert Session.objects.filter(session_key__in=keys[:-1]).count() == 0


def session_key(visitor: Visitor) -> str:
    return str(visitor.client.cookies["sessionid"].value)


def test_no_response_of_the_journey_may_be_cached(visitor: Visitor) -> None:
    visitor.opens()
    answer = visitor.fetches("/start/", phone=NUMBER)
    visitor.device.authenticate(answer.json()["auth_token"], through(visitor.client))
    answers = [answer, visitor.fetches("/device/"), visitor.client.get("/code/"), visitor.client.get("/")]
    visitor.opens("/code/")
    visitor.types_code(visitor.code(E164))
    answers.append(visitor.client.get("/done/"))
    assert all("no-store" in answer["Cache-Control"] for answer in answers)


def test_the_auth_token_is_sent_once_and_stored_nowhere(visitor: Visitor) -> None:
    visitor.opens()
    answer = visitor.fetches("/start/", phone=NUMBER)
    token = answer.json()["auth_token"]
    session = OnboardingSession.objects.get()
    assert str(session.correlation_id) not in answer.content.decode() + str(answer.headers)
    assert token not in str(list(OnboardingSession.objects.values()) + list(session.events.values()))
    assert token not in str(dict(visitor.client.session.items())) + str(visitor.client.cookies)
    assert token not in visitor.opens("/").text


def test_a_binding_that_was_revoked_in_the_meantime_logs_nobody_in(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    sandbox.inject_fault("prove.unify_bind", "refuse")
    visitor.types_code(visitor.code(E164))
    sandbox.clear_faults()
    bound = possession.bind(
        session=OnboardingSession.objects.get(), address=IPv4Address("127.0.0.1")
    )  # in another tab, whose answer was lost
    assert bound.binding is not None
    unlinking.unlink(binding=bound.binding)
    visitor.opens("/")
    assert visitor.opens("/done/").path == "/"
    assert "_auth_user_id" not in visitor.client.session
