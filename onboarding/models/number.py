"""The columns of rows about a number: the number, which is encrypted, and those by which rows are found and counted."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import models
from django.db.models import Q

from onboarding.domain.budgets import LINES_IN_A_PREFIX
from onboarding.domain.phone import Number
from onboarding.hashes import former_hashes, keyed_hash
from onboarding.models.encrypted import EncryptedField, Undecryptable

NUMBER, BLOCK = "number", "number block"  # purposes of keyed hashes
UNKNOWN = "•••• ????"  # in place of a masked number that cannot be decrypted
LONGEST = 160  # characters of what is stored of a number


def number_hash(number: str) -> str:
    """Return what stands for a number (E.164): the same for all spellings of one phone."""
    return keyed_hash(NUMBER, Number(number).subscriber)


def number_hashes(number: str) -> list[str]:
    """Return `number_hash`, and what it was under former secrets."""
    return [number_hash(number), *former_hashes(NUMBER, Number(number).subscriber)]


def block_hash(number: str) -> str:
    """Return what stands for the numbers that are alike but for their last four digits."""
    return keyed_hash(BLOCK, Number(number).subscriber[:-LINES_IN_A_PREFIX])


def country(number: str) -> str:
    """Return the ISO 3166 code of the number's region, 001 for none in particular, "" for an unknown calling code."""
    return Number(number).region or ""


def of_number(number: str, path: str = "") -> Q:
    """Return the condition of the rows about a number, in all its spellings. `path` leads to them, like `binding__`.

    Rows under a former LASTING_KEY are among them, and rows that a process of an earlier release wrote, without a hash.
    """
    of_before = Q(**{f"{path}number_hash": "", f"{path}number__in": sorted(Number(number).spellings)})
    return Q(**{f"{path}number_hash__in": number_hashes(number)}) | of_before


DERIVED: dict[str, Callable[[str], str]] = {"number_hash": number_hash, "block_hash": block_hash, "country": country}


class Derived(models.CharField):  # type: ignore[type-arg]
    """A text that each write of the row computes from its column `number`. An earlier release leaves it empty."""

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
    """A row about a number. Its subclass has the column `number`, an EncryptedField."""

    number: EncryptedField
    number_hash = Derived(max_length=64, help_text="Keyed hash: the same for all spellings of a number.")
    block_hash = Derived(max_length=64, help_text="Keyed hash of the number without its last four digits.")
    country = Derived(max_length=3, help_text="ISO 3166.")

    class Meta:
        abstract = True

    @property
    def phone(self) -> Number:
        """Return the number. Raises Undecryptable."""
        return Number(self.number)

    @property
    def masked(self) -> str:
        """Return the number as reviewers see it; UNKNOWN if it cannot be decrypted."""
        try:
            return self.phone.masked
        except Undecryptable:
            return UNKNOWN
