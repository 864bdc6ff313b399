"""The columns by which rows are found and counted by their number, where the number itself is of no use for that."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, models, transaction

from onboarding.domain.budgets import LINES_IN_A_PREFIX
from onboarding.domain.phone import Number
from onboarding.hashes import keyed_hash

NUMBER, BLOCK = "number", "number block"  # purposes of keyed hashes
BATCH = 1_000


def number_hash(number: str) -> str:
    """Return what stands for a number (E.164): the same for all spellings of one phone."""
    return keyed_hash(NUMBER, Number(number).subscriber)


def block_hash(number: str) -> str:
    """Return what stands for the numbers that are alike but for their last four digits."""
    return keyed_hash(BLOCK, Number(number).subscriber[:-LINES_IN_A_PREFIX])


def country(number: str) -> str:
    """Return the ISO 3166 code of the number's region, 001 for none in particular, "" for an unknown calling code."""
    return Number(number).region or ""


DERIVED: dict[str, Callable[[str], str]] = {"number_hash": number_hash, "block_hash": block_hash, "country": country}


class Derived(models.CharField):  # type: ignore[type-arg]
    """A text that each write of the row computes from its column `number`. The old release leaves it empty."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **{"blank": True, "db_default": "", "editable": False, **named})

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, _, args, named = super().deconstruct()
        return name, "django.db.models.CharField", args, named

    def pre_save(self, instance: models.Model, add: bool) -> str:  # noqa: ARG002, FBT001 - Django's signature
        derived = DERIVED[self.attname](instance.number)  # type: ignore[attr-defined]
        setattr(instance, self.attname, derived)
        return derived


class HasNumber(models.Model):
    """A row about a number."""

    number_hash = Derived(max_length=64, help_text="Keyed hash: the same for all spellings of a number.")
    block_hash = Derived(max_length=64, help_text="Keyed hash of the number without its last four digits.")
    country = Derived(max_length=3, help_text="ISO 3166.")

    class Meta:
        abstract = True


def fill(table: str) -> None:
    """Compute the derived columns of the rows that have none, in batches. Killed, it can be run again."""
    read = f"SELECT id, number FROM {table} WHERE id > %s AND number_hash = '' ORDER BY id LIMIT {BATCH}"  # noqa: S608
    first = f"SELECT id, number FROM {table} WHERE number_hash = '' ORDER BY id LIMIT {BATCH}"  # noqa: S608
    columns = ", ".join(f"{name} = %s" for name in DERIVED)
    write = f"UPDATE {table} SET {columns} WHERE id = %s AND number_hash = ''"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(first)
        while rows := cursor.fetchall():
            derived = [[*(compute(number) for compute in DERIVED.values()), pk] for pk, number in rows]
            with transaction.atomic():
                cursor.executemany(write, derived)
            cursor.execute(read, [rows[-1][0]])
