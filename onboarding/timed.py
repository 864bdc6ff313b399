"""Reads rows together with the database's clock, so that no other statement is needed to compare their times."""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models.functions import Now
from django.utils.functional import cached_property

Row = TypeVar("Row", bound=models.Model)


class TimedManager(models.Manager[Row]):
    """The manager of a model whose rows get `read_at`, the time of the database when they were read."""

    def get_queryset(self) -> models.QuerySet[Row]:
        return super().get_queryset().annotate(read_at=Now())  # type: ignore[no-any-return]

    def find(self, pk: str) -> Row | None:
        """Return the row, or None. Every request does this, so PostgreSQL gets SQL that is not compiled anew."""
        if connection.vendor != "postgresql":
            return self.filter(pk=pk).first()
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {self.columns} FROM {self.model._meta.db_table} WHERE id = %s", [pk])  # noqa: S608
            row = cursor.fetchone()
        return self.of_row(row) if row else None

    @cached_property
    def columns(self) -> str:
        """The columns of `of_row`, for PostgreSQL."""
        return ", ".join([*(field.column for field in self.model._meta.concrete_fields), "statement_timestamp()"])

    def of_row(self, row: Sequence[Any]) -> Row:
        """Return the object of a row of `columns`."""
        fields = self.model._meta.concrete_fields
        values = [
            json.loads(value) if isinstance(field, models.JSONField) else value
            for field, value in zip(fields, row, strict=False)
        ]
        found: Any = self.model.from_db(self.db, [field.attname for field in fields], values)
        found.read_at = row[-1]
        return found  # type: ignore[no-any-return]
