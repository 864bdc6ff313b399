"""A trigger that refuses to change or delete rows, unless the transaction says that it removes events."""

from typing import Any

from django.db.migrations.operations.base import Operation

# `onboarding.operations.evidence.removal` sets this for its transaction, or adds a row to the table.
SETTING, TABLE = "proveflow.removes_events", "proveflow_removal"

POSTGRESQL = (
    f"""CREATE OR REPLACE FUNCTION proveflow_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF current_setting('{SETTING}', true) IS DISTINCT FROM 'on' THEN
            RAISE insufficient_privilege USING MESSAGE = TG_TABLE_NAME || ' is append-only';
        END IF;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END $$""",
    """CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION proveflow_append_only()""",
)
SQLITE = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} (is_on integer)",
    *(
        f"""CREATE TRIGGER {{table}}_{act} BEFORE {act} ON {{table}} WHEN NOT EXISTS (SELECT 1 FROM {TABLE})
            BEGIN SELECT RAISE(ABORT, '{{table}} is append-only'); END"""
        for act in ("UPDATE", "DELETE")
    ),
)
BACK = {
    "postgresql": ("DROP TRIGGER append_only ON {table}",),
    "sqlite": tuple(f"DROP TRIGGER {{table}}_{act}" for act in ("UPDATE", "DELETE")),
}


class Trigger(Operation):
    """Puts the trigger on a table. A later migration that SQLite makes by copying the table has to put it there again."""

    reduces_to_sql = True

    def __init__(self, table: str) -> None:
        self.table = table

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for statement in {"postgresql": POSTGRESQL, "sqlite": SQLITE}[schema_editor.connection.vendor]:
            schema_editor.execute(statement.format(table=self.table))

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for statement in BACK[schema_editor.connection.vendor]:
            schema_editor.execute(statement.format(table=self.table))

    def describe(self) -> str:
        return f"Refuse to change or delete rows of {self.table}"
