"""Links a number and a key to a person, and revokes links. Only verbs call this, inside their own transaction."""

from collections.abc import Iterable
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser
from django.db.models.functions import Now
from django.utils.translation import get_language

from onboarding import events
from onboarding.events import Name
from onboarding.journey import keys
from onboarding.models import Binding, OnboardingSession
from onboarding.upstream.prove import UnifyAnswer


class Linked(NamedTuple):
    """The result of `link`. `moved_from` is the binding that the key had with another number until now, or None."""

    binding: Binding
    is_new: bool
    moved_from: Binding | None


def link(session: OnboardingSession, answer: UnifyAnswer) -> Linked:
    """Link the session's number to the key that `answer` names, for the person of its proveId.

    A number belongs to one person, and a key has one number: other bindings of either are revoked. The keys of other
    people are revoked at Prove, too; a key that moves to this number stays in use.
    """
    linked = Binding.objects.filter(confirmed=True).order_by("pk")
    of_others = linked.filter(number=session.number).exclude(prove_id=answer.prove_id)
    others = revoke(of_others, why="number has a new person")
    keys.revoke({binding.device_id for binding in others} - {answer.device_id})
    of_the_key = linked.filter(device_id=answer.device_id).exclude(number=session.number)
    moved_from = next(iter(revoke(of_the_key, why="key has a new number")), None)
    binding, is_new = Binding.objects.get_or_create(
        user=_user_of(answer),
        number=session.number,
        prove_id=answer.prove_id,
        device_id=answer.device_id,
        confirmed=True,
        defaults={"name": "Prove Key", "moved_from": moved_from, "language": get_language() or ""},
    )
    if is_new:
        events.record(Name.BINDING_MADE, {}, session=session, binding=binding)
    return Linked(binding, is_new, moved_from)


def _user_of(answer: UnifyAnswer) -> AbstractBaseUser:
    user, _ = get_user_model().objects.get_or_create(
        username=f"prove:{answer.prove_id}", defaults={"password": make_password(None)}
    )
    return user


def revoke(bindings: Iterable[Binding], *, why: str, by: AbstractBaseUser | None = None) -> list[Binding]:
    """Revoke the bindings, and return those that were not revoked before."""
    revoked = [each for each in bindings if _revoke(each)]
    for binding in revoked:
        events.record(Name.BINDING_REVOKED, {"why": why}, binding=binding, actor=by)
    return revoked


def _revoke(binding: Binding) -> bool:
    return bool(Binding.objects.filter(pk=binding.pk, confirmed=True).update(confirmed=False, revoked_at=Now()))
