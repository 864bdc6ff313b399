"""Scratch databases of the operator's kind, on the operator's server. Their own database is not touched."""

import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

Migrate = Callable[[str], None]


class Unavailable(Exception):
    """The server makes no database for us. The message says why, without the URL."""


class SQLite:
    """Files in a folder; `url` is ignored but for its kind."""

    def __init__(self, folder: Path, migrate: Migrate) -> None:
        self._folder, self._template = folder, folder / "template.sqlite3"
        migrate(f"sqlite:///{self._template}")

    @contextmanager
    def copy(self) -> Iterator[str]:
        """Yield the URL of a migrated, empty database."""
        file = self._folder / f"{secrets.token_hex(4)}.sqlite3"
        shutil.copy(self._template, file)
        yield f"sqlite:///{file}"

    def interrupt(self, url: str, seconds: float) -> None:
        """Let nobody write for some seconds."""
        with closing(sqlite3.connect(unquote(urlsplit(url).path), timeout=20)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            time.sleep(seconds)
            connection.rollback()


class PostgreSQL:
    """Databases on the server of `url`. Its user needs the right to create some. Raises Unavailable."""

    def __init__(self, url: str, migrate: Migrate) -> None:
        self._url, self._template = url, f"drill_{secrets.token_hex(4)}"
        self._execute(f"CREATE DATABASE {self._template}")
        try:
            migrate(self._of(self._template))
        except BaseException:
            self.close()
            raise

    @contextmanager
    def copy(self) -> Iterator[str]:
        """Yield the URL of a migrated, empty database, which is dropped afterwards."""
        name = f"drill_{secrets.token_hex(4)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {self._template}")
        try:
            yield self._of(name)
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def interrupt(self, url: str, seconds: float) -> None:
        """End all connections, as a restart does, and accept none for some seconds."""
        name = urlsplit(url).path.removeprefix("/")
        self._execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        self._execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608 - our name
        time.sleep(seconds)
        self._execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    def close(self) -> None:
        self._execute(f"DROP DATABASE {self._template} WITH (FORCE)")

    def _of(self, name: str) -> str:
        return urlsplit(self._url)._replace(path=f"/{name}").geturl()

    def _execute(self, statement: str) -> None:
        import psycopg  # SQLite's drills do without

        try:
            with psycopg.connect(self._url, autocommit=True) as connection:
                connection.execute(statement.encode())
        except psycopg.Error as error:
            raise Unavailable(str(error)) from None


@contextmanager
def scratch(url: str, folder: Path, migrate: Migrate) -> Iterator[SQLite | PostgreSQL]:
    """Yield databases of the kind of `url`; "" is SQLite. `migrate` prepares the one of a URL."""
    if url.startswith("sqlite") or not url:
        yield SQLite(folder, migrate)
        return
    with closing(PostgreSQL(url, migrate)) as databases:
        yield databases
