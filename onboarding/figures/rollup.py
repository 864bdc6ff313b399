"""Keeps the figures of each day, so that a page reads some thousand small rows, however long the event log is.

`manage.py recover` counts the events since its last run, each exactly once: what they add, and until when they are
counted, is written in one transaction. Killed at any point, it can be run again.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from onboarding.conf import conf
from onboarding.figures.tally import Measure, tally
from onboarding.models import Event, Figure, RollUp

FIRST = timedelta(days=30)  # how far back the first run begins
AT_ONCE = 20_000  # events of a transaction
CHUNKS = 40  # transactions of a run
SETTLED = timedelta(minutes=1)  # longer than a statement may take
ENDED = timedelta(days=2)  # longer than the sessions of a day last
LEAST_OF_A_BLOCK = 5  # codes of a day: blocks with fewer are forgotten when the day is over
ADD = """
    INSERT INTO proveflow_figure (measure, day, label, count, good) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (measure, day, label) DO UPDATE
    SET count = proveflow_figure.count + excluded.count, good = proveflow_figure.good + excluded.good"""
# An event has the time of its statement: as long as it is not committed, it is not older than its transaction.
OLDEST = """
    SELECT min(xact_start) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()"""


def roll_up() -> None:
    """Count the events that are not counted yet, in transactions of AT_ONCE; what is left is for the next run."""
    RollUp.objects.get_or_create(pk=1, defaults={"until": Now() - FIRST})
    for _ in range(CHUNKS):
        if not _count_some():
            break
    _forget()


def _count_some() -> bool:
    """Count some events. Return whether more of them can be counted now, by this process."""
    with transaction.atomic():
        done: Any = RollUp.objects.select_for_update(skip_locked=True).annotate(now=Now()).first()
        if done is None:
            return False
        settled = _settled(done.now)
        until = cut(done.until, settled, AT_ONCE)
        if until <= done.until:
            return False
        with connection.cursor() as cursor:
            cursor.executemany(ADD, [(*cell, *count) for cell, count in sorted(tally(done.until, until).items())])
        RollUp.objects.update(until=until)
    return until < settled


def cut(since: datetime, until: datetime, most: int) -> datetime:
    """Return `until`, or an earlier time: one before which there are about `most` events since `since`."""
    later = Event.objects.filter(at__gt=since, at__lt=until).order_by("at").values_list("at", flat=True)
    return next(iter(later[most : most + 1]), until)


def _settled(now: datetime) -> datetime:
    """Return the time before which no event can appear any more."""
    settled = now - SETTLED
    if connection.vendor != "postgresql":
        return settled
    with connection.cursor() as cursor:
        cursor.execute(OLDEST)
        (oldest,) = cursor.fetchone()
    return min(settled, oldest or settled)


def _forget() -> None:
    """Delete figures past their retention, and those of blocks that got few codes."""
    until = RollUp.objects.values_list("until", flat=True).get().date()
    Figure.objects.filter(day__lt=until - timedelta(days=conf.FIGURES_RETENTION_DAYS)).delete()
    Figure.objects.filter(measure=Measure.BLOCK, day__lt=until - ENDED, count__lt=LEAST_OF_A_BLOCK).delete()
