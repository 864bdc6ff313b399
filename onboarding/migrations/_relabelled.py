"""The base class of the migrations that were written when the label of the app was `onboarding`."""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import Migration
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState

OLD_LABEL = "onboarding"
A_NAME_OF_OURS = "0002_key_memory"  # a host project may have an app with the old label, but none with this migration


class Relabelled(Migration):
    """Does nothing where the same migration was applied under the old label: the tables have kept their names."""

    def apply(
        self, project_state: ProjectState, schema_editor: BaseDatabaseSchemaEditor, collect_sql: bool = False
    ) -> ProjectState:
        if was_applied(schema_editor, self.name):
            return self.mutate_state(project_state)
        return super().apply(project_state, schema_editor, collect_sql)


def was_applied(schema_editor: BaseDatabaseSchemaEditor, name: str) -> bool:
    """Return whether the migration was applied under the old label."""
    applied = MigrationRecorder(schema_editor.connection).applied_migrations()
    return {(OLD_LABEL, name), (OLD_LABEL, A_NAME_OF_OURS)} <= applied.keys()
