"""Gives a person all that is stored about their number, and erases it.

What stays: keyed hashes in budgets, which end by themselves, and the key's id until Prove has confirmed that it is
revoked.
"""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Model, Q, QuerySet

from onboarding import events, signals
from onboarding.domain.errors import StaleState
from onboarding.domain.phone import Number
from onboarding.domain.states import CLAIMS
from onboarding.events import Name
from onboarding.hashes import keyed_hash
from onboarding.journey import unlinking
from onboarding.models import Binding, Case, Event, OnboardingSession, ProveKey, of_number
from onboarding.models.number import number_hashes
from onboarding.operations.evidence.removal import remove, removing
from onboarding.operations.recovery import unknown_elsewhere

PURPOSE = "onboarding.subjects"


@dataclass(frozen=True)
class Receipt:
    """What was erased. `subject` is the keyed hash of the number; no number, and nothing else of the person."""

    receipt: str
    subject: str
    sessions: int
    links: int
    people: int
    revocations_owed: int  # that `recover` repeats until Prove confirms them


def export(number: Number) -> Mapping[str, object]:
    """Return the rows about the number, as JSON can hold them with `default=str`. That it was done is an event."""
    sessions, bindings = _rows(number)
    about = Event.objects.filter(Q(session__in=sessions) | Q(binding__in=bindings)).order_by("pk")
    begun = [_columns(row) for row in sessions.order_by("created_at")]
    links = [_columns(row) for row in bindings.order_by("pk")]
    logged = list(about.values("at", "name", "session", "binding", "from_state", "to_state", "facts"))
    facts = {"subject": _subject(number), "sessions": len(begun), "links": len(links)}
    events.record(Name.SUBJECT_EXPORTED, facts)
    return {"sessions": begun, "links": links, "events": logged, **_about(sessions, bindings)}


def _about(sessions: QuerySet[OnboardingSession], bindings: QuerySet[Binding]) -> Mapping[str, object]:
    """Return what other tables have of the person: the account, the keys, and what reviewers noted of a case."""
    users = get_user_model()._default_manager.filter(pk__in=bindings.values("user")).order_by("pk")
    known = ProveKey.objects.filter(pk__in=_keys(sessions, bindings)).order_by("pk")
    cases = Case.objects.filter(session__in=sessions).order_by("pk")
    return {
        "people": [{"id": user.pk, "name": user.get_username(), "last_login": user.last_login} for user in users],
        "keys": [_columns(key) for key in known],
        "cases": list(cases.values("session", "snoozed_until", "escalated_at", "outcome")),
    }


def _keys(sessions: QuerySet[OnboardingSession], bindings: QuerySet[Binding]) -> set[str]:
    """Return Prove's ids of the keys."""
    return {*bindings.values_list("device_id", flat=True), *sessions.values_list("device_id", flat=True)} - {""}


def erase(number: Number) -> Receipt:
    """Unlink the number here and at Prove, then delete the rows about it. Interrupted, it can be run again.

    Raises StaleState if a request is at work on the number: nothing of its rows was deleted.
    """
    sessions, bindings = _rows(number)
    for binding in bindings.filter(confirmed=True):
        unlinking.unlink(binding=binding, reason="erased")
    keys = _keys(sessions, bindings)
    with removing():
        receipt = _erase_rows(number, sessions, bindings, keys)
        events.record(Name.SUBJECT_ERASED, asdict(receipt))
    return receipt


def _erase_rows(
    number: Number, sessions: QuerySet[OnboardingSession], bindings: QuerySet[Binding], keys: set[str]
) -> Receipt:
    """Delete the rows, which are locked before they are judged."""
    states = dict(sessions.select_for_update().values_list("pk", "state"))
    links = list(bindings.select_for_update())
    if not CLAIMS.isdisjoint(states.values()) or any(link.confirmed for link in links):
        raise StaleState
    of_sessions = Q(change__session__in=[str(pk) for pk in states])
    of_the_number = Q(change__number_hash__in=number_hashes(number.e164)) | Q(change__number__in=list(number.spellings))
    signals.forget(of_sessions | of_the_number)
    remove(Event.objects.filter(Q(session__in=list(states)) | Q(binding__in=links)))
    OnboardingSession.objects.filter(pk__in=list(states)).delete()
    Binding.objects.filter(pk__in=[link.pk for link in links]).delete()
    still_linked = Binding.objects.filter(device_id__in=keys, confirmed=True).values("device_id")
    known = ProveKey.objects.filter(pk__in=keys).exclude(pk__in=still_linked)
    owed = known.filter(tell_prove_at__isnull=False).count()
    known.filter(tell_prove_at=None).delete()
    people = unknown_elsewhere().filter(pk__in=[link.user_id for link in links])
    gone = len(people)
    people.delete()
    return Receipt(str(uuid.uuid4()), _subject(number), len(states), len(links), gone, owed)


def _rows(number: Number) -> tuple[QuerySet[OnboardingSession], QuerySet[Binding]]:
    about = of_number(number.e164)
    return OnboardingSession.objects.filter(about), Binding.objects.filter(about)


def _subject(number: Number) -> str:
    return keyed_hash(PURPOSE, number.subscriber)


def _columns(row: Model) -> dict[str, Any]:
    return {field.attname: field.value_from_object(row) for field in row._meta.concrete_fields}
