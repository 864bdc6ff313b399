"""Whose number and key it is. Only `flow` calls this, inside the transaction of the session's own move."""

from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import get_language

from onboarding import events
from onboarding.events import Name
from onboarding.models import Binding, OnboardingSession
from onboarding.upstream.prove import Reply


class Linked(NamedTuple):
    """`former` is the binding of another number that the key had until now, if it had one."""

    binding: Binding
    is_new: bool
    former: Binding | None


def link(session: OnboardingSession, reply: Reply) -> Linked:
    """The person is whom Prove's proveId says, whoever had the number before; the key has one number, this one."""
    user, _ = get_user_model().objects.get_or_create(
        username=f"prove:{reply.prove_id}", defaults={"password": make_password(None)}
    )
    of_others = Q(number=session.number) & ~Q(prove_id=reply.prove_id)
    its_own = Q(device_id=reply.device_id) if reply.device_id else Q(pk=session.moves_from_id)
    of_the_key = its_own & ~Q(number=session.number, user=user)
    former = None
    for stale in Binding.objects.filter(of_others | of_the_key, confirmed=True):
        former = stale if stale.number != session.number else former
        revoke(stale, why="number has a new person" if stale.number == session.number else "key has a new number")
    binding, new = Binding.objects.get_or_create(
        user=user,
        number=session.number,
        prove_id=reply.prove_id,
        device_id=reply.device_id or "",
        confirmed=True,
        defaults={"name": "Prove Key", "moved_from": former, "language": get_language() or ""},
    )
    if binding.device_id:  # linked again: Prove has nothing to forget any more
        Binding.objects.filter(device_id=binding.device_id).update(tell_prove_at=None)
    if new:
        events.record(Name.BINDING_MADE, {}, session=session, binding=binding)
    return Linked(binding, new, former)


def revoke(binding: Binding, *, why: str, by: AbstractBaseUser | None = None) -> bool:
    """Whether it was not revoked before."""
    revoked = Binding.objects.filter(pk=binding.pk, confirmed=True).update(confirmed=False, revoked_at=Now())
    if revoked:
        events.record(Name.BINDING_REVOKED, {"why": why}, binding=binding, actor=by)
    return bool(revoked)
