"""Ends what crashed processes left behind, and deletes what is older than its retention.

Any number of nodes may run this at the same time. It may be killed at any point and run again. A run is bounded: it
takes rows by index, in short transactions, and leaves the rest to the next run.
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import DatabaseError, transaction
from django.db.models import Exists, ForeignObjectRel, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.dispatch import Signal

from onboarding import hooks, limits, signals
from onboarding.conf import conf
from onboarding.domain.errors import StaleState
from onboarding.domain.states import CLAIMS, FINAL, OPEN
from onboarding.figures.rollup import roll_up
from onboarding.journey import flow, keys, risk, unlinking
from onboarding.journey.clock import CLAIM_TIMEOUT
from onboarding.models import Binding, Event, Invitation, OnboardingSession, ProveKey
from onboarding.operations.evidence.checkpoints import seal
from onboarding.operations.evidence.removal import remove, removing

TELL_AGAIN = CLAIM_TIMEOUT * 15  # 10 minutes between attempts to tell Prove of a revoked key
UPGRADE_LASTS = timedelta(days=1)
BATCH = 500  # rows per transaction
BATCHES = 40  # of one table in a run; what is left is for the next run
AT_ONCE = 1_000  # sessions that a run ends
CALLS = 50  # revocations that a run sends to Prove
log = logging.getLogger(__name__)
deleting = Signal()  # sent when old rows are deleted, for tables of other apps


def recover() -> Mapping[str, int]:
    """Return how many lost claims, overdue sessions, revocations for Prove and old rows were dealt with.

    The figures of the dashboard are brought up to date, and new events are sealed.
    """
    lost = Q(state__in=CLAIMS, moved_at__lte=Now() - CLAIM_TIMEOUT)
    ended = Q(state__in=OPEN, expires_at__lte=Now())
    done = {
        "claims lost": _catch_up(lost),
        "sessions ended": _catch_up(ended),
        "keys remembered": _remember_keys(),
        "revokes told": _tell_prove(),
        "signals sent": signals.send_again(),
        "rows forgotten": _delete_old(),
    }
    roll_up()
    seal()
    return done


def _catch_up(overdue: Q) -> int:
    """Return how many of the sessions were ended. One that fails is logged, and does not stop the others."""
    done = 0
    for session in list(OnboardingSession.timed.filter(overdue).order_by("moved_at")[:AT_ONCE]):
        version = session.version
        try:
            done += flow.catch_up(session=session).version != version
        except StaleState:
            continue
        except DatabaseError:
            log.exception("A session could not be caught up.")
    return done


def _remember_keys() -> int:
    """Return how many keys were remembered that a process of a release without a memory of keys has revoked."""
    same_key = OuterRef("device_id")
    known = ProveKey.objects.filter(pk=same_key)
    linked = Binding.objects.filter(confirmed=True, device_id=same_key)
    revoked = Binding.objects.filter(confirmed=False, revoked_at__gte=Now() - UPGRADE_LASTS).exclude(device_id="")
    forgotten = set(
        revoked.exclude(Exists(known)).exclude(Exists(linked)).values_list("device_id", flat=True)[:AT_ONCE]
    )
    made = [ProveKey(device_id=key, revoked_at=Now(), tell_prove_at=Now()) for key in sorted(forgotten)]
    return len(ProveKey.objects.bulk_create(made, ignore_conflicts=True))  # one that is being linked has a row


def _tell_prove() -> int:
    """Return how many revocations Prove has received. The node whose UPDATE moves `tell_prove_at` sends it."""
    told = 0
    due = ProveKey.objects.filter(tell_prove_at__lte=Now())
    for key in list(due.order_by("tell_prove_at")[:CALLS]):
        if due.filter(pk=key.pk).update(tell_prove_at=Now() + TELL_AGAIN):
            told += unlinking.tell_prove(device_id=key.device_id)
    return told


def _delete_old() -> int:
    """Return how many sessions, bindings, people, events and browser sessions were deleted."""
    past, of_links, of_log = (
        Now() - timedelta(days=days)
        for days in (conf.RETENTION_DAYS, conf.LINK_RETENTION_DAYS, conf.LOG_RETENTION_DAYS)
    )
    for rows in limits.expired():
        _delete(rows)
    deleting.send(None)
    return (
        _delete_sessions(past)
        + _delete_links(of_links, past)
        + _delete(_forgettable_keys().filter(revoked_at__lte=past))
        + _delete_events(of_log)
        + _delete(Invitation.objects.filter(expires_at__lte=Now()))
        + _delete(Session.objects.filter(expire_date__lte=Now()))
    )


def _forgettable_keys() -> QuerySet[ProveKey]:
    """Return the keys that are linked to no number and of which Prove has heard all."""
    linked = Binding.objects.filter(confirmed=True, device_id=OuterRef("device_id"))
    return ProveKey.objects.filter(~Exists(linked), tell_prove_at=None).exclude(device_id=keys.EVERY_KEY)


def _forget_keys(device_ids: Iterable[str], past: Combinable) -> int:
    """Return how many of these keys were deleted, whose session or binding was: none that is linked or revoked lately.

    Keys that are revoked later are found by the time of that.
    """
    unrevoked = Q(revoked_at__lte=past) | Q(revoked_at=None)
    return _forgettable_keys().filter(unrevoked, pk__in=set(device_ids)).delete()[0]


def _delete_sessions(past: Combinable) -> int:
    """Return how many sessions and keys were deleted. What a hold or a decline may stand on is kept until its end."""
    old = OnboardingSession.objects.filter(state__in=FINAL, created_at__lte=past).exclude(risk.after_a_code())
    deleted = 0
    for _ in range(BATCHES):
        with removing():
            batch = dict(old.select_for_update(skip_locked=True).values_list("pk", "device_id")[:BATCH])
            remove(Event.objects.filter(session__in=batch))
            OnboardingSession.objects.filter(pk__in=batch).delete()
            deleted += len(batch) + _forget_keys(batch.values(), past)
        if len(batch) < BATCH:
            break
    return deleted


def _delete_links(revoked_until: Combinable, past: Combinable) -> int:
    """Return how many bindings, keys and people were deleted. A person goes with their last binding.

    A key that moved is known by the binding that it had before, which is therefore kept for REBIND_COOLING_OFF.
    """
    revoked = Binding.objects.filter(confirmed=False, revoked_at__lte=revoked_until)
    old = revoked.filter(revoked_at__lte=Now() - conf.REBIND_COOLING_OFF).order_by("revoked_at")
    deleted = 0
    for _ in range(BATCHES):
        with removing():
            batch = list(old.select_for_update(skip_locked=True)[:BATCH])
            Binding.objects.filter(pk__in=[binding.pk for binding in batch]).delete()
            people = unknown_elsewhere().filter(pk__in=[binding.user_id for binding in batch])
            locked = list(people.select_for_update().values_list("pk", flat=True))
            people.filter(pk__in=locked).delete()  # as their locks keep them from being linked again
            deleted += len(batch) + len(locked) + _forget_keys((binding.device_id for binding in batch), past)
        if len(batch) < BATCH:
            break
    return deleted


def _delete_events(past: Combinable) -> int:
    """Return how many events of no session were deleted."""
    old = Event.objects.filter(session=None, at__lte=past).order_by("pk").values_list("pk", flat=True)
    deleted = 0
    for _ in range(BATCHES):
        with removing():
            count = remove(Event.objects.filter(pk__in=list(old[:BATCH])))
        deleted += count
        if count < BATCH:
            break
    return deleted


def unknown_elsewhere() -> QuerySet[Any]:
    """Return the users that a link made and to whom no row of any table refers, of the host project's neither."""
    user = get_user_model()
    people = user._default_manager.filter(hooks.made_here())
    for relation in user._meta.get_fields(include_hidden=True):
        if isinstance(relation, ForeignObjectRel) and not relation.many_to_many:
            table: Any = relation.related_model
            refers = table._base_manager.filter(**{relation.field.name: OuterRef(relation.field.target_field.attname)})
            people = people.exclude(Exists(refers))
    return people


def _delete(old: QuerySet[Any]) -> int:
    """Return how many rows were deleted. Works in batches, and skips rows that another node has locked."""
    deleted = 0
    for _ in range(BATCHES):
        with transaction.atomic():
            batch = list(old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:BATCH])
            old.model._default_manager.filter(pk__in=batch).delete()
        deleted += len(batch)
        if len(batch) < BATCH:
            break
    return deleted
