"""Whether this process can serve people: its database answers, is migrated, can be written to, and it stays."""

from collections.abc import Callable
from functools import cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

WRITE_NOTHING = "UPDATE django_session SET expire_date = expire_date WHERE session_key = ''"


def _stays() -> bool:
    return False


is_going_away: Callable[[], bool] = _stays  # the server that runs this process replaces it


def unready() -> str:
    """Return why the process is not ready, or "" if it is. Whether Prove or Twilio answers does not count."""
    if is_going_away():
        return "going away"
    try:
        missing = _newest_migrations() - MigrationRecorder(connection).applied_migrations().keys()
    except DatabaseError:
        return "no database"
    if missing:
        return "not migrated: " + ", ".join(sorted(map(".".join, missing)))
    try:
        with connection.cursor() as cursor:
            cursor.execute(WRITE_NOTHING)
    except DatabaseError:
        return "the database refuses to write"
    return ""


@cache
def _newest_migrations() -> frozenset[tuple[str, str]]:
    """Return app and name of the last migration of each app that this release brings."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())
