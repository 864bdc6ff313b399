"""Reviewers' acts: their permissions, reasons and effects. None sends or checks a code, binds, or logs anybody in."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from onboarding.desk import reviews
from onboarding.desk.access.proof import PROVED_KEY
from onboarding.domain.errors import StaleState
from onboarding.domain.states import PASSED, State
from onboarding.journey import unlinking
from onboarding.models import Binding, Event, OnboardingSession
from tests.desk.test_admin import a_binding, a_session, detail
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor

WHY = "called back, ticket 4711"
RISKY, PLAIN, SWAPPED = "+12025550138", "+12025550101", "+12025550135"
ACTS = [("onboardingsession", act) for act in ("approve", "decline", "reveal")]
ACTS += [("binding", act) for act in ("revoke", "reveal")]


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
    session[PROVED_KEY] = timezone.now().isoformat()
    session.save()
    return browser


def url_of(row: OnboardingSession | Binding, act: str) -> str:
    return detail(row).replace("/change/", f"/{act}/")


def everything() -> list[object]:
    return [list(model.objects.order_by("pk").values()) for model in (OnboardingSession, Binding, Event)]


def nothing_was_sent_checked_or_bound(sandbox: Sandbox) -> bool:
    routes = ("prove.unify", "prove.unify_bind", "twilio.verification", "twilio.verification_check", "twilio.lookup")
    return not any(sandbox.calls(route) for route in routes)


def a_row(model: str, **columns: Any) -> OnboardingSession | Binding:
    return a_binding(**columns) if model == "binding" else a_session(**{"state": State.IN_REVIEW, **columns})


# --- Permissions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "act"), ACTS)
@pytest.mark.parametrize("role", ["nobody", "password only", "prove key"])
def test_an_act_without_access_to_the_desk_redirects_to_the_login_page(
    ada: User, model: str, act: str, role: str
) -> None:
    row = a_row(model)
    browser = at_the_desk(ada, a_binding(user=ada)) if role == "prove key" else Client()
    if role == "password only":
        browser.force_login(ada)
    before = everything()
    for answer in (browser.get(url_of(row, act)), browser.post(url_of(row, act), {"reason": WHY})):
        assert answer.status_code == 302 and answer.headers["Location"].startswith("/admin/login/")
    assert everything() == before


@pytest.mark.parametrize(("model", "act"), ACTS)
def test_each_act_needs_its_own_permission_and_the_permission_to_view(ada: User, model: str, act: str) -> None:
    row = a_row(model)
    everything_but = Permission.objects.exclude(codename=f"{act}_{model}")
    no_view = Permission.objects.exclude(codename__in=(f"view_{model}", f"change_{model}"))
    for name, permissions in (
        ("without the act's permission", everything_but),
        ("without the permission to view", no_view),
    ):
        user = User.objects.create(username=name, is_staff=True)
        user.user_permissions.set(permissions)
        browser, before = at_the_desk(user), everything()
        assert browser.get(url_of(row, act)).status_code == 403, name
        assert browser.post(url_of(row, act), {"reason": WHY}).status_code == 403, name
        assert f"../{act}/" not in browser.get(detail(row)).content.decode(), name
        assert everything() == before, name


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("act", ["approve", "decline"])
def test_only_a_session_in_review_can_be_decided_and_no_decision_changes_the_state(
    desk: Client, sandbox: Sandbox, state: State, act: str
) -> None:
    approved_at = a_session().created_at  # which some states require
    session = a_session(state=state, approved_at=approved_at)
    offered = f"../{act}/" in desk.get(detail(session)).content.decode()
    desk.post(url_of(session, act), {"reason": WHY})
    session.refresh_from_db()
    assert session.state == state
    may_be_lifted = (State.IN_REVIEW, State.DECLINED) if act == "approve" else (State.IN_REVIEW,)
    assert (session.review != "") is offered is (state in may_be_lifted)
    assert session.events.count() == offered
    assert nothing_was_sent_checked_or_bound(sandbox)


# --- The page of an act ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "act"), ACTS)
def test_an_act_is_confirmed_on_a_page_with_the_strict_policy(desk: Client, model: str, act: str) -> None:
    row = a_row(model)
    before = everything()
    answer = desk.get(url_of(row, act))
    page = answer.content.decode()
    assert answer.status_code == 200 and "csrfmiddlewaretoken" in page and row.phone.masked in page
    assert "unsafe" not in answer["Content-Security-Policy"] and "jquery" not in page.lower()
    assert "no-store" in answer["Cache-Control"] and row.number not in page
    assert everything() == before


@pytest.mark.parametrize(
    "reason",
    [
        *("", "   ", "x" * 201, "asked on +1 202 555 0101", "2025550101", "202.555.0101", "310·555·0199"),
        *("310,555,0199", "31 05 55_0199", "٣١٠٥٥٥٠١٩٩"),
    ],
)
@pytest.mark.parametrize(("model", "act"), ACTS)
def test_an_act_without_an_acceptable_reason_does_nothing(desk: Client, model: str, act: str, reason: str) -> None:
    row = a_row(model)
    before = everything()
    assert desk.post(url_of(row, act), {"reason": reason}).status_code == 200
    assert everything() == before


@pytest.mark.parametrize("reason", ["ported on 2026-11-29", "INC-12345", "2 codes in 10 minutes"])
def test_a_reason_may_have_a_date_or_the_id_of_a_ticket(desk: Client, reason: str) -> None:
    session = a_session(state=State.IN_REVIEW)
    desk.post(url_of(session, "decline"), {"reason": reason})
    assert session.events.get().facts == {"reason": reason}


@pytest.mark.parametrize(("model", "act"), ACTS)
def test_an_act_needs_the_csrf_token(ada: User, model: str, act: str) -> None:
    row = a_row(model)
    desk = at_the_desk(ada)
    desk.handler.enforce_csrf_checks = True
    before = everything()
    assert desk.post(url_of(row, act), {"reason": WHY}).status_code == 403
    assert everything() == before


@pytest.mark.parametrize(("model", "act"), ACTS)
def test_the_event_log_names_the_reviewer_and_the_reason(desk: Client, ada: User, model: str, act: str) -> None:
    row = a_row(model)
    desk.post(url_of(row, act), {"reason": WHY})
    event = row.events.get()
    assert (event.actor, list(event.facts.values())) == (ada, [WHY])
    timeline = desk.get(detail(row)).content.decode()
    assert WHY in timeline and "ada" in timeline


def test_of_two_reviewers_at_once_only_the_first_decides(ada: User) -> None:
    session = a_session(state=State.IN_REVIEW)
    first, second = at_the_desk(ada), at_the_desk(ada)
    first.post(url_of(session, "approve"), {"reason": WHY})
    answer = second.post(url_of(session, "decline"), {"reason": WHY}, follow=True)
    session.refresh_from_db()
    assert session.review == "approved" and "any more" in answer.content.decode()
    seen_before = OnboardingSession(pk=session.pk, state=State.IN_REVIEW)
    with pytest.raises(StaleState):
        reviews.decline(session=seen_before, by=ada, reason=WHY)


def test_of_two_reviewers_who_revoke_at_once_the_second_is_told_and_has_no_history(
    desk: Client, ada: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    binding, unlink = a_binding(), unlinking.unlink

    def is_slower(**named: Any) -> bool:
        unlink(binding=binding, by=None, reason="lost")
        return unlink(**named)

    monkeypatch.setattr(unlinking, "unlink", is_slower)
    page = desk.post(url_of(binding, "revoke"), {"reason": WHY}, follow=True).content.decode()
    assert "any more" in page and not LogEntry.objects.exists()
    assert [event.actor for event in Event.objects.filter(name="binding:revoked")] == [None]


def test_a_filter_finds_the_sessions_that_wait_for_a_review(desk: Client) -> None:
    waiting, decided = a_session(state=State.IN_REVIEW), a_session(state=State.IN_REVIEW)
    desk.post(url_of(decided, "approve"), {"reason": WHY})
    for value, session in (("waiting", waiting), ("approved", decided)):
        found = desk.get(f"/admin/proveflow/onboardingsession/?review={value}").context["cl"].result_list
        assert [row.pk for row in found] == [session.pk]


@pytest.mark.parametrize("model", ["onboardingsession", "binding"])
def test_every_view_of_a_whole_number_needs_a_reason_and_is_logged(desk: Client, model: str) -> None:
    row = a_row(model)
    answer = desk.post(url_of(row, "reveal"), {"reason": WHY})
    assert row.phone.display in answer.content.decode() and "no-store" in answer["Cache-Control"]
    assert row.phone.display not in desk.get(url_of(row, "reveal")).content.decode()
    desk.post(url_of(row, "reveal"), {"reason": WHY})
    assert Event.objects.filter(name="number:revealed").count() == 2


def test_a_reviewer_sees_ten_whole_numbers_at_once_and_then_must_wait(desk: Client, settings: Any) -> None:
    settings.LIMITS_WATCH_ONLY = False
    row = a_session()
    shown = [desk.post(url_of(row, "reveal"), {"reason": WHY}).status_code for _ in range(12)]
    assert shown == [200] * 10 + [302] * 2
    assert Event.objects.filter(name="number:revealed").count() == 10
    assert "Too many numbers shown" in desk.get(detail(row)).content.decode()


@pytest.mark.parametrize(("model", "act"), ACTS)
def test_an_act_on_a_missing_row_is_a_404(desk: Client, model: str, act: str) -> None:
    row = a_row(model)
    url = url_of(row, act)
    row.delete()
    assert desk.get(url).status_code == desk.post(url, {"reason": WHY}).status_code == 404
    assert desk.post(url.replace(str(row.pk), "x%00y"), {"reason": WHY}).status_code == 404


# --- Effects -----------------------------------------------------------------------------------------------------


@pytest.fixture
def held(visitor: Visitor, settings: Any) -> OnboardingSession:
    """A session in review, because Prove reports a risk."""
    settings.PROVE_CHECK_REPUTATION = True
    assert visitor.starts(RISKY).path == "/unverified/"
    return OnboardingSession.objects.get()


def test_after_an_approval_the_person_can_try_again_despite_the_same_reason(
    held: OnboardingSession, desk: Client, visitor: Visitor, sandbox: Sandbox
) -> None:
    desk.post(url_of(held, "approve"), {"reason": WHY})
    assert sandbox.calls("twilio.verification") == sandbox.calls("prove.unify_bind") == []
    assert not Binding.objects.exists()
    assert "You can link it now" in visitor.opens("/unverified/").text
    assert visitor.starts(RISKY).path == "/code/"
    assert visitor.types_code(visitor.code(RISKY)).path == "/done/"


def test_after_a_decline_the_person_is_told_and_the_next_session_needs_a_review_again(
    held: OnboardingSession, desk: Client, visitor: Visitor
) -> None:
    desk.post(url_of(held, "decline"), {"reason": WHY})
    assert "can&#x27;t link" in visitor.opens("/unverified/").text.replace("'", "&#x27;")
    assert visitor.starts(RISKY).path == "/unverified/"


def test_an_approval_counts_for_one_day(held: OnboardingSession, desk: Client, visitor: Visitor, later: Any) -> None:
    desk.post(url_of(held, "approve"), {"reason": WHY})
    later(24 * 60 * 60 + 1)
    assert visitor.starts(RISKY).path == "/unverified/"
    assert visitor.messages(RISKY) == []


def test_an_approval_counts_for_that_number_and_those_reasons_only(
    held: OnboardingSession, desk: Client, visitor: Visitor, sandbox: Sandbox
) -> None:
    desk.post(url_of(held, "approve"), {"reason": WHY})
    evaluation = {"risk": {"result": "fail", "failureReasons": {"9135": "swap", "9136": "port"}}}
    body = {"success": "possession_required", "evaluation": evaluation}
    sandbox.inject_fault("prove.unify_status", "answer", times=1, effect=True, body=body)
    assert visitor.starts(RISKY).path == "/unverified/"
    del evaluation["risk"]["failureReasons"]["9136"]  # type: ignore[attr-defined]
    sandbox.inject_fault("prove.unify_status", "answer", times=1, effect=True, body=body)
    assert visitor.starts(PLAIN).path == "/unverified/"


def test_an_approval_does_not_override_a_decline(desk: Client, visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(SWAPPED)
    desk.post(url_of(OnboardingSession.objects.get(), "approve"), {"reason": WHY})
    assert visitor.starts(SWAPPED).path == "/unverified/"
    assert OnboardingSession.objects.latest("created_at").state == State.DECLINED
    assert sandbox.calls("twilio.verification") == []


def test_revoking_a_binding_logs_its_owner_out_at_once_and_tells_prove(
    desk: Client, visitor: Visitor, sandbox: Sandbox
) -> None:
    visitor.links(PLAIN, PLAIN)
    desk.post(url_of(Binding.objects.get(), "revoke"), {"reason": WHY})
    assert visitor.opens("/done/").path == "/"
    assert len(sandbox.calls("prove.device_revoke")) == 1
    assert visitor.starts(PLAIN).path == "/code/"


def test_no_sequence_of_acts_sends_checks_binds_or_logs_anybody_in(desk: Client, sandbox: Sandbox) -> None:
    rows = [a_row("onboardingsession"), a_row("onboardingsession"), a_row("binding")]
    for _ in range(3):
        for row in rows:
            for act in ("decline", "approve", "reveal", "revoke", "approve"):
                desk.post(url_of(row, act), {"reason": WHY})
    assert nothing_was_sent_checked_or_bound(sandbox)
    assert not OnboardingSession.objects.filter(state__in=PASSED | {State.POSSESSION_PASSED}).exists()
    assert not Binding.objects.filter(confirmed=True).exists()
