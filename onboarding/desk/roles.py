"""The roles of the desk, which are groups, and the changes of a reviewer's access. Each change is an event."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from onboarding import events
from onboarding.events import Name
from onboarding.models import Case


class Role(StrEnum):
    """What somebody is at the desk."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    LEAD = "lead"
    AUDITOR = "auditor"


VIEWS = frozenset({"view_onboardingsession", "view_binding", "view_event"})
ACTS = frozenset(
    {
        *("approve_onboardingsession", "decline_onboardingsession", "reveal_onboardingsession"),
        *("work_onboardingsession", "revoke_binding", "reveal_binding"),
    }
)
PERMISSIONS: Mapping[Role, frozenset[str]] = {
    Role.VIEWER: VIEWS,
    Role.REVIEWER: VIEWS | ACTS,
    Role.LEAD: VIEWS | ACTS | {"lead_onboardingsession"},
    Role.AUDITOR: VIEWS | {"reveal_onboardingsession", "reveal_binding"},
}
GROUPS: Mapping[Role, str] = {
    Role.VIEWER: "Viewers",
    Role.REVIEWER: "Reviewers",
    Role.LEAD: "Leads",
    Role.AUDITOR: "Auditors",
}


def give(user: Any, role: Role) -> None:
    """Let the user have this role and no other one of the desk's."""
    group, _new = Group.objects.get_or_create(name=GROUPS[role])
    known = Permission.objects.filter(content_type__app_label="proveflow", codename__in=PERMISSIONS[role])
    group.permissions.set(known)
    user.groups.remove(*Group.objects.filter(name__in=GROUPS.values()).exclude(pk=group.pk))
    user.groups.add(group)


@transaction.atomic
def change_role(user: Any, role: Role) -> None:
    """Give another role."""
    give(user, role)
    _changed(user, f"role: {role}")


@transaction.atomic
def new_authenticator(user: Any) -> TOTPDevice:
    """Return a new authenticator, after the loss of the one before, which ends."""
    TOTPDevice.objects.filter(user=user).delete()
    device = TOTPDevice.objects.create(user=user, name="Authenticator")
    _changed(user, "new authenticator")
    return device


@transaction.atomic
def leave(user: Any) -> None:
    """End the access: the account, its authenticators, roles and cases. The log keeps the name."""
    TOTPDevice.objects.filter(user=user).delete()
    user.groups.clear()
    user.user_permissions.clear()
    Case.objects.filter(reviewer=user).update(reviewer=None, taken_until=None)
    user.is_active = user.is_staff = False
    user.set_unusable_password()
    user.save()
    _changed(user, "left")


def _changed(user: Any, change: str) -> None:
    """End the user's log-ins, and write the event."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()
    events.record(Name.REVIEWER_CHANGED, {"account": events.account_hash(user.get_username()), "change": change})
