"""Links a number and a key to a person, and revokes links. Only verbs call this, inside their own transaction."""

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
from onboarding.upstream.prove import UnifyAnswer


class Linked(NamedTuple):
    """The result of `link`. `moved_from` is the binding that the key had with another number until now, or None."""

    binding: Binding
    is_new: bool
    moved_from: Binding | None


def link(session: OnboardingSession, answer: UnifyAnswer) -> Linked:
    """Link the session's number to the key that `answer` names, for the person of its proveId.

    A number belongs to one person, and a key has one number: other bindings of either are revoked.
    """
    _revoke_other_people(session, answer)
    moved_from = _revoke_other_number(session, answer)
    binding, is_new = Binding.objects.get_or_create(
        user=_user_of(answer),
        number=session.number,
        prove_id=answer.prove_id,
        device_id=answer.device_id or "",
        confirmed=True,
        defaults={"name": "Prove Key", "moved_from": moved_from, "language": get_language() or ""},
    )
    if binding.device_id:  # the key is in use again: Prove must not be asked to revoke it
        Binding.objects.filter(device_id=binding.device_id).update(tell_prove_at=None)
    if is_new:
        events.record(Name.BINDING_MADE, {}, session=session, binding=binding)
    return Linked(binding, is_new, moved_from)


def _user_of(answer: UnifyAnswer) -> AbstractBaseUser:
    user, _ = get_user_model().objects.get_or_create(
        username=f"prove:{answer.prove_id}", defaults={"password": make_password(None)}
    )
    return user


def _revoke_other_people(session: OnboardingSession, answer: UnifyAnswer) -> None:
    """Revoke the bindings of everybody else who had the number: it has a new owner."""
    for binding in Binding.objects.filter(number=session.number, confirmed=True).exclude(prove_id=answer.prove_id):
        revoke(binding, why="number has a new person")


def _revoke_other_number(session: OnboardingSession, answer: UnifyAnswer) -> Binding | None:
    """Revoke and return the binding of the key with another number, if there is one.

    Where Prove names no key, it is the one that this browser was verified by before the rebind.
    """
    key = Q(device_id=answer.device_id) if answer.device_id else Q(pk=session.moves_from_id)
    earlier = Binding.objects.filter(key, confirmed=True).exclude(number=session.number).first()
    if earlier:
        revoke(earlier, why="key has a new number")
    return earlier


def revoke(binding: Binding, *, why: str, by: AbstractBaseUser | None = None) -> bool:
    """Revoke the binding. Return False if it was revoked before."""
    revoked = Binding.objects.filter(pk=binding.pk, confirmed=True).update(confirmed=False, revoked_at=Now())
    if revoked:
        events.record(Name.BINDING_REVOKED, {"why": why}, binding=binding, actor=by)
    return bool(revoked)
