"""The queue and its cases: who gets which, two people for one act, and nobody in their own affairs."""

from base64 import b64encode
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from onboarding.desk import cases
from onboarding.domain.errors import StaleState
from onboarding.domain.states import State
from onboarding.models import Binding, Case, Event, OnboardingSession
from tests.desk.test_admin import a_binding, a_session, detail
from tests.desk.test_reviews import WHY, ada, at_the_desk, desk, url_of
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Visitor

__all__ = ["ada", "desk"]
OTHER_KEY = b64encode(bytes(32)).decode()
QUEUE = "/admin/proveflow/onboardingsession/queue/"


@pytest.fixture
def grace(ada: User) -> Client:
    call_command("createreviewer", "grace", no_input=True, stdout=StringIO())
    return at_the_desk(User.objects.get(username="grace"))


def a_case(**columns: Any) -> OnboardingSession:
    return a_session(**{"state": State.IN_REVIEW, "failure_reasons": {"9137": "forwarding"}, **columns})


def queued(desk: Client) -> list[object]:
    return [row.session.pk for row in desk.get(QUEUE).context["rows"]]


def takes_next(desk: Client) -> str:
    return str(desk.post(f"{QUEUE}next/").headers["Location"])


def test_the_first_page_is_the_queue_with_the_oldest_case_first_and_its_reason_in_words(desk: Client) -> None:
    newer, older = a_case(), a_case(number="+12025550102", created_at=timezone.now() - timedelta(hours=5))
    a_session(state=State.BOUND, approved_at=older.created_at)
    assert [row.session.pk for row in desk.get("/admin/").context["rows"]] == [older.pk, newer.pk]
    page = desk.get("/admin/").content.decode()
    assert "calls are forwarded" in page and "Cases waiting: 2" in page and "•••• 0102" in page and "late" in page
    assert older.number not in page


def test_the_count_and_the_oldest_age_are_on_every_page_of_the_desk(desk: Client, later: Later) -> None:
    session, binding = a_case(), a_binding()
    pages = ["/admin/", QUEUE, *(detail(row) for row in (session, binding)), url_of(session, "decline")]
    pages += [detail(row).partition(str(row.pk))[0] for row in (session, binding)]
    for path in pages:
        page = desk.get(path).content.decode()
        assert "Cases waiting: 1" in page and "the oldest for" in page, path


def test_the_queue_tells_how_often_a_number_came_before(desk: Client) -> None:
    for _ in range(3):
        a_session()
    a_case()
    assert [row.before for row in desk.get(QUEUE).context["rows"]] == [3]


def test_a_case_that_was_taken_is_nobody_elses_for_an_hour(
    ada: User, desk: Client, grace: Client, later: Later
) -> None:
    session = a_case()
    assert takes_next(desk) == detail(session)
    assert "ada" in grace.get(QUEUE).content.decode()
    assert takes_next(grace) == QUEUE
    for act in ("approve", "decline", "snooze", "escalate", "release"):
        answer = grace.post(url_of(session, act), {"reason": WHY}, follow=True)
        assert "Another reviewer has this case" in answer.content.decode(), act
    assert [event.name for event in session.events.all()] == ["case:taken"]
    later(60 * 60 + 1)
    assert takes_next(grace) == detail(session)


def test_the_next_case_is_the_oldest_that_nobody_has_and_a_decision_frees_the_reviewer(
    desk: Client, grace: Client
) -> None:
    began = timezone.now()
    first, second, third = (a_case(created_at=began + timedelta(seconds=n)) for n in range(3))
    assert takes_next(desk) == detail(first)
    assert takes_next(grace) == detail(second)
    desk.post(url_of(first, "decline"), {"reason": WHY})
    assert takes_next(desk) == detail(third)


def test_a_snoozed_case_is_out_of_the_queue_for_a_day(desk: Client, later: Later) -> None:
    session = a_case()
    desk.post(url_of(session, "snooze"), {"reason": WHY})
    assert queued(desk) == []
    assert "Cases waiting: 1" in desk.get(QUEUE).content.decode()
    later(24 * 60 * 60 + 1)
    assert queued(desk) == [session.pk]


def test_an_escalated_case_comes_first_and_only_a_lead_decides_it(ada: User, desk: Client) -> None:
    a_case()
    session = a_case()
    desk.post(url_of(session, "escalate"), {"reason": WHY})
    assert queued(desk)[0] == session.pk
    refused = desk.post(url_of(session, "decline"), {"reason": WHY}, follow=True)
    assert "a lead has to decide" in refused.content.decode()
    ada.user_permissions.add(Permission.objects.get(codename="lead_onboardingsession"))
    desk.post(url_of(session, "decline"), {"reason": WHY})
    session.refresh_from_db()
    assert session.review == "declined"


def test_the_next_case_is_never_one_that_only_others_can_decide(
    ada: User, desk: Client, grace: Client, settings: Any, later: Later
) -> None:
    settings.TWO_REVIEWERS = ["decline"]
    escalated, proposed = a_case(), a_case(number="+12025550102")
    desk.post(url_of(escalated, "escalate"), {"reason": WHY})
    desk.post(url_of(proposed, "decline"), {"reason": WHY})
    a_case(number="+12025550107")
    a_case(number="+12025550108", binding=a_binding(user=ada, number="+12025550107"))
    assert takes_next(desk) == QUEUE
    assert takes_next(grace) == detail(proposed)
    ada.user_permissions.add(Permission.objects.get(codename="lead_onboardingsession"))
    assert takes_next(desk) == detail(escalated)
    later(24 * 60 * 60 + 1)
    desk.post(url_of(escalated, "decline"), {"reason": WHY})
    assert takes_next(desk) == detail(proposed)


@pytest.mark.parametrize("act", ["snooze", "escalate", "release"])
def test_a_case_that_was_decided_meanwhile_is_not_put_back(ada: User, act: str) -> None:
    seen_before = a_case()
    OnboardingSession.objects.update(review="declined")
    with pytest.raises(StaleState):
        getattr(cases, act)(session=seen_before, by=ada, reason=WHY)
    assert not Case.objects.exists() and not Event.objects.exists()


def test_a_note_and_a_label_are_kept_and_change_nothing_else(desk: Client) -> None:
    session = a_case()
    before = OnboardingSession.objects.values().get()
    desk.post(url_of(session, "note"), {"reason": "rang twice"})
    desk.post(url_of(session, "label-false_alarm"), {"reason": WHY})
    assert [event.facts for event in session.events.all()] == [
        {"reason": "rang twice"},
        {"reason": WHY, "outcome": "false_alarm"},
    ]
    assert Case.objects.get().outcome == "false_alarm" and OnboardingSession.objects.values().get() == before


@pytest.mark.parametrize("path", ["queue/next/", "{pk}/take/"])
def test_a_case_is_taken_by_post_and_with_the_permission_only(ada: User, desk: Client, path: str) -> None:
    url = f"/admin/proveflow/onboardingsession/{path.format(pk=a_case().pk)}"
    assert desk.get(url).status_code == 405
    ada.groups.clear()
    ada.user_permissions.set(Permission.objects.exclude(codename="work_onboardingsession"))
    assert desk.post(url).status_code == 403
    assert not Case.objects.exists() and not Event.objects.exists()


def test_a_case_that_waits_no_more_cannot_be_taken(desk: Client) -> None:
    session = a_case(review="declined")
    answer = desk.post(url_of(session, "take"), follow=True)
    assert "does not wait any more" in answer.content.decode() and not Case.objects.exists()


# --- Two people ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["approve", "decline"])
def test_a_decision_that_needs_two_is_done_by_the_second_reviewer(
    desk: Client, grace: Client, settings: Any, act: str, later: Later
) -> None:
    settings.TWO_REVIEWERS = [act]
    session = a_case()
    for _ in range(2):
        desk.post(url_of(session, act), {"reason": WHY})
        session.refresh_from_db()
        assert session.review == ""
    grace.post(url_of(session, act), {"reason": WHY})
    session.refresh_from_db()
    assert session.review == {"approve": "approved", "decline": "declined"}[act]
    assert [(event.name, event.actor.username) for event in session.events.select_related("actor") if event.actor] == [
        ("act:proposed", "ada"),
        (f"review:{session.review}", "grace"),
    ]


def test_a_proposal_holds_for_a_day(desk: Client, grace: Client, settings: Any, later: Later) -> None:
    settings.TWO_REVIEWERS = ["decline"]
    session = a_case()
    desk.post(url_of(session, "decline"), {"reason": WHY})
    later(24 * 60 * 60 + 1)
    grace.post(url_of(session, "decline"), {"reason": WHY})
    session.refresh_from_db()
    assert session.review == ""


def test_a_revoke_that_needs_two_is_done_by_the_second_reviewer(
    desk: Client, grace: Client, settings: Any, sandbox: Sandbox
) -> None:
    settings.TWO_REVIEWERS = ["revoke"]
    binding = a_binding()
    desk.post(url_of(binding, "revoke"), {"reason": WHY})
    desk.post(url_of(binding, "revoke"), {"reason": WHY})
    assert Binding.objects.get().confirmed
    grace.post(url_of(binding, "revoke"), {"reason": WHY})
    assert not Binding.objects.get().confirmed


# --- Their own affairs ---------------------------------------------------------------------------------------------


def test_nobody_decides_about_their_own_number_or_account(ada: User, desk: Client, sandbox: Sandbox) -> None:
    own = a_binding(user=ada, number="+12025550107")
    of_number, of_account = a_case(number="+12025550107"), a_case(binding=own)
    for row, act in ((of_number, "approve"), (of_number, "decline"), (of_account, "approve"), (own, "revoke")):
        answer = desk.post(url_of(row, act), {"reason": WHY}, follow=True)
        assert "your own account or number" in answer.content.decode()
    assert not OnboardingSession.objects.exclude(review="").exists() and Binding.objects.get().confirmed
    assert not Event.objects.exists()


def test_nobody_decides_about_a_move_of_their_own_key(
    ada: User, desk: Client, grace: Client, visitor: Visitor, settings: Any
) -> None:
    settings.REBIND_REVIEW = True
    visitor.links("+12015550123", "+12015550123")
    visitor.starts("+12015550145")
    visitor.fetches("/moved/")
    Binding.objects.update(user=ada)
    held = OnboardingSession.objects.get(state=State.IN_REVIEW)
    assert held.moves_from == Binding.objects.get() and takes_next(desk) == QUEUE
    assert "your own" in desk.post(url_of(held, "approve"), {"reason": WHY}, follow=True).content.decode()
    grace.post(url_of(held, "approve"), {"reason": WHY})
    assert OnboardingSession.objects.get(pk=held.pk).review == "approved"


@pytest.mark.parametrize("link", ["moves_from", "device_id", "journey"])
@pytest.mark.parametrize("act", ["approve", "decline", "label-false_alarm", "snooze", "take"])
def test_nobody_acts_on_a_case_of_their_own_key_account_or_browser(
    ada: User, desk: Client, link: str, act: str
) -> None:
    own = a_binding(user=ada, number="+12025550107", device_id="their key")
    linked = a_session(state=State.BOUND, approved_at=timezone.now(), number=own.number, binding=own)
    session = a_case(**{link: {"moves_from": own, "device_id": own.device_id, "journey": linked.journey}[link]})
    assert takes_next(desk) == QUEUE
    answer = desk.post(url_of(session, act), {"reason": WHY}, follow=True)
    assert "your own account or number" in answer.content.decode()
    assert not Event.objects.exists() and not Case.objects.exists()


def test_a_case_whose_number_no_key_decrypts_is_still_handed_out(desk: Client, settings: Any) -> None:
    session, settings.DATA_KEYS = a_case(), [OTHER_KEY]
    assert takes_next(desk) == detail(session)
    desk.post(url_of(session, "label-unclear"), {"reason": WHY})
    desk.post(url_of(session, "ids"), {"reason": WHY})  # shows nothing
    page = desk.post(url_of(session, "approve"), {"reason": WHY}, follow=True).content.decode()
    assert "cannot be decrypted" in page and OnboardingSession.objects.get().review == ""
    assert [event.name for event in Event.objects.order_by("pk")] == ["case:taken", "case:labelled"]
