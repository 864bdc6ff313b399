"""The sandbox's memory: one SQLite file, one table per dataclass, one transaction per call."""

import json
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, fields
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Protocol, TypeVar, get_origin

BUSY_TIMEOUT_S = 20
SPOILED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
TURN = Lock()  # threads queue here: SQLite would have them poll


class Row(Protocol):
    """A dataclass. Its first field is the key; INDEXES names the fields it is looked up by."""

    INDEXES: ClassVar[tuple[str, ...]]
    __dataclass_fields__: ClassVar[dict[str, Any]]


R = TypeVar("R", bound=Row)


class Store:
    """One transaction. Rows are copies: `save` what you changed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def get(self, kind: type[R], key: str) -> R | None:
        found = self.find(kind, **{fields(kind)[0].name: key})
        return found[0] if found else None

    def find(self, kind: type[R], **values: str | int | float | bool) -> list[R]:
        """The rows that have these values, oldest first."""
        where = " AND ".join(f'"{name}" = ?' for name in values) or "1"
        query = f'SELECT * FROM "{kind.__name__}" WHERE {where} ORDER BY rowid'  # noqa: S608 - our own field names
        return [self._row(kind, row) for row in self.connection.execute(query, tuple(values.values()))]

    def latest(self, kind: type[R], most: int) -> list[R]:
        """Newest first."""
        query = f'SELECT * FROM "{kind.__name__}" ORDER BY rowid DESC LIMIT ?'  # noqa: S608
        return [self._row(kind, row) for row in self.connection.execute(query, [most])]

    def since(self, kind: type[R], name: str, moment: float) -> list[R]:
        """The rows whose `name` is later than `moment`."""
        query = f'SELECT * FROM "{kind.__name__}" WHERE "{name}" > ?'  # noqa: S608
        return [self._row(kind, row) for row in self.connection.execute(query, [moment])]

    def save(self, row: Row) -> None:
        key, *rest = (f'"{field.name}"' for field in fields(row))
        updates = ", ".join(f"{name} = excluded.{name}" for name in rest)
        query = (
            f'INSERT INTO "{type(row).__name__}" VALUES ({", ".join("?" * (len(rest) + 1))}) '  # noqa: S608
            f"ON CONFLICT ({key}) DO UPDATE SET {updates}"
        )
        self.connection.execute(query, [json.dumps(v) if isinstance(v, dict | list) else v for v in astuple(row)])

    def delete(self, row: Row) -> None:
        key = fields(row)[0].name
        self.connection.execute(f'DELETE FROM "{type(row).__name__}" WHERE "{key}" = ?', [getattr(row, key)])  # noqa: S608

    def empty(self, *kinds: type[Row]) -> None:
        for kind in kinds:
            self.connection.execute(f'DELETE FROM "{kind.__name__}"')  # noqa: S608

    def mark(self) -> None:
        self.connection.execute("SAVEPOINT mark")

    def undo(self) -> None:
        """Back to the mark: what was saved since then never happened."""
        self.connection.execute("ROLLBACK TO mark")

    @staticmethod
    def _row(kind: type[R], values: Sequence[Any]) -> R:
        """SQLite knows no booleans and no JSON: the annotations do."""
        return kind(*(_decoded(field.type, value) for field, value in zip(fields(kind), values, strict=True)))


def _decoded(kind: Any, value: Any) -> Any:
    if kind is bool:
        return bool(value)
    return json.loads(value) if get_origin(kind) in (dict, list) else value


@contextmanager
def transaction(file: str | PathLike[str], kinds: Sequence[type[Row]]) -> Iterator[Store]:
    """Exclusive among writers from its first line on.

    A file of another layout is emptied and laid out anew. A damaged one, or one that is no database, is put aside; if
    that shows only in the middle of a transaction, the next one begins anew.
    """
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    with TURN, _putting_aside(path):
        connection = _opened(path, kinds)
        try:
            yield Store(connection)
            connection.execute("COMMIT")
        finally:
            connection.close()  # which undoes whatever was not committed


def _opened(path: Path, kinds: Sequence[type[Row]]) -> sqlite3.Connection:
    """Tried twice: what was put aside has made room."""
    with suppress(sqlite3.DatabaseError), _putting_aside(path):
        return _begun(path, kinds)
    return _begun(path, kinds)


def _begun(path: Path, kinds: Sequence[type[Row]]) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = OFF")  # a killed process loses nothing, only a fallen machine would
        connection.execute("BEGIN IMMEDIATE")
        _lay_out(connection, kinds)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@contextmanager
def _putting_aside(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in SPOILED:
            with suppress(FileNotFoundError):  # another process was faster
                path.replace(f"{path}.spoiled")
            Path(f"{path}-journal").unlink(missing_ok=True)
        raise


def _lay_out(connection: sqlite3.Connection, kinds: Sequence[type[Row]]) -> None:
    layout = [line for kind in kinds for line in _ddl(kind)]
    version = zlib.crc32("".join(layout).encode()) & 0x7FFFFFFF
    if connection.execute("PRAGMA user_version").fetchone()[0] == version:
        return
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        connection.execute(f'DROP TABLE "{name}"')
    for line in layout:
        connection.execute(line)
    connection.execute(f"PRAGMA user_version = {version}")


def _ddl(kind: type[Row]) -> Iterator[str]:
    key, *rest = (f'"{field.name}"' for field in fields(kind))
    yield f'CREATE TABLE "{kind.__name__}" ({key} PRIMARY KEY, {", ".join(rest)})'
    for name in kind.INDEXES:
        yield f'CREATE INDEX "{kind.__name__}_{name}" ON "{kind.__name__}" ("{name}")'
