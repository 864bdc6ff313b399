"""Writes checkpoints, which seal the events of before. Writers of events do not wait for it, nor it for them.

What a running transaction may still write under a lower id is waited for, without a lock: those who write to the table
are listed, and until these have ended, nothing is sealed.
"""

import logging
import time
from collections.abc import Iterable
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Max, QuerySet, Sum
from django.db.models.functions import Now

from onboarding.hashes import secrets
from onboarding.models import Checkpoint, Event
from onboarding.operations.evidence.removal import allowed, lock
from onboarding.operations.evidence.seals import change, digest_of, is_sound, seal_mac, secret_of, state_mac

SETTLED = timedelta(seconds=10)  # longer than a statement may take
UNSIGNED_REST = timedelta(minutes=10)  # without an event of a release that made no MACs, before the first checkpoint
SIZE = 10_000  # events of a checkpoint, at most
RUN = 20  # checkpoints that a run writes, at most
WAIT_S, POLL_S = 2.0, 0.05
log = logging.getLogger(__name__)
WRITERS = """
    SELECT virtualtransaction FROM pg_locks
    WHERE relation = 'onboarding_event'::regclass AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


def seal() -> int:
    """Seal the events that no transaction can precede any more. Return how many were sealed; 0 if some are waited for.

    What is left is for the next run.
    """
    settled = Event.objects.filter(at__lte=Now() - SETTLED).order_by("-pk").values_list("pk", flat=True).first()
    if settled is None or not _is_due(settled) or not _writers_ended():
        return 0
    sealed = 0
    for _ in range(RUN):
        count = _seal_next(settled)
        sealed += count
        if count < SIZE:
            break
    return sealed


def unsealed() -> QuerySet[Event]:
    """Return the events that no checkpoint seals yet, the oldest first."""
    last = Checkpoint.objects.aggregate(last=Max("last"))["last"] or 0
    return Event.objects.filter(pk__gt=last).order_by("pk")


def _is_due(settled: int) -> bool:
    """Return whether there is something to seal. Releases that make no MACs have to be gone before the first time."""
    last = Checkpoint.objects.aggregate(last=Max("last"))["last"]
    if last is None:
        return not Event.objects.filter(mac="", at__gt=Now() - UNSIGNED_REST).exists()
    return bool(settled > last)


def _writers_ended() -> bool:
    """Return whether all transactions that write events now have ended. Waits for them for WAIT_S."""
    waited_for, end = _writers(), time.monotonic() + WAIT_S
    while waited_for:
        if time.monotonic() > end:
            return False
        time.sleep(POLL_S)
        waited_for &= _writers()
    return True


def _writers() -> set[str]:
    if connection.vendor != "postgresql":  # SQLite has one writer at a time
        return set()
    with connection.cursor() as cursor:
        cursor.execute(WRITERS)
        return {row[0] for row in cursor.fetchall()}


def _seal_next(settled: int) -> int:
    """Write the next checkpoint. Return how many events it seals."""
    with transaction.atomic():
        lock()
        last = Checkpoint.objects.order_by("-number").first()
        if last and not is_sound(last, secret_of(last)):
            log.error("Nothing is sealed: checkpoint %s was changed, or its key is gone.", last.number)
            return 0
        after = last.last if last else 0
        batch = list(Event.objects.filter(pk__gt=after, pk__lte=settled).order_by("pk")[:SIZE])
        if not batch:
            return 0
        row = _made(last, batch)
        with allowed():
            if last:
                change(last, is_last=False)
            Checkpoint.objects.filter(number__lt=row.oldest)._raw_delete(connection.alias)
        row.save(force_insert=True)
    log.info("Checkpoint %s seals the events up to %s: %s", row.number, row.last, row.mac)
    return len(batch)


def _made(last: Checkpoint | None, batch: Iterable[Event]) -> Checkpoint:
    """Return the checkpoint after `last` for the events."""
    sealed, secret = list(batch), secrets()[0]
    number = last.number + 1 if last else 1
    row = Checkpoint(
        number=number,
        previous=last.mac if last else "",
        after=last.last if last else 0,
        last=sealed[-1].pk,
        count=len(sealed),
        digest=digest_of(sealed, secret),
        total=(last.total if last else 0) + len(sealed),
        unsigned_to=last.unsigned_to if last else _unsigned_to(),
        oldest=_oldest() or number,
        removed_in_all=removed_in_all(last) if last else 0,
        at=Event.objects.filter(pk=sealed[-1].pk).values_list(Now(), flat=True).get(),
    )
    row.mac, row.state_mac = seal_mac(row, secret), state_mac(row, secret)
    return row


def _oldest() -> int | None:
    """Return the first checkpoint that has events, or that was changed."""
    for row in Checkpoint.objects.order_by("number").iterator():
        if row.removed < row.count or not is_sound(row, secret_of(row)):
            return int(row.number)
    return None


def _unsigned_to() -> int:
    return Event.objects.filter(mac="").aggregate(last=Max("pk"))["last"] or 0


def removed_in_all(last: Checkpoint) -> int:
    """Return how many events of all that were ever sealed are removed. `last` is the last checkpoint.

    All events before the oldest checkpoint that was kept are.
    """
    kept = Checkpoint.objects.filter(number__gte=last.oldest)
    figures = kept.aggregate(count=Sum("count"), removed=Sum("removed"))
    return int(last.total - (figures["count"] or 0) + (figures["removed"] or 0))
