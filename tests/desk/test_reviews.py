"""Reviewers: who may do what to what, and that nothing of it ever sends, checks, binds or lets somebody in."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from onboarding.desk import reviews
from onboarding.domain.errors import StaleState
from onboarding.domain.states import PASSED, State
from onboarding.models import Binding, Event, OnboardingSession
from tests.desk.test_admin import a_binding, a_session, detail
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor

WHY = "called back, ticket 4711"
DOUBTFUL, PLAIN, SWAPPED = "+12025550138", "+12025550101", "+12025550135"
STAMPS = [("onboardingsession", act) for act in ("approve", "decline", "reveal")]
STAMPS += [("binding", act) for act in ("revoke", "reveal")]


@pytest.fixture
def ada(db: None) -> User:
    call_command("createreviewer", "ada", no_input=True, stdout=StringIO())
    return User.objects.get(username="ada")


@pytest.fixture
def desk(ada: User) -> Client:
    return at_the_desk(ada)


def at_the_desk(user: User, device: Any = None) -> Client:
    """A browser in which `user` is logged in and verified by `device`, by default the authenticator."""
    browser = Client()
    browser.force_login(user)
    session = browser.session
    session["otp_device_id"] = (device or TOTPDevice.objects.get_or_create(user=user)[0]).persistent_id
    session.save()
    return browser


def stamped(row: OnboardingSession | Binding, act: str) -> str:
    return detail(row).replace("/change/", f"/{act}/")


def everything() -> list[object]:
    return [list(model.objects.order_by("pk").values()) for model in (OnboardingSession, Binding, Event)]


def nothing_was_sent_checked_or_bound(sandbox: Sandbox) -> bool:
    routes = ("prove.unify", "prove.unify_bind", "twilio.verification", "twilio.verification_check", "twilio.lookup")
    return not any(sandbox.calls(route) for route in routes)


def a_row(model: str, **columns: Any) -> OnboardingSession | Binding:
    return a_binding(**columns) if model == "binding" else a_session(**{"state": State.IN_REVIEW, **columns})


# --- Who may -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "act"), STAMPS)
@pytest.mark.parametrize("role", ["nobody", "password only", "prove key"])
def test_whoever_may_not_enter_the_desk_is_led_to_its_door(ada: User, model: str, act: str, role: str) -> None:
    row = a_row(model)
    browser = at_the_desk(ada, a_binding(user=ada)) if role == "prove key" else Client()
    if role == "password only":
        browser.force_login(ada)
    before = everything()
    for answer in (browser.get(stamped(row, act)), browser.post(stamped(row, act), {"reason": WHY})):
        assert answer.status_code == 302 and answer.headers["Location"].startswith("/admin/login/")
    assert everything() == before


@pytest.mark.parametrize(("model", "act"), STAMPS)
def test_each_act_needs_its_own_permission_and_the_right_to_look(ada: User, model: str, act: str) -> None:
    row = a_row(model)
    everything_but = Permission.objects.exclude(codename=f"{act}_{model}")
    blind = Permission.objects.exclude(codename__in=(f"view_{model}", f"change_{model}"))
    for name, permissions in (("without the act", everything_but), ("without the look", blind)):
        user = User.objects.create(username=name, is_staff=True)
        user.user_permissions.set(permissions)
        browser, before = at_the_desk(user), everything()
        assert browser.get(stamped(row, act)).status_code == 403, name
        assert browser.post(stamped(row, act), {"reason": WHY}).status_code == 403, name
        assert f"../{act}/" not in browser.get(detail(row)).content.decode(), name
        assert everything() == before, name


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("act", ["approve", "decline"])
def test_only_what_waits_for_a_reviewer_is_decided_by_one_and_no_state_moves(
    desk: Client, sandbox: Sandbox, state: State, act: str
) -> None:
    approved_at = a_session().created_at  # some states may not be without
    session = a_session(state=state, approved_at=approved_at)
    offered = f"../{act}/" in desk.get(detail(session)).content.decode()
    desk.post(stamped(session, act), {"reason": WHY})
    session.refresh_from_db()
    assert session.state == state
    may_be_lifted = (State.IN_REVIEW, State.DECLINED) if act == "approve" else (State.IN_REVIEW,)
    assert (session.review != "") is offered is (state in may_be_lifted)
    assert session.events.count() == offered
    assert nothing_was_sent_checked_or_bound(sandbox)


# --- How ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "act"), STAMPS)
def test_an_act_is_confirmed_on_a_page_with_the_strict_policy(desk: Client, model: str, act: str) -> None:
    row = a_row(model)
    before = everything()
    answer = desk.get(stamped(row, act))
    page = answer.content.decode()
    assert answer.status_code == 200 and "csrfmiddlewaretoken" in page and row.phone.masked in page
    assert "unsafe" not in answer["Content-Security-Policy"] and "jquery" not in page.lower()
    assert "no-store" in answer["Cache-Control"] and row.number not in page
    assert everything() == before


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201, "asked on +1 202 555 0101", "2025550101", "202.555.0101"])
@pytest.mark.parametrize(("model", "act"), STAMPS)
def test_without_a_reason_that_can_be_kept_nothing_happens(desk: Client, model: str, act: str, reason: str) -> None:
    row = a_row(model)
    before = everything()
    assert desk.post(stamped(row, act), {"reason": reason}).status_code == 200
    assert everything() == before


@pytest.mark.parametrize(("model", "act"), STAMPS)
def test_an_act_needs_the_csrf_token(ada: User, model: str, act: str) -> None:
    row = a_row(model)
    desk = at_the_desk(ada)
    desk.handler.enforce_csrf_checks = True
    before = everything()
    assert desk.post(stamped(row, act), {"reason": WHY}).status_code == 403
    assert everything() == before


@pytest.mark.parametrize(("model", "act"), STAMPS)
def test_the_diary_tells_who_did_it_and_why(desk: Client, ada: User, model: str, act: str) -> None:
    row = a_row(model)
    desk.post(stamped(row, act), {"reason": WHY})
    event = row.events.get()
    assert (event.actor, list(event.facts.values())) == (ada, [WHY])
    timeline = desk.get(detail(row)).content.decode()
    assert WHY in timeline and "ada" in timeline


def test_two_reviewers_at_once_decide_once(ada: User) -> None:
    session = a_session(state=State.IN_REVIEW)
    first, second = at_the_desk(ada), at_the_desk(ada)
    first.post(stamped(session, "approve"), {"reason": WHY})
    answer = second.post(stamped(session, "decline"), {"reason": WHY}, follow=True)
    session.refresh_from_db()
    assert session.review == "approved" and "any more" in answer.content.decode()
    seen_before = OnboardingSession(pk=session.pk, state=State.IN_REVIEW)
    with pytest.raises(StaleState):
        reviews.decline(session=seen_before, by=ada, reason=WHY)


def test_what_waits_is_found_by_a_filter(desk: Client) -> None:
    waiting, decided = a_session(state=State.IN_REVIEW), a_session(state=State.IN_REVIEW)
    desk.post(stamped(decided, "approve"), {"reason": WHY})
    for value, session in (("waiting", waiting), ("approved", decided)):
        found = desk.get(f"/admin/onboarding/onboardingsession/?review={value}").context["cl"].result_list
        assert [row.pk for row in found] == [session.pk]


@pytest.mark.parametrize("model", ["onboardingsession", "binding"])
def test_a_whole_number_is_shown_once_and_every_time_is_in_the_diary(desk: Client, model: str) -> None:
    row = a_row(model)
    answer = desk.post(stamped(row, "reveal"), {"reason": WHY})
    assert row.phone.display in answer.content.decode() and "no-store" in answer["Cache-Control"]
    assert row.phone.display not in desk.get(stamped(row, "reveal")).content.decode()
    desk.post(stamped(row, "reveal"), {"reason": WHY})
    assert Event.objects.filter(name="number:revealed").count() == 2


def test_a_reviewer_sees_ten_whole_numbers_at_once_and_then_has_to_wait(desk: Client, settings: Any) -> None:
    settings.LIMITS_WATCH_ONLY = False
    row = a_session()
    shown = [desk.post(stamped(row, "reveal"), {"reason": WHY}).status_code for _ in range(12)]
    assert shown == [200] * 10 + [302] * 2
    assert Event.objects.filter(name="number:revealed").count() == 10
    assert "all for now" in desk.get(detail(row)).content.decode()


@pytest.mark.parametrize(("model", "act"), STAMPS)
def test_a_row_that_is_not_there_is_not_found(desk: Client, model: str, act: str) -> None:
    row = a_row(model)
    url = stamped(row, act)
    row.delete()
    assert desk.get(url).status_code == desk.post(url, {"reason": WHY}).status_code == 404
    assert desk.post(url.replace(str(row.pk), "x%00y"), {"reason": WHY}).status_code == 404


# --- What comes of it --------------------------------------------------------------------------------------------


@pytest.fixture
def held(visitor: Visitor, settings: Any) -> OnboardingSession:
    """Somebody whose number Prove finds doubtful."""
    settings.PROVE_CHECK_REPUTATION = True
    assert visitor.starts(DOUBTFUL).path == "/unverified/"
    return OnboardingSession.objects.get()


def test_whoever_may_try_again_is_told_so_and_is_not_held_up_for_the_same_reason(
    held: OnboardingSession, desk: Client, visitor: Visitor, sandbox: Sandbox
) -> None:
    desk.post(stamped(held, "approve"), {"reason": WHY})
    assert sandbox.calls("twilio.verification") == sandbox.calls("prove.unify_bind") == []
    assert not Binding.objects.exists()
    assert "You can try again now" in visitor.opens("/unverified/").text
    assert visitor.starts(DOUBTFUL).path == "/code/"
    assert visitor.types_code(visitor.code(DOUBTFUL)).path == "/done/"


def test_what_is_declined_is_told_and_held_up_again(held: OnboardingSession, desk: Client, visitor: Visitor) -> None:
    desk.post(stamped(held, "decline"), {"reason": WHY})
    assert "can&#x27;t link" in visitor.opens("/unverified/").text.replace("'", "&#x27;")
    assert visitor.starts(DOUBTFUL).path == "/unverified/"


def test_a_hold_is_lifted_for_a_day_only(held: OnboardingSession, desk: Client, visitor: Visitor, later: Any) -> None:
    desk.post(stamped(held, "approve"), {"reason": WHY})
    later(24 * 60 * 60 + 1)
    assert visitor.starts(DOUBTFUL).path == "/unverified/"
    assert visitor.messages(DOUBTFUL) == []


def test_a_hold_is_lifted_for_that_number_and_those_reasons_only(
    held: OnboardingSession, desk: Client, visitor: Visitor, sandbox: Sandbox
) -> None:
    desk.post(stamped(held, "approve"), {"reason": WHY})
    evaluation = {"risk": {"result": "fail", "failureReasons": {"9135": "swap", "9136": "port"}}}
    body = {"success": "possession_required", "evaluation": evaluation}
    sandbox.has("prove.unify_status", "answer", times=1, effect=True, body=body)
    assert visitor.starts(DOUBTFUL).path == "/unverified/"
    del evaluation["risk"]["failureReasons"]["9136"]  # type: ignore[attr-defined]
    sandbox.has("prove.unify_status", "answer", times=1, effect=True, body=body)
    assert visitor.starts(PLAIN).path == "/unverified/"


def test_what_prove_refuses_stays_refused(desk: Client, visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(SWAPPED)
    desk.post(stamped(OnboardingSession.objects.get(), "approve"), {"reason": WHY})
    assert visitor.starts(SWAPPED).path == "/unverified/"
    assert OnboardingSession.objects.latest("created_at").state == State.DECLINED
    assert sandbox.calls("twilio.verification") == []


def test_a_revoked_binding_un_verifies_its_owner_at_once_and_prove_is_told(
    desk: Client, visitor: Visitor, sandbox: Sandbox
) -> None:
    visitor.links(PLAIN, PLAIN)
    desk.post(stamped(Binding.objects.get(), "revoke"), {"reason": WHY})
    assert visitor.opens("/done/").path == "/"
    assert len(sandbox.calls("prove.device_revoke")) == 1
    assert visitor.starts(PLAIN).path == "/code/"


def test_no_sequence_of_acts_sends_checks_binds_or_lets_anybody_in(desk: Client, sandbox: Sandbox) -> None:
    rows = [a_row("onboardingsession"), a_row("onboardingsession"), a_row("binding")]
    for _ in range(3):
        for row in rows:
            for act in ("decline", "approve", "reveal", "revoke", "approve"):
                desk.post(stamped(row, act), {"reason": WHY})
    assert nothing_was_sent_checked_or_bound(sandbox)
    assert not OnboardingSession.objects.filter(state__in=PASSED | {State.POSSESSION_PASSED}).exists()
    assert not Binding.objects.filter(confirmed=True).exists()
