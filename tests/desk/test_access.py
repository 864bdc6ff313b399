"""Access to the desk: invitations, recovery codes, a code again before what shows or ends something, and history."""

import re
from base64 import b32encode
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db.models import F
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from onboarding.desk.access.proof import PROVED_KEY
from onboarding.desk.access.roles import Role
from onboarding.domain.states import State
from onboarding.models import Event, Invitation, RecoveryCode
from onboarding.operations.recovery import recover
from onboarding.operations.restore import after_restore
from tests.authenticator import code_of
from tests.desk.test_admin import SESSIONS, a_binding, a_session
from tests.desk.test_logins import log_in
from tests.desk.test_reviews import WHY, at_the_desk, url_of
from tests.desk.test_roles import invited, run

pytestmark = pytest.mark.django_db
PEOPLE, JOIN, ACCOUNT = "/admin/people/", "/admin/join/", "/admin/account/"
PASSWORD = "a reviewer's own words"
LINK = re.compile(r"http://testserver(/admin/invited/[\w-]+/)")
CODE = re.compile(r"(?:[A-Z2-7]{4}-){5}[A-Z2-7]{4}")


def link_for(lead: Client, name: str = "grace", role: str = "reviewer") -> str:
    page = lead.post(PEOPLE, {"name": name, "role": role}).content.decode()
    found = LINK.search(page)
    assert found, page
    return found[1]


def follows(link: str) -> Client:
    """A browser that has opened the link."""
    browser = Client()
    assert browser.get(link).headers["Location"] == JOIN
    return browser


def joins(browser: Client, **wrong: str) -> Any:
    key = browser.session["proveflow_join"][1]
    form = {"password": PASSWORD, "again": PASSWORD, "code": code_of(bytes.fromhex(key)), **wrong}
    return browser.post(JOIN, form)


def stale(browser: Client) -> Client:
    """Let the reviewer's last code be older than STEP_UP."""
    session = browser.session
    del session[PROVED_KEY]
    session.save()
    return browser


def code_for(name: str) -> str:
    """The code of the reviewer's authenticator, which may be used again."""
    TOTPDevice.objects.filter(user__username=name).update(last_t=-1, throttling_failure_timestamp=None)
    return code_of(TOTPDevice.objects.get(user__username=name).bin_key)


# --- Invitations -------------------------------------------------------------------------------------------------


def test_who_was_invited_sets_up_the_account_and_logs_in() -> None:
    browser = follows(link_for(invited(Role.LEAD), role="auditor"))
    page = browser.get(JOIN).content.decode()
    assert "You will log in as grace" in page and "<svg" in page
    done = joins(browser)
    assert len(CODE.findall(done.content.decode())) == 10 and "no-store" in done["Cache-Control"]
    grace = User.objects.get(username="grace")
    assert grace.groups.get().name == "proveflow auditors" and grace.check_password(PASSWORD)
    assert log_in("grace", password=PASSWORD, code=code_for("grace")).status_code == 302


def test_the_code_that_set_up_an_authenticator_is_used_up() -> None:
    browser = follows(link_for(invited(Role.LEAD)))
    code = code_of(bytes.fromhex(browser.session["proveflow_join"][1]))
    joins(browser, code=code)
    assert log_in("grace", password=PASSWORD, code=code).status_code == 200


def test_a_link_works_once_within_a_day_and_a_new_one_ends_the_one_before() -> None:
    lead = invited(Role.LEAD)
    first, second = link_for(lead), link_for(lead)
    assert follows(first).get(JOIN).status_code == 404
    one, other = follows(second), follows(second)
    assert joins(one).status_code == 200 and joins(other).status_code == 404
    late = follows(link_for(lead, "alan"))
    Invitation.objects.update(expires_at=F("expires_at") - timedelta(hours=25))
    assert joins(late).status_code == 404 and not User.objects.filter(username="alan").exists()
    recover()
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"password": "short", "again": "short"}, {"again": "another"}, {"code": "000000"}, {"code": "no digits"}]
)
def test_a_wrong_field_makes_nobody_and_keeps_the_link(wrong: dict[str, str]) -> None:
    browser = follows(link_for(invited(Role.LEAD)))
    answer = joins(browser, **wrong)
    assert "errorlist" in answer.content.decode() and PASSWORD not in answer.content.decode()
    assert not User.objects.filter(username="grace").exists()
    assert joins(browser).status_code == 200


def test_no_url_after_the_first_and_no_row_has_the_token_of_a_link() -> None:
    link = link_for(invited(Role.LEAD))
    token = link.rstrip("/").rpartition("/")[2]
    browser = follows(link)
    assert token not in str(dict(browser.session))
    assert token not in str(list(Invitation.objects.values())) and token not in JOIN
    assert token not in str(list(Event.objects.values())) + str(list(LogEntry.objects.values()))


@pytest.mark.parametrize("change", [("--role", "viewer"), ("--leave",)])
def test_the_links_of_a_lead_end_with_their_role(change: tuple[str, ...]) -> None:
    browser = follows(link_for(invited(Role.LEAD), role="lead"))
    run("ada", *change)
    assert browser.get(JOIN).status_code == joins(browser).status_code == 404
    assert not User.objects.filter(username="grace").exists()


def test_a_name_that_is_taken_or_no_name_is_not_invited() -> None:
    lead = invited(Role.LEAD)
    for name in ("ada", "prove:somebody", ""):
        assert "errorlist" in lead.post(PEOPLE, {"name": name, "role": "viewer"}).content.decode(), name
    assert not Invitation.objects.exists()


# --- People ------------------------------------------------------------------------------------------------------


def test_a_lead_sees_who_has_which_role_and_changes_it() -> None:
    lead, grace = invited(Role.LEAD), invited(Role.REVIEWER, "grace")
    user = User.objects.get(username="grace")
    page = lead.get(PEOPLE).content.decode()
    assert "grace" in page and f"{PEOPLE}{user.pk}/" in page and "lead" in page
    lead.post(f"{PEOPLE}{user.pk}/", {"change": "viewer"})
    assert user.groups.get().name == "proveflow viewers" and grace.get(SESSIONS).status_code == 302
    lead.post(f"{PEOPLE}{user.pk}/", {"change": "leave"})
    user.refresh_from_db()
    assert not user.is_active
    changes = Event.objects.filter(name="reviewer:changed").order_by("pk")
    assert [event.facts["change"] for event in changes] == ["role: viewer", "left"]
    assert {event.actor.username for event in changes.select_related("actor") if event.actor} == {"ada"}


def test_nobody_changes_themself_and_no_lead_a_superuser() -> None:
    lead = invited(Role.LEAD)
    ada, root = User.objects.get(username="ada"), User.objects.create_superuser("root")
    for person in (ada, root):
        assert lead.post(f"{PEOPLE}{person.pk}/", {"change": "leave"}).status_code == 403
    assert at_the_desk(root).post(f"{PEOPLE}{ada.pk}/", {"change": "viewer"}).status_code == 302
    for nobody in ("0", "x", "9" * 30, str(a_binding().user_id)):
        assert at_the_desk(root).get(f"{PEOPLE}{nobody}/").status_code == 404, nobody


def test_a_lost_authenticator_is_replaced_by_a_link_and_the_present_password() -> None:
    lead, grace = invited(Role.LEAD), invited(Role.REVIEWER, "grace")
    user = User.objects.get(username="grace")
    user.set_password(PASSWORD)
    user.save()
    before = TOTPDevice.objects.get(user=user).bin_key
    found = LINK.search(lead.post(f"{PEOPLE}{user.pk}/", {"change": "authenticator"}).content.decode())
    assert found
    browser = follows(found[1])
    assert "The password is wrong" in joins(browser, password="another").content.decode()
    assert TOTPDevice.objects.get(user=user).bin_key == before
    assert len(CODE.findall(joins(browser).content.decode())) == 10
    assert TOTPDevice.objects.get(user=user).bin_key != before and grace.get(SESSIONS).status_code == 302
    assert user.groups.get().name == "proveflow reviewers"


# --- Recovery codes ----------------------------------------------------------------------------------------------


def new_codes(browser: Client) -> list[str]:
    return CODE.findall(browser.post(ACCOUNT, {"codes": "1"}).content.decode())


def test_a_recovery_code_logs_in_once_and_is_stored_as_a_hash() -> None:
    invited(Role.REVIEWER)
    ada = User.objects.get(username="ada")
    ada.set_password(PASSWORD)
    ada.save()
    codes = new_codes(at_the_desk(ada))
    stored = str(list(RecoveryCode.objects.values()))
    assert len(codes) == 10 and not any(code in stored or code.replace("-", "") in stored for code in codes)
    assert log_in("ada", password="wrong", code=codes[0]).status_code == 200
    assert log_in("ada", password=PASSWORD, code=codes[0].lower()).status_code == 302
    assert log_in("ada", password=PASSWORD, code=codes[0]).status_code == 200
    assert RecoveryCode.objects.count() == 9
    assert Event.objects.filter(facts__change="recovery code used").count() == 1


def test_new_codes_end_those_of_before_and_those_of_others_do_not_work() -> None:
    desk = invited(Role.REVIEWER)
    first, second = new_codes(desk), new_codes(desk)
    grace = stale(invited(Role.VIEWER, "grace"))
    for code in (first[0], second[0]):
        assert "The code is wrong" in grace.post(ACCOUNT, {"codes": "1", "code": code}).content.decode()
    stale(desk)
    assert "The code is wrong" in desk.post(ACCOUNT, {"codes": "1", "code": first[1]}).content.decode()
    assert len(CODE.findall(desk.post(ACCOUNT, {"codes": "1", "code": second[1]}).content.decode())) == 10


def test_who_was_invited_by_the_command_gets_recovery_codes_too() -> None:
    out = StringIO()
    call_command("createreviewer", "ada", no_input=True, stdout=out)
    assert len(CODE.findall(out.getvalue())) == RecoveryCode.objects.count() == 10


def test_a_reviewer_sets_up_a_new_authenticator_alone() -> None:
    desk = invited(Role.REVIEWER)
    user = User.objects.get()
    user.set_password(PASSWORD)
    user.save()
    desk = at_the_desk(user)
    assert desk.post(ACCOUNT, {"authenticator": "1"}).headers["Location"] == JOIN
    key = desk.session["proveflow_join"][1]
    assert joins(desk).status_code == 200
    assert b32encode(TOTPDevice.objects.get().bin_key) == b32encode(bytes.fromhex(key))


def test_after_a_restored_backup_no_recovery_code_and_no_link_works() -> None:
    link_for(invited(Role.LEAD))
    after_restore()
    assert not Invitation.objects.exists() and not RecoveryCode.objects.exists()


# --- Step-up -----------------------------------------------------------------------------------------------------


def test_what_shows_a_number_or_ends_a_link_needs_a_code_again_and_then_none_for_a_while(sandbox: Any) -> None:
    desk = invited(Role.REVIEWER)
    steps = ((a_session(state=State.IN_REVIEW), "reveal"), (a_binding(), "reveal"), (a_binding(), "revoke"))
    for row, act in steps:
        path = url_of(row, act)
        stale(desk)
        assert 'name="code"' in desk.get(path).content.decode()
        for code in ("", "000000"):
            answer = desk.post(path, {"reason": WHY, "code": code})
            assert answer.status_code == 200 and row.phone.display not in answer.content.decode()
        assert not row.events.exists()
        desk.post(path, {"reason": WHY, "code": code_for("ada")})
        assert row.events.count() == 1
        assert 'name="code"' not in desk.get(url_of(a_session(), "reveal")).content.decode()


def test_a_decision_needs_no_code_again() -> None:
    desk, session = stale(invited(Role.REVIEWER)), a_session(state=State.IN_REVIEW)
    desk.post(url_of(session, "decline"), {"reason": WHY})
    session.refresh_from_db()
    assert session.review == "declined"


def test_a_log_in_counts_as_a_code_for_step_up_minutes_only(settings: Any) -> None:
    invited(Role.REVIEWER)
    ada = User.objects.get()
    ada.set_password(PASSWORD)
    ada.save()
    browser = Client()
    form = {"username": "ada", "password": PASSWORD, "otp_token": code_for("ada")}
    assert browser.post("/admin/login/", form).status_code == 302
    path = url_of(a_session(), "reveal")
    assert 'name="code"' not in browser.get(path).content.decode()
    settings.STEP_UP = timedelta(0)
    assert 'name="code"' in browser.get(path).content.decode()


def test_guesses_of_a_code_are_limited() -> None:
    desk, path = stale(invited(Role.REVIEWER)), url_of(a_session(), "reveal")
    told = [desk.post(path, {"reason": WHY, "code": "000000"}).content.decode() for _ in range(6)]
    assert "codes and tries are limited" in told[-1] and "codes and tries" not in told[0]
    assert Event.objects.filter(name="login:failed").count() == 5


# --- Django's history --------------------------------------------------------------------------------------------


def test_each_act_is_in_djangos_history_without_a_number_or_a_reason() -> None:
    desk, session = invited(Role.LEAD), a_session(state=State.IN_REVIEW)
    desk.post(f"{SESSIONS}queue/next/")
    for act in ("note", "reveal", "decline"):
        desk.post(url_of(session, act), {"reason": WHY})
    link_for(desk)
    entries = list(LogEntry.objects.order_by("pk").select_related("user"))
    assert [entry.change_message for entry in entries] == ["take", "note", "reveal", "decline", "invited a reviewer"]
    assert {entry.user.username for entry in entries} == {"ada"}
    said = " ".join(f"{entry.object_repr} {entry.change_message}" for entry in entries)
    assert "0101" not in said and WHY not in said and session.reference in said
    assert "decline" in desk.get(f"{SESSIONS}{session.pk}/history/").content.decode()


def test_an_act_that_was_refused_is_not_in_the_history() -> None:
    desk, session = invited(Role.REVIEWER), a_session(state=State.IN_REVIEW)
    desk.post(url_of(session, "decline"), {"reason": ""})
    desk.post(url_of(a_session(), "decline"), {"reason": WHY})
    assert not LogEntry.objects.exists()
