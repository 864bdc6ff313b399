"""Roles: who reaches which page and act of the desk, and what ends when access changes."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from onboarding.desk.access.roles import Role
from onboarding.domain.states import State
from onboarding.models import Case, Event, Proposal
from tests.desk.test_admin import BINDINGS, SESSIONS, a_binding, a_session
from tests.desk.test_reviews import at_the_desk
from tests.journey.conftest import Sandbox

pytestmark = pytest.mark.django_db
READ = (
    "/admin/",
    SESSIONS,
    f"{SESSIONS}queue/",
    f"{SESSIONS}figures/",
    f"{SESSIONS}{{session}}/change/",
    BINDINGS,
    f"{BINDINGS}{{binding}}/change/",
)
REVEAL = (f"{SESSIONS}{{session}}/reveal/", f"{BINDINGS}{{binding}}/reveal/")
WORK = tuple(
    f"{SESSIONS}{{session}}/{act}/"
    for act in ("approve", "decline", "snooze", "escalate", "release", "note", "label-fraud", "ids")
)
BACKTEST = (f"{SESSIONS}backtest/",)
ACT = (*WORK, f"{BINDINGS}{{binding}}/revoke/")
MAY = {
    Role.VIEWER: READ,
    Role.AUDITOR: READ + REVEAL + BACKTEST,
    Role.REVIEWER: READ + REVEAL + ACT,
    Role.LEAD: READ + REVEAL + ACT + BACKTEST,
}


def invited(role: Role, name: str = "ada") -> Client:
    call_command("createreviewer", name, "--role", role, no_input=True, stdout=StringIO())
    return at_the_desk(User.objects.get(username=name))


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("reviewer", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("role", [*Role, None, "no authenticator"])
def test_each_role_reaches_its_pages_and_no_others(role: Role | str | None) -> None:
    session, binding = a_session(state=State.IN_REVIEW), a_binding(number="+12025550102")
    if isinstance(role, Role):
        desk = invited(role)
    else:
        desk = Client()
        if role:
            desk.force_login(User.objects.create(username="eve", is_staff=True, is_superuser=True))
    for path in READ + REVEAL + ACT + BACKTEST:
        answer = desk.get(path.format(session=session.pk, binding=binding.pk))
        expected = (200 if path in MAY[role] else 403) if isinstance(role, Role) else 302
        assert answer.status_code == expected, path


def test_every_act_of_the_desk_is_in_the_table_above() -> None:
    desk = invited(Role.LEAD)
    for row, path in ((a_session(state=State.IN_REVIEW), SESSIONS), (a_binding(), BINDINGS)):
        offered = {act.name for act in desk.get(f"{path}{row.pk}/change/").context["acts"]}
        table = {each.rstrip("/").rpartition("/")[2] for each in REVEAL + ACT if each.startswith(path)}
        assert {name.replace("false_alarm", "fraud").replace("unclear", "fraud") for name in offered} == table


def test_a_lead_decides_escalated_cases_and_a_change_of_role_takes_that_away() -> None:
    lead, session = invited(Role.LEAD), a_session(state=State.IN_REVIEW)
    lead.post(f"{SESSIONS}{session.pk}/escalate/", {"reason": "too large for me"})
    run("ada", "--role", "reviewer")
    assert lead.get(SESSIONS).status_code == 302
    reviewer = at_the_desk(User.objects.get(username="ada"))
    reviewer.post(f"{SESSIONS}{session.pk}/decline/", {"reason": "mine again"})
    session.refresh_from_db()
    assert session.review == ""
    assert User.objects.get(username="ada").groups.get().name == "proveflow reviewers"


def test_a_group_of_the_host_project_keeps_its_permissions_and_makes_no_reviewer() -> None:
    of_host = Permission.objects.get(codename="delete_user")
    Group.objects.create(name="Reviewers").permissions.add(of_host)
    invited(Role.REVIEWER)
    assert Group.objects.get(name="Reviewers").permissions.get() == of_host
    group = Group.objects.get(name="proveflow reviewers")
    group.permissions.add(of_host)
    for command in (("createreviewer", "grace", "--no-input"), ("reviewer", "ada")):
        with pytest.raises(CommandError, match="proveflow reviewers has permissions that are not ours"):
            call_command(*command, "--role", "reviewer")
    assert of_host in group.permissions.all() and not User.objects.filter(username="grace").exists()


@pytest.mark.parametrize("change", [("--role", "reviewer"), ("--leave",)])
def test_what_somebody_has_under_way_ends_with_their_role(
    change: tuple[str, ...], settings: Any, sandbox: Sandbox
) -> None:
    settings.TWO_REVIEWERS = ["decline", "revoke"]
    lead, grace = invited(Role.LEAD), invited(Role.LEAD, "grace")
    taken, proposed, binding = a_session(state=State.IN_REVIEW), a_session(state=State.IN_REVIEW), a_binding()
    lead.post(f"{SESSIONS}{taken.pk}/take/")
    for path in (f"{SESSIONS}{proposed.pk}/decline/", f"{BINDINGS}{binding.pk}/revoke/"):
        lead.post(path, {"reason": "seen before"})
    assert Proposal.objects.count() == 2
    run("ada", *change)
    assert not Proposal.objects.exists() and not Case.objects.exclude(reviewer=None).exists()
    grace.post(f"{SESSIONS}{proposed.pk}/decline/", {"reason": "on my own"})
    proposed.refresh_from_db()
    assert proposed.review == ""


def test_permissions_for_keys_end_with_the_role_that_had_them() -> None:
    call_command("createreviewer", "ada", keys=True, no_input=True, stdout=StringIO())
    ada, keys = User.objects.get(), "proveflow_api.add_publishablekey"
    assert ada.has_perm(keys)
    for options, may in ((("--role", "lead", "--keys"), True), (("--role", "lead"), False)):
        run("ada", *options)
        assert User.objects.get().has_perm(keys) is may


def test_a_lost_authenticator_is_replaced_and_the_one_before_ends() -> None:
    desk = invited(Role.REVIEWER)
    before = TOTPDevice.objects.get()
    assert "Scan this" in run("ada", "--new-authenticator")
    assert TOTPDevice.objects.get().bin_key != before.bin_key
    assert desk.get(SESSIONS).status_code == 302


def test_who_leaves_has_no_access_no_cases_and_keeps_their_name_in_the_log() -> None:
    desk, session = invited(Role.REVIEWER), a_session(state=State.IN_REVIEW)
    desk.post(f"{SESSIONS}queue/next/")
    run("ada", "--leave")
    assert desk.get(SESSIONS).status_code == 302 and not TOTPDevice.objects.exists()
    user = User.objects.get(username="ada")
    assert not (user.is_active or user.is_staff or user.has_usable_password() or user.groups.exists())
    assert Case.objects.get().reviewer is None and session.events.get().actor == user
    assert Event.objects.get(name="reviewer:changed").facts["change"] == "left"


def test_nobody_else_is_logged_out_and_an_unknown_name_is_an_error() -> None:
    _ada, grace = invited(Role.REVIEWER), invited(Role.VIEWER, "grace")
    run("ada", "--leave")
    assert grace.get(SESSIONS).status_code == 200
    for name in ("nobody", "ada"):
        with pytest.raises(CommandError, match="no reviewer"):
            run(name, "--leave")
