"""The roles of the desk, which are groups, and the changes of a reviewer's access. Each change is an event."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from onboarding import events
from onboarding.events import Name
from onboarding.models import Case, Invitation, Proposal, RecoveryCode


class ForeignGroup(Exception):
    """A group with the name of a role has permissions that the role does not: it is the host project's."""


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
    Role.LEAD: VIEWS | ACTS | {"lead_onboardingsession", "backtest_onboardingsession"},
    Role.AUDITOR: VIEWS | {"reveal_onboardingsession", "reveal_binding", "backtest_onboardingsession"},
}
GROUPS: Mapping[Role, str] = {role: f"proveflow {role}s" for role in Role}
KEYS = ("view_publishablekey", "add_publishablekey", "revoke_publishablekey")
OURS, OF_API = "proveflow", "proveflow_api"
LABELS = (OURS, OF_API, "onboarding")  # the last is what the label of the app was


def give(user: Any, role: Role, *, keys: bool = False) -> None:
    """Let the user have this role and no other one of the desk's; with `keys`, also make and revoke publishable keys.

    Raises ForeignGroup.
    """
    group, _new = Group.objects.get_or_create(name=GROUPS[role])
    if group.permissions.exclude(content_type__app_label__in=LABELS).exists():
        raise ForeignGroup(f"The group {group.name} has permissions that are not ours: give it another name.")
    group.permissions.set(Permission.objects.filter(content_type__app_label=OURS, codename__in=PERMISSIONS[role]))
    user.groups.remove(*Group.objects.filter(name__in=GROUPS.values()).exclude(pk=group.pk))
    user.groups.add(group)
    of_keys = Permission.objects.filter(content_type__app_label=OF_API, codename__in=KEYS)
    change = user.user_permissions.add if keys else user.user_permissions.remove
    change(*of_keys)


@transaction.atomic
def change_role(user: Any, role: Role, *, keys: bool = False, by: Any = None) -> None:
    """Give another role. What the user has under way at the desk ends. Raises as `give`."""
    give(user, role, keys=keys)
    _end_work(user)
    _changed(user, f"role: {role}", by)


def named(name: str) -> dict[str, str]:
    """Return the field by which the user model names users, with the name."""
    model: Any = get_user_model()
    return {model.USERNAME_FIELD: name}


@transaction.atomic
def make(name: str, password: str, role: Role, *, keys: bool = False) -> Any:
    """Return a new reviewer, who needs an authenticator to log in. Raises ValidationError; ForeignGroup."""
    user: Any = get_user_model()(**named(name), is_staff=True)
    user.set_password(password)
    user.full_clean()
    user.save()
    give(user, role, keys=keys)
    return user


@transaction.atomic
def new_authenticator(user: Any, **columns: object) -> TOTPDevice:
    """Return a new authenticator. The one before ends, if there is one, and so do log-ins and recovery codes."""
    TOTPDevice.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()
    device = TOTPDevice.objects.create(user=user, name="Authenticator", **columns)
    _changed(user, "new authenticator")
    return device


@transaction.atomic
def leave(user: Any, *, by: Any = None) -> None:
    """End the access: the account, its authenticators, roles and work. The log keeps the name."""
    TOTPDevice.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()
    Invitation.objects.filter(name=user.get_username()).delete()
    user.groups.clear()
    user.user_permissions.clear()
    _end_work(user)
    user.is_active = user.is_staff = user.is_superuser = False
    user.set_unusable_password()
    user.save()
    _changed(user, "left", by)


def _end_work(user: Any) -> None:
    """Put the user's cases back into the queue, and withdraw what they proposed and whom they invited."""
    Case.objects.filter(reviewer=user).update(reviewer=None, taken_until=None)
    Proposal.objects.filter(by=user).delete()
    Invitation.objects.filter(by=user).exclude(name=user.get_username()).delete()


def _changed(user: Any, change: str, by: Any = None) -> None:
    """End the user's log-ins, and write the event."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()
    record(user.get_username(), change, by=by)


def record(name: str, change: str, *, by: Any = None) -> None:
    """Write the event of a change of somebody's access."""
    events.record(Name.REVIEWER_CHANGED, {"account": events.account_hash(name), "change": change}, actor=by)
