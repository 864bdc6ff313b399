"""Operations that PostgreSQL carries out while the table is being written."""

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class AddIndex(AddIndexConcurrently):
    """Adds an index without locking out writers, however long it takes. Killed half-way, it can be run again.

    On SQLite it adds the index as usual; there is no GIN.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute("SET statement_timeout = 0")
            schema_editor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{self.index.name}"')
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            schema_editor.execute("RESET statement_timeout")
        elif not isinstance(self.index, GinIndex):
            migrations.AddIndex.database_forwards(self, app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)
        elif not isinstance(self.index, GinIndex):
            migrations.AddIndex.database_backwards(self, app_label, schema_editor, from_state, to_state)
