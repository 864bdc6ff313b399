"""Links a number and a key to a person, and revokes links. Only verbs call this, inside their own transaction."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils.translation import get_language

from onboarding import events, hooks, signals
from onboarding.domain.phone import same
from onboarding.domain.states import PASSED
from onboarding.events import Name
from onboarding.journey import keys
from onboarding.models import Binding, OnboardingSession, of_number
from onboarding.upstream.prove import UnifyAnswer


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
    proof = proof_of(session, linked, answer)
    user = hooks.user_for(proof) if hooks.is_overridden("user_for") else None
    of_the_number = [each for each in linked if same(each.number, session.number)]
    theirs = [each for each in of_the_number if each.prove_id != answer.prove_id or (user and each.user != user)]
    moved = [each for each in linked if each.device_id == answer.device_id and each not in of_the_number]
    others = revoke(theirs, why="number has a new person")
    keys.revoke({binding.device_id for binding in others} - {answer.device_id})
    moved_from = next(iter(revoke(moved, why="key has a new number")), None)
    for binding in of_the_number:
        if binding not in theirs and binding.device_id == answer.device_id:
            return Linked(binding, is_new=False, moved_from=moved_from)
    binding = Binding.objects.create(
        user=user or hooks.user_for(proof),
        name=session.device_name or "Prove Key",
        number=session.number,
        prove_id=str(answer.prove_id),
        device_id=str(answer.device_id),
        moved_from=moved_from,
        language=get_language() or "",
    )
    _announce(binding, theirs)
    return Linked(binding, is_new=True, moved_from=moved_from)


def _announce(binding: Binding, theirs: Sequence[Binding]) -> None:
    """Tell the host project of a new link, and of the people whose number it was."""
    user = str(binding.user_id)
    signals.announce(signals.NumberLinked(user=user, number=binding.number, binding=str(binding.public_id)))
    for previous in sorted({str(each.user_id) for each in theirs} - {user}):
        signals.announce(signals.NumberMoved(user=user, previous_user=previous, number=binding.number))


def devices_of(person: Binding) -> QuerySet[Binding]:
    """Return the bindings in force of the person of a binding, each with `seen_at`: when it last verified them."""
    verified = Max("sessions__moved_at", filter=Q(sessions__state__in=PASSED))
    devices = Binding.objects.filter(user=person.user_id, confirmed=True)
    return devices.annotate(seen_at=Coalesce(verified, "created_at")).order_by("-seen_at", "-pk")  # type: ignore[no-redef]


def linked_to(number: str, device_id: str | None) -> list[Binding]:
    """Return the bindings in force of the number or the key, with their people, the oldest first."""
    either = of_number(number) | Q(device_id=device_id) if device_id else of_number(number)
    return list(Binding.objects.filter(either, confirmed=True).select_related("user").order_by("pk"))


def proof_of(session: OnboardingSession, linked: Sequence[Binding], answer: UnifyAnswer | None = None) -> hooks.Proof:
    """Return what a hook is told. `linked` has the bindings in force of the number."""
    owner = next((each.user for each in linked if same(each.number, session.number)), None)
    if answer is None:
        return hooks.Proof(session.number, device_id=session.device_id, owner=owner)
    return hooks.Proof(session.number, str(answer.prove_id or ""), str(answer.device_id or ""), owner)


def was_linked(number: str) -> bool:
    """Return whether the number is linked, or was, to any key."""
    return Binding.objects.filter(of_number(number)).exists()


def revoke(bindings: Iterable[Binding], *, why: str, by: AbstractBaseUser | None = None) -> list[Binding]:
    """Revoke the bindings, and return those that were not revoked before."""
    revoked = [each for each in bindings if _revoke(each)]
    for binding in revoked:
        events.record(Name.BINDING_REVOKED, {"why": why}, binding=binding, actor=by)
        user, public_id = str(binding.user_id), str(binding.public_id)
        signals.announce(signals.NumberUnlinked(user=user, number=binding.number, binding=public_id, why=why))
    return revoked


def _revoke(binding: Binding) -> bool:
    return bool(Binding.objects.filter(pk=binding.pk, confirmed=True).update(confirmed=False, revoked_at=Now()))
