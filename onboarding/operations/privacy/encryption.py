"""Encrypts what is stored under the first key of DATA_KEYS, and hashes it under LASTING_KEY, while the server runs.

A row is written only if nobody has changed it since it was read. What is done already is skipped, so a run that was
killed is repeated from the beginning and soon gets to where it was.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from django.db import connection, transaction

from onboarding import signals
from onboarding.models import Announcement, Binding, OnboardingSession
from onboarding.models.encrypted import EncryptedField, Undecryptable, encrypt, is_current
from onboarding.models.number import DERIVED, number_hash

BATCH = 200  # rows of one transaction, which others wait for
Row = OnboardingSession | Binding
Change = tuple[Any, ...]


@dataclass
class Tally:
    """How many rows were written; how many are under other keys, or plain; how many no key decrypts."""

    written: int = 0
    left: int = 0
    undecryptable: int = 0


def renew() -> Tally:
    """Write all rows that are not under the keys in use. Return how many, and how many are left."""
    written = sum(_write(model, rows) for model in (OnboardingSession, Binding) for rows in _batches(model))
    for signal in Announcement.objects.all():
        with suppress(Undecryptable):
            written += signals.renew(signal)
    tally = count()
    tally.written = written
    return tally


def count(most: int | None = None) -> Tally:
    """Return how many rows are not under the keys in use, of all, or of `most` of each table."""
    tally = Tally()
    rows = (islice(_rows(model), most) for model in (OnboardingSession, Binding))
    for row in chain(*rows, Announcement.objects.all()[:most]):
        try:
            tally.left += not (signals.is_current(row) if isinstance(row, Announcement) else _is_current(row))
        except Undecryptable:
            tally.undecryptable += 1
    return tally


def _rows(model: type[Row]) -> Iterator[Row]:
    return (row for batch in _batches(model) for row in batch)


def _batches(model: type[Row]) -> Iterator[list[Row]]:
    """Yield all rows in the order of their primary key."""
    rows = model._default_manager.order_by("pk").only(_field(model).row, "number", *DERIVED)
    batch = list(rows[:BATCH])
    while batch:
        yield batch
        batch = list(rows.filter(pk__gt=batch[-1].pk)[:BATCH])


def _field(model: type[Row]) -> EncryptedField:
    field: EncryptedField = model._meta.get_field("number")
    return field


def _is_current(row: Row) -> bool:
    """Return whether nothing is to be done. Raises Undecryptable."""
    stored, number = vars(row)["number"], row.number
    return is_current(stored) and row.number_hash == number_hash(number)


def _write(model: type[Row], rows: Iterable[Row]) -> int:
    """Return how many of the rows were not under the keys in use, and are now."""
    changes = [change for row in rows if (change := _change(row))]
    columns = ", ".join(f"{column} = %s" for column in ("number", *DERIVED))
    unchanged = f"id = %s AND {_field(model).row} = %s AND number = %s AND number_hash = %s"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {model._meta.db_table} SET {columns} WHERE {unchanged}", changes)  # noqa: S608
        return cursor.rowcount if changes else 0


def _change(row: Row) -> Change | None:
    """Return the new values of the row's columns, and those that it has now; None if there is nothing to do."""
    stored, hashed, field = vars(row)["number"], row.number_hash, _field(type(row))
    try:
        if _is_current(row):
            return None
    except Undecryptable:
        return None
    derived = [compute(row.number) for compute in DERIVED.values()]
    names = [
        row._meta.get_field(name).get_db_prep_value(getattr(row, name), connection)  # type: ignore[union-attr]
        for name in ("id", field.row)
    ]
    return encrypt(row.number, field.place(row)), *derived, *names, stored, hashed
