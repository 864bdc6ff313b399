"""What nobody tries by accident: answers about somebody else, old cookies, kept tokens, more guesses by more texts."""

from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session

from onboarding.domain.states import State
from onboarding.journey import possession, unlinking
from onboarding.models import Binding, Lease, OnboardingSession
from tests.device import through
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor, wrong

NUMBER, E164 = "201 555 0123", "+12015550123"
LATER = Callable[[int], None]
ABOUT_ANOTHER = [{"phoneNumber": "+12025550102"}, {"clientRequestId": "another"}]


@pytest.mark.parametrize("other", ABOUT_ANOTHER)
@pytest.mark.parametrize("success", ["true", "possession_required"])
def test_a_status_about_somebody_else_goes_to_a_person(
    visitor: Visitor, sandbox: Sandbox, other: dict[str, str], success: str
) -> None:
    sandbox.has("prove.unify_status", "answer", body={"success": success, "proveId": "p", **other})
    assert visitor.starts(NUMBER).path == "/unverified/"
    assert OnboardingSession.objects.get().state == State.IN_REVIEW
    assert visitor.messages(E164) == []


@pytest.mark.parametrize("other", ABOUT_ANOTHER)
def test_a_bind_about_somebody_else_goes_to_a_person(visitor: Visitor, sandbox: Sandbox, other: dict[str, str]) -> None:
    visitor.starts(NUMBER)
    sandbox.has("prove.unify_bind", "answer", body={"success": "true", "proveId": "p", **other})
    assert visitor.types_code(visitor.code(E164)).path == "/unverified/"
    assert OnboardingSession.objects.get().state == State.IN_REVIEW


def test_a_flow_that_we_have_had_before_is_none(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    reused = str(OnboardingSession.objects.get().correlation_id)
    sandbox.has("prove.unify", "answer", body={"success": "pending", "correlationId": reused, "authToken": "a.b.c"})
    visitor.submits("/restart/")
    assert visitor.asks("/start/", phone=NUMBER).status_code == 503
    assert OnboardingSession.objects.latest("created_at").state == State.FAILED


def test_a_check_that_stays_pending_is_asked_ten_times_and_then_given_up(visitor: Visitor, sandbox: Sandbox) -> None:
    sandbox.turn(status_before_device="pending")
    visitor.opens()
    visitor.asks("/start/", phone=NUMBER)
    answers = [visitor.asks("/device/") for _ in range(12)]
    assert [answer.status_code for answer in answers[:9]] == [202] * 9
    assert answers[9].json() == answers[11].json() == {"next": "/expired/"}
    assert len(sandbox.calls("prove.unify_status")) == 10


def test_another_text_brings_no_new_guesses_and_no_more_time(visitor: Visitor, later: LATER, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    for _ in range(3):
        visitor.types_code(wrong(visitor.code(E164)))
    before = OnboardingSession.objects.get().code_sent_at
    later(31)
    visitor.submits("/code/send/")
    assert before is not None and OnboardingSession.objects.filter(code_sent_at__lt=before).exists()
    visitor.types_code(wrong(visitor.code(E164)))
    assert "last try" in visitor.types_code(wrong(visitor.code(E164))).text


def test_starting_anew_brings_no_new_guesses_and_no_more_time_for_the_same_code(
    visitor: Visitor, later: LATER, sandbox: Sandbox
) -> None:
    visitor.starts(NUMBER)
    for _ in range(3):
        visitor.types_code(wrong(visitor.code(E164)))
    before, lease = OnboardingSession.objects.get(), Lease.objects.get()
    visitor.submits("/restart/")
    visitor.starts(NUMBER)
    anew = OnboardingSession.objects.latest("created_at")
    assert (anew.guesses, anew.code_sent_at) == (3, before.code_sent_at)
    assert Lease.objects.get().ends_at == lease.ends_at
    visitor.types_code(wrong(visitor.code(E164)))
    assert "last try" in visitor.types_code(wrong(visitor.code(E164))).text
    assert len(sandbox.calls("twilio.verification_check")) == 5


def test_a_check_whose_answer_was_lost_stays_a_guess_at_the_same_code(
    visitor: Visitor, later: LATER, sandbox: Sandbox
) -> None:
    visitor.starts(NUMBER)
    sandbox.has("twilio.verification_check", "lost", times=1)
    visitor.types_code(wrong(visitor.code(E164)))
    later(31)
    visitor.submits("/code/send/")
    assert OnboardingSession.objects.get().guesses == 1


def test_a_move_for_which_prove_asks_no_code_goes_to_a_person(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(NUMBER, E164)
    visitor.starts("201 555 0199")
    sandbox.has("prove.unify_status", "answer", body={"success": "true", "proveId": "p"})
    assert visitor.moves_the_device().path == "/unverified/"
    assert list(OnboardingSession.objects.get(rebind=True).failure_reasons) == ["rebind"]
    assert Binding.objects.get(confirmed=True).number == E164


def test_what_prove_gives_as_reasons_while_it_is_not_sure_is_kept(visitor: Visitor, sandbox: Sandbox) -> None:
    reasons = {"risk": {"result": "fail", "failureReasons": {"9133": "low trust"}}}
    sandbox.has("prove.unify_status", "answer", body={"success": "pending", "evaluation": reasons})
    visitor.opens()
    visitor.asks("/start/", phone=NUMBER)
    assert visitor.asks("/device/").status_code == 202
    session = OnboardingSession.objects.get()
    assert (session.evaluation, session.failure_reasons) == (reasons, {"9133": "low trust"})


def test_the_session_key_changes_when_a_flow_begins_and_when_the_person_is_known(visitor: Visitor) -> None:
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


def test_no_answer_of_the_journey_is_kept_by_a_cache(visitor: Visitor) -> None:
    visitor.opens()
    answer = visitor.asks("/start/", phone=NUMBER)
    visitor.device.authenticate(answer.json()["auth_token"], through(visitor.client))
    answers = [answer, visitor.asks("/device/"), visitor.client.get("/code/"), visitor.client.get("/")]
    visitor.opens("/code/")
    visitor.types_code(visitor.code(E164))
    answers.append(visitor.client.get("/done/"))
    assert all("no-store" in answer["Cache-Control"] for answer in answers)


def test_the_auth_token_is_handed_over_once_alone_and_kept_nowhere(visitor: Visitor) -> None:
    visitor.opens()
    answer = visitor.asks("/start/", phone=NUMBER)
    token = answer.json()["auth_token"]
    session = OnboardingSession.objects.get()
    assert str(session.correlation_id) not in answer.content.decode() + str(answer.headers)
    assert token not in str(list(OnboardingSession.objects.values()) + list(session.events.values()))
    assert token not in str(dict(visitor.client.session.items())) + str(visitor.client.cookies)
    assert token not in visitor.opens("/").text


def test_a_link_that_was_taken_back_meanwhile_logs_nobody_in(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    sandbox.has("prove.unify_bind", "refuse")
    visitor.types_code(visitor.code(E164))
    sandbox.is_well()
    bound = possession.bind(session=OnboardingSession.objects.get())  # in another tab, whose answer was lost
    assert bound.binding is not None
    unlinking.unlink(binding=bound.binding)
    visitor.opens("/")
    assert visitor.opens("/done/").path == "/"
    assert "_auth_user_id" not in visitor.client.session
