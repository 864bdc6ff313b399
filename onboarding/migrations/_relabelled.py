"""The base class of the migrations that were written when the label of the app was `onboarding`."""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import Migration
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState

OLD_LABEL = "onboarding"
# A host project may have an app with the old label, but none with one of these migrations.
LAST_OF_TEN, SECOND = "0010_words_and_language", "0002_key_memory"
INITIAL = "0001_initial"  # stands for the ten


class Relabelled(Migration):
    """Does nothing where the same migration was applied under the old label: the tables have kept their names."""

    def apply(
        self, project_state: ProjectState, schema_editor: BaseDatabaseSchemaEditor, collect_sql: bool = False
    ) -> ProjectState:
        applied = _under_the_old_label(schema_editor)
        if self.name in applied or (self.name == INITIAL and LAST_OF_TEN in applied):
            return self.mutate_state(project_state)
        return super().apply(project_state, schema_editor, collect_sql)


def was_used(schema_editor: BaseDatabaseSchemaEditor) -> bool:
    """Return whether the database was made under the old label."""
    return bool(_under_the_old_label(schema_editor))


def _under_the_old_label(schema_editor: BaseDatabaseSchemaEditor) -> set[str]:
    """Return the names of our migrations that were applied under it."""
    applied = MigrationRecorder(schema_editor.connection).applied_migrations()
    names = {name for label, name in applied if label == OLD_LABEL}
    return names if {LAST_OF_TEN, SECOND} & names else set()
