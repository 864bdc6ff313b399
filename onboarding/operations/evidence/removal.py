"""The one way to remove events: retention and erasure. What was removed is subtracted from its checkpoint."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.signals import pre_delete
from django.dispatch import receiver

from onboarding.models import Binding, Checkpoint, Event
from onboarding.operations.evidence.seals import change, digest_of, secret_of

SETTING, TABLE = "proveflow.removes_events", "proveflow_removal"  # what the trigger of the tables looks at
LOCK = 0x70726F76  # of PostgreSQL: one process at a time removes or seals; writers of events do not wait


@contextmanager
def removing() -> Iterator[None]:
    """Return a transaction in which `remove` is called. It waits here for another one, before it locks any row."""
    with transaction.atomic():
        lock()
        yield


def lock() -> None:
    """Wait until no other process removes or seals events, and keep others out until the transaction ends."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def remove(events: QuerySet[Event]) -> int:
    """Remove the events, and subtract them from their checkpoints. Return how many there were."""
    with transaction.atomic():
        lock()
        gone = list(events.order_by("pk"))
        with allowed():
            _subtract(gone)
            Event.objects.filter(pk__in=[event.pk for event in gone])._raw_delete(connection.alias)
    return len(gone)


@contextmanager
def allowed() -> Iterator[None]:
    """Let this transaction change and delete rows of append-only tables."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT set_config(%s, 'on', true)", [SETTING])
            yield
            cursor.execute("SELECT set_config(%s, '', true)", [SETTING])
        else:
            cursor.execute(f"INSERT INTO {TABLE} VALUES (1)")  # noqa: S608
            yield
            cursor.execute(f"DELETE FROM {TABLE}")  # noqa: S608


def _subtract(gone: list[Event]) -> None:
    left = list(gone)
    while left:
        row = Checkpoint.objects.filter(last__gte=left[0].pk).order_by("last").first()
        if row is None:  # not sealed yet
            return
        sealed = [event for event in left if event.pk <= row.last]
        left = left[len(sealed) :]
        digest = digest_of(sealed, secret_of(row) or "", row.removed_digest)
        change(row, removed=row.removed + len(sealed), removed_digest=digest)


@receiver(pre_delete, sender=Binding)
def _remove_with_binding(*, instance: Binding, **_signal: Any) -> None:
    """Remove the events of a binding before it is deleted, whoever deletes it: a host project, with its person."""
    remove(Event.objects.filter(binding=instance))
