"""Verifies the event log: names what was changed, deleted, inserted, reordered or cut off. It reads, and never writes.

All is read as it is at one moment, in the order of ids and in portions, so that memory is bounded.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Now

from onboarding.events import PREFIX, head_of, mac
from onboarding.hashes import secrets
from onboarding.models import NO_STEP, Checkpoint, Event, OnboardingSession
from onboarding.operations.evidence.checkpoints import SIZE, removed_in_all
from onboarding.operations.evidence.faults import Fault, Finding, Seen
from onboarding.operations.evidence.seals import digest_of, is_sound, secret_of

OVERDUE = timedelta(hours=1)


class Sealed(NamedTuple):
    """A checkpoint as the log of `recover` names it."""

    number: int
    mac: str


def findings(since: datetime | None, seen: Seen, sealed: Sealed | None = None) -> Generator[Finding]:
    """Yield the faults of what was written since, or ever: of events in their order, then of sessions.

    Whoever deletes all checkpoints can change the events, and `recover` seals them anew. Then `sealed` is not there.
    """
    with _one_moment():
        if sealed and not _is_kept(sealed):
            yield Finding(Fault.SEAL_UNKNOWN, checkpoint=sealed.number)
        yield from _checkpoints(since, seen)
        changed = OnboardingSession.objects.filter(moved_at__gte=since) if since else OnboardingSession.objects.all()
        yield from _sessions(changed, seen)


def faults_of_session(session: OnboardingSession, sealed_by: Iterable[Checkpoint]) -> Iterator[Finding]:
    """Yield the faults of a session, of its events, and of the checkpoints that seal them."""
    with _one_moment():
        for portion in _portions(Event.objects.filter(session=session)):
            yield from _faults_of_events(portion, max((row.unsigned_to for row in sealed_by), default=portion[-1].pk))
        last = Checkpoint.objects.order_by("number").last()
        for row in sealed_by:
            before = Checkpoint.objects.filter(number=row.number - 1).first()
            yield from _faults_of(row, before, last or row)
            yield from _sealed_events(row, Seen())
        yield from _sessions(OnboardingSession.objects.filter(pk=session.pk), Seen())


@contextmanager
def _one_moment() -> Iterator[None]:
    """Read in one snapshot, so that what is written or removed meanwhile does not matter."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if connection.vendor == "postgresql" and is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


# --- Checkpoints and their events ---------------------------------------------------------------------------------


def _is_kept(sealed: Sealed) -> bool:
    """Return whether the checkpoint is there, or was dropped because all of its events were removed."""
    last = Checkpoint.objects.order_by("number").last()
    is_dropped = last is not None and sealed.number < last.oldest
    return is_dropped or Checkpoint.objects.filter(number=sealed.number, mac=sealed.mac).exists()


def _checkpoints(since: datetime | None, seen: Seen) -> Iterator[Finding]:
    rows = Checkpoint.objects.order_by("number")
    last = rows.last()
    if last is None:
        yield from _unsealed_events(0, 0, seen)
        return
    chosen = rows.filter(at__gte=since) if since else rows
    before: Checkpoint | None = None
    for row in chosen.iterator(chunk_size=SIZE):
        before = before or rows.filter(number=row.number - 1).first()
        yield from _faults_of(row, before, last)
        yield from _sealed_events(row, seen)
        seen.checkpoints += 1
        before = row
    if removed_in_all(last) < last.removed_in_all:
        yield Finding(Fault.REMOVALS_MISSING, checkpoint=last.number)
    yield from _unsealed_events(last.last, last.unsigned_to, seen)


def _faults_of(row: Checkpoint, before: Checkpoint | None, last: Checkpoint) -> Iterator[Finding]:
    """Yield the faults of a checkpoint, `before` is the one before it, if there is one."""
    if not is_sound(row, secret_of(row)) or row.number < last.oldest:
        yield Finding(Fault.CHECKPOINT_CHANGED, checkpoint=row.number)
    follows = before.mac == row.previous if before else row.number == last.oldest
    if not follows or row.is_last != (row.number == last.number):
        yield Finding(Fault.CHECKPOINT_MISSING, checkpoint=row.number)
    if before is None and (earlier := Event.objects.filter(pk__lte=row.after).order_by("pk").first()):
        yield Finding(Fault.EVENTS_ADDED, event=earlier.pk, checkpoint=row.number)


def _sealed_events(row: Checkpoint, seen: Seen) -> Iterator[Finding]:
    """Yield the faults of the events of a checkpoint, and then whether their count and digest are as sealed."""
    secret, count, digest = secret_of(row), row.removed, row.removed_digest
    for portion in _portions(Event.objects.filter(pk__gt=row.after, pk__lte=row.last)):
        yield from _faults_of_events(portion, row.unsigned_to)
        count += len(portion)
        digest = digest_of(portion, secret, digest) if secret else row.digest
        seen.events += len(portion)
    if count != row.count:
        yield Finding(Fault.EVENTS_MISSING if count < row.count else Fault.EVENTS_ADDED, checkpoint=row.number)
    elif digest != row.digest:
        yield Finding(Fault.EVENTS_CHANGED, checkpoint=row.number)


def _unsealed_events(after: int, unsigned_to: int, seen: Seen) -> Iterator[Finding]:
    """Yield the faults of the events that no checkpoint seals yet."""
    unsealed = Event.objects.filter(pk__gt=after)
    for portion in _portions(unsealed):
        yield from _faults_of_events(portion, unsigned_to or portion[-1].pk)
        seen.events += len(portion)
        seen.unsealed += len(portion)
    if overdue := unsealed.filter(at__lte=Now() - OVERDUE).order_by("pk").first():
        yield Finding(Fault.NOT_SEALED, event=overdue.pk)


# --- Events ------------------------------------------------------------------------------------------------------


def _portions(events: QuerySet[Event]) -> Iterator[list[Event]]:
    """Yield the events in the order of their ids, each with the MAC and the id of the step before it."""
    earlier = Event.objects.filter(session=OuterRef("session_id"), version=OuterRef("version") - 1)
    read = events.order_by(
        "pk"
    ).annotate(  # type: ignore[no-redef]
        before=Subquery(earlier.values("mac")[:1]),
        before_id=Subquery(earlier.values("pk")[:1]),
        session_known=F("session__start_key"),
    )
    after = None
    while portion := list((read if after is None else read.filter(pk__gt=after))[:SIZE]):
        yield portion
        after = portion[-1].pk


def _faults_of_events(events: list[Event], unsigned_to: int) -> Iterator[Finding]:
    keys = secrets()
    repeated = _repeated(events)
    for event in events:
        if fault := Fault.EVENT_REPEATED if event.mac in repeated else _fault_of(event, keys, unsigned_to):
            yield Finding(fault, event=event.pk, session=str(event.session_id) if event.session_id else None)


def _repeated(events: list[Event]) -> set[str]:
    """Return the MACs of events that are no steps which more than one event has."""
    macs = [event.mac for event in events if event.version is None and event.mac]
    same = Event.objects.filter(NO_STEP, mac__in=macs).order_by().values("mac").annotate(count=Count("pk"))
    return set(same.filter(count__gt=1).values_list("mac", flat=True)) if macs else set()


def _fault_of(event: Event, keys: Sequence[str], unsigned_to: int) -> Fault | None:
    is_step, is_first = event.version is not None, event.version == 1
    if event.session_id and not event.session_known:
        return Fault.EVENT_LACKS_SESSION
    if is_step and not is_first and event.before_id is None:
        return Fault.STEP_MISSING
    if event.before_id and event.before_id > event.pk:
        return Fault.STEPS_REORDERED
    if not event.mac:
        return None if event.pk <= unsigned_to else Fault.EVENT_CHANGED
    prefix, tag = ("", event.mac) if is_step else (event.mac[:PREFIX], event.mac[PREFIX:])
    before = event.before or "" if is_step else prefix
    return None if any(mac(event, before, key) == tag for key in keys) else Fault.EVENT_CHANGED


# --- Sessions ----------------------------------------------------------------------------------------------------


def _sessions(sessions: QuerySet[OnboardingSession], seen: Seen) -> Iterator[Finding]:
    """Yield the sessions whose state, version and head are not those of their last step, or that lack a step."""
    steps = Event.objects.filter(session=OuterRef("pk"), version__isnull=False).order_by()
    end = steps.filter(version=OuterRef("version"))
    rows = sessions.order_by("pk").annotate(
        steps=Subquery(steps.values("session").annotate(count=Count("pk")).values("count")),
        end=Subquery(end.values("mac")[:1]),
        end_state=Subquery(end.values("to_state")[:1]),
    )
    after: Any = None
    while portion := list((rows.filter(pk__gt=after) if after else rows)[:SIZE]):
        for session in portion:
            recorded = (session.steps, session.end, session.end_state)
            if recorded != (session.version, head_of(session), session.state):
                yield Finding(Fault.END_MISSING, session=str(session.pk))
        seen.sessions += len(portion)
        after = portion[-1].pk
