"""Browsers' sessions in the database, with at most one statement to read one and one to save it.

Django's own store asks whether a new key is taken, and copies the row to change the key. A key has 165 random bits, so
none is taken; a changed key is saved with the rest, at the end of the request.
"""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, UpdateError
from django.db import connection
from django.utils import timezone
from django.utils.crypto import get_random_string

KEY_LENGTH = 32
LOAD = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s"


class SessionStore(db.SessionStore):
    """The store that SESSION_ENGINE names."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._saved_key = session_key  # of the row

    def load(self) -> dict[str, Any]:
        """Return what the session holds; empty without one. Every request does this, so its SQL is fixed."""
        with connection.cursor() as cursor:
            cursor.execute(LOAD, [self.session_key, connection.ops.adapt_datetimefield_value(timezone.now())])
            row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return {}
        return dict(self.decode(row[0]))

    def create(self) -> None:
        """Begin a session. It is saved when the request ends."""
        self._session_key, self._saved_key = _new_key(), None
        self._session_cache: dict[str, Any] = {}
        self.modified = True

    def cycle_key(self) -> None:
        """Let the session go on under another key."""
        self.keys()  # loads it
        if self.session_key:
            self._session_key = _new_key()
        self.modified = True

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's signature
        """Save the session. Raises UpdateError if it was deleted meanwhile."""
        data = dict(self.items())
        if self.session_key is None:
            self._session_key, self._saved_key = _new_key(), None
        row = self.create_model_instance(data)
        if self._saved_key is None or must_create:
            row.save(force_insert=True)
        else:
            columns = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
            if not self.model.objects.filter(pk=self._saved_key).update(**columns):
                raise UpdateError
        self._saved_key = self.session_key

    def delete(self, session_key: str | None = None) -> None:
        """Delete a session; without `session_key`, this one."""
        super().delete(session_key or self._saved_key)


def _new_key() -> str:
    return get_random_string(KEY_LENGTH, VALID_KEY_CHARS)
