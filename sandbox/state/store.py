"""The sandbox's store: one SQLite file, one table per dataclass, one transaction per call."""

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
UNREADABLE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
LOCK = Lock()  # threads of this process wait for each other here, because SQLite would make them poll


class Row(Protocol):
    """A dataclass that is stored as a row. Its first field is the primary key; INDEXES names the indexed fields."""

    INDEXES: ClassVar[tuple[str, ...]]
    __dataclass_fields__: ClassVar[dict[str, Any]]


R = TypeVar("R", bound=Row)


class Store:
    """One open transaction. Rows are copies: call `save` to store a change."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def get(self, table: type[R], key: str) -> R | None:
        """The row with this primary key, or None."""
        found = self.find(table, **{fields(table)[0].name: key})
        return found[0] if found else None

    def find(self, table: type[R], **values: str | int | float | bool) -> list[R]:
        """The rows with these values, oldest first."""
        where = " AND ".join(f'"{name}" = ?' for name in values) or "1"
        query = f'SELECT * FROM "{table.__name__}" WHERE {where} ORDER BY rowid'  # noqa: S608 - our own field names
        return [self._row(table, row) for row in self.connection.execute(query, tuple(values.values()))]

    def latest(self, table: type[R], limit: int) -> list[R]:
        """At most `limit` rows, newest first."""
        query = f'SELECT * FROM "{table.__name__}" ORDER BY rowid DESC LIMIT ?'  # noqa: S608
        return [self._row(table, row) for row in self.connection.execute(query, [limit])]

    def since(self, table: type[R], name: str, moment: float) -> list[R]:
        """The rows whose field `name` is greater than `moment`, in no particular order."""
        query = f'SELECT * FROM "{table.__name__}" WHERE "{name}" > ?'  # noqa: S608
        return [self._row(table, row) for row in self.connection.execute(query, [moment])]

    def save(self, row: Row) -> None:
        """Inserts the row, or updates the one with the same primary key."""
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

    def delete_all(self, *tables: type[Row]) -> None:
        for table in tables:
            self.connection.execute(f'DELETE FROM "{table.__name__}"')  # noqa: S608

    def set_savepoint(self) -> None:
        self.connection.execute("SAVEPOINT handler")

    def roll_back(self) -> None:
        """Discards all changes since `set_savepoint`."""
        self.connection.execute("ROLLBACK TO handler")

    @staticmethod
    def _row(table: type[R], values: Sequence[Any]) -> R:
        """The values as an instance of `table`. SQLite has no booleans and no JSON, so the annotations decide."""
        return table(*(_decoded(field.type, value) for field, value in zip(fields(table), values, strict=True)))


def _decoded(annotation: Any, value: Any) -> Any:
    if annotation is bool:
        return bool(value)
    return json.loads(value) if get_origin(annotation) in (dict, list) else value


@contextmanager
def transaction(file: str | PathLike[str], tables: Sequence[type[Row]]) -> Iterator[Store]:
    """Opens a transaction that excludes all other writers. It commits at the end of the block, unless that raises.

    A file with another schema loses its content. A damaged file, or one that is no database, is renamed to *.spoiled
    and replaced by an empty one; if SQLite notices the damage only inside the block, this raises DatabaseError and the
    next transaction succeeds.
    """
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    with LOCK, _renaming_unreadable(path):
        connection = _open(path, tables)
        try:
            yield Store(connection)
            connection.execute("COMMIT")
        finally:
            connection.close()  # rolls back if there was no COMMIT


def _open(path: Path, tables: Sequence[type[Row]]) -> sqlite3.Connection:
    """Tries twice: the second attempt finds no file if the first one renamed it."""
    with suppress(sqlite3.DatabaseError), _renaming_unreadable(path):
        return _begin(path, tables)
    return _begin(path, tables)


def _begin(path: Path, tables: Sequence[type[Row]]) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = OFF")  # survives a killed process; a power failure may lose data
        connection.execute("BEGIN IMMEDIATE")
        _ensure_schema(connection, tables)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@contextmanager
def _renaming_unreadable(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in UNREADABLE:
            with suppress(FileNotFoundError):  # another process has renamed it
                path.replace(f"{path}.spoiled")
            Path(f"{path}-journal").unlink(missing_ok=True)
        raise


def _ensure_schema(connection: sqlite3.Connection, tables: Sequence[type[Row]]) -> None:
    """Creates the tables, after dropping those of another schema. `user_version` holds a checksum of the schema."""
    schema = [statement for table in tables for statement in _ddl(table)]
    version = zlib.crc32("".join(schema).encode()) & 0x7FFFFFFF
    if connection.execute("PRAGMA user_version").fetchone()[0] == version:
        return
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        connection.execute(f'DROP TABLE "{name}"')
    for statement in schema:
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {version}")


def _ddl(table: type[Row]) -> Iterator[str]:
    key, *rest = (f'"{field.name}"' for field in fields(table))
    yield f'CREATE TABLE "{table.__name__}" ({key} PRIMARY KEY, {", ".join(rest)})'
    for name in table.INDEXES:
        yield f'CREATE INDEX "{table.__name__}_{name}" ON "{table.__name__}" ("{name}")'
