"""Invitations: a link that works once, within INVITED_FOR. Who opens it sets up the account; no password travels."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models.functions import Now

from onboarding.desk.access import recovery, roles
from onboarding.desk.access.roles import Role
from onboarding.domain.errors import StaleState
from onboarding.models import Invitation

INVITED_FOR = timedelta(hours=24)


@transaction.atomic
def invite(name: str, role: Role | None, *, by: Any) -> str:
    """Return the token of a link. Without a role, it gives a new authenticator to somebody who has access.

    A link to the same person that was not used ends.
    """
    token = secrets.token_urlsafe(32)
    Invitation.objects.filter(name=name).delete()
    Invitation.objects.create(
        token_hash=hashed(token), name=name, role=role or "", by=by, expires_at=Now() + INVITED_FOR
    )
    roles.record(name, f"invited: {role}" if role else "invited: new authenticator", by=by)
    return token


def find(token_hash: str) -> Invitation | None:
    """Return the invitation, if it was not used and has not ended."""
    return Invitation.objects.filter(token_hash=token_hash, expires_at__gt=Now()).first()


def invited(invitation: Invitation) -> Any:
    """Return the user who gets a new authenticator, or None."""
    return get_user_model()._default_manager.filter(**roles.named(invitation.name), is_staff=True).first()


@transaction.atomic
def accept(invitation: Invitation, *, password: str, key: str, step: int) -> list[str]:
    """Return the recovery codes of who was invited, who has access from now on, by the authenticator with this key.

    `step` is the time step of the code that they typed, which does not work again. Raises StaleState if the invitation
    was used or has ended; ValidationError; ForeignGroup.
    """
    if not Invitation.objects.filter(pk=invitation.pk, expires_at__gt=Now()).delete()[0]:
        raise StaleState
    if invitation.role:
        user = roles.make(invitation.name, password, Role(invitation.role))
    elif (user := invited(invitation)) is None:
        raise StaleState
    roles.new_authenticator(user, key=key, last_t=step)
    return recovery.new_codes(user)


def hashed(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
