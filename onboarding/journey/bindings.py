"""Links a number and a key to a person, and revokes links. Only verbs call this, inside their own transaction."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser, User
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils.translation import get_language

from onboarding import events
from onboarding.domain.states import PASSED
from onboarding.events import Name
from onboarding.journey import keys
from onboarding.models import Binding, OnboardingSession
from onboarding.upstream.prove import UnifyAnswer

USERNAME_PREFIX = "prove:"  # and the proveId


class Linked(NamedTuple):
    """The result of `link`. `moved_from` is the binding that the key had with another number until now, or None."""

    binding: Binding
    is_new: bool
    moved_from: Binding | None


def link(session: OnboardingSession, answer: UnifyAnswer, linked: Sequence[Binding]) -> Linked:
    """Link the session's number to the key that `answer` names, for the person of its proveId.

    A number belongs to one person, and a key has one number: other bindings of either are revoked. The keys of other
    people are revoked at Prove, too; a key that moves to this number stays in use.
    `linked` is what `linked_to` returns.
    """
    theirs = [each for each in linked if each.number == session.number and each.prove_id != answer.prove_id]
    moved = [each for each in linked if each.device_id == answer.device_id and each.number != session.number]
    others = revoke(theirs, why="number has a new person")
    keys.revoke({binding.device_id for binding in others} - {answer.device_id})
    moved_from = next(iter(revoke(moved, why="key has a new number")), None)
    for binding in linked:
        if binding not in theirs and binding.device_id == answer.device_id and binding.number == session.number:
            return Linked(binding, is_new=False, moved_from=moved_from)
    binding = Binding.objects.create(
        user=_user_of(answer),
        name=session.device_name or "Prove Key",
        number=session.number,
        prove_id=str(answer.prove_id),
        device_id=str(answer.device_id),
        moved_from=moved_from,
        language=get_language() or "",
    )
    return Linked(binding, is_new=True, moved_from=moved_from)


def devices_of(person: Binding) -> QuerySet[Binding]:
    """Return the bindings in force of the person of a binding, each with `seen_at`: when it last verified them."""
    verified = Max("sessions__moved_at", filter=Q(sessions__state__in=PASSED))
    devices = Binding.objects.filter(user=person.user_id, confirmed=True)
    return devices.annotate(seen_at=Coalesce(verified, "created_at")).order_by("-seen_at", "-pk")  # type: ignore[no-redef]


def linked_to(number: str, device_id: str | None) -> list[Binding]:
    """Return the bindings in force of the number or the key, with their people, the oldest first."""
    same = Q(number=number) | Q(device_id=device_id) if device_id else Q(number=number)
    return list(Binding.objects.filter(same, confirmed=True).select_related("user").order_by("pk"))


def _user_of(answer: UnifyAnswer) -> User:
    people, username = get_user_model().objects, USERNAME_PREFIX + str(answer.prove_id)
    return people.filter(username=username).first() or people.create(username=username, password=make_password(None))


def revoke(bindings: Iterable[Binding], *, why: str, by: AbstractBaseUser | None = None) -> list[Binding]:
    """Revoke the bindings, and return those that were not revoked before."""
    revoked = [each for each in bindings if _revoke(each)]
    for binding in revoked:
        events.record(Name.BINDING_REVOKED, {"why": why}, binding=binding, actor=by)
    return revoked


def _revoke(binding: Binding) -> bool:
    return bool(Binding.objects.filter(pk=binding.pk, confirmed=True).update(confirmed=False, revoked_at=Now()))
