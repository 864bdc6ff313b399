"""gunicorn's workers, PostgreSQL, the sandbox alone: as in production, but for workers that are preloaded, so that one
that was killed is soon replaced. Each can be killed.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import requests

from tests import postgresql
from tests.processes import AGED, free_port, manage, pointed_at, product_environment, running

WORKERS = 3
NODES = 3  # that recover at the same time
PATIENCE_S = 30


class PostgreSQL:
    """A server of its own, on a Unix socket."""

    def __init__(self, folder: Path) -> None:
        self.server = postgresql.server(folder)
        self.url = str(self.server.get_uri())

    def crashes(self) -> None:
        """As by `pg_ctl stop -m immediate`: no goodbye, no checkpoint; then it is started again."""
        with self.away():
            pass

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nobody listens."""
        postmaster = self.server.get_postmaster_info().process
        assert postmaster is not None
        postmaster.send_signal(signal.SIGQUIT)
        postmaster.wait(PATIENCE_S)
        yield
        self.server.ensure_postgres_running()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query.encode()).fetchall()

    def ages(self, hours: int) -> None:
        """Every session is as if so many hours had passed."""
        older = ", ".join(f"{column} = {column} - interval '{hours} hours'" for column in AGED)
        with psycopg.connect(self.url) as connection:
            connection.execute(f"UPDATE onboarding_onboardingsession SET {older}".encode())


class Fleet:
    """What runs, where, and how to hurt it."""

    def __init__(self, folder: Path, database: PostgreSQL) -> None:
        self.folder, self.database = folder, database
        self.sandbox = f"http://127.0.0.1:{free_port()}"
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.environment = product_environment(
            folder,
            DEBUG="0",
            DATABASE_URL=database.url,
            **pointed_at(prove=self.sandbox, twilio=self.sandbox),
            LIMITS_WATCH_ONLY="1",
            STATIC_ROOT=str(folder / "static"),
        )

    def workers(self) -> list[int]:
        """Process ids: gunicorn's children."""
        children = Path(f"/proc/{self.master}/task/{self.master}/children").read_text()
        return [int(pid) for pid in children.split()]

    @property
    def master(self) -> int:
        return int(self.pid_file.read_text())

    @property
    def pid_file(self) -> Path:
        """Gone once gunicorn has ended."""
        return self.folder / "gunicorn.pid"

    def kills(self, worker: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)

    def recovers(self) -> None:
        """Long after, twice: a claim ends, then the session that it held. Several nodes do it at once."""
        for _ in range(2):
            self.database.ages(hours=3)
            with ThreadPoolExecutor(NODES) as nodes:
                list(nodes.map(lambda _: manage("recover", environment=self.environment), range(NODES)))

    def has_a_bad_day(self, route: str, kind: str, **options: object) -> None:
        order = {"route": route, "kind": kind, **options}
        requests.post(f"{self.sandbox}/sandbox/control/faults", json=order, timeout=10).raise_for_status()

    def is_well(self) -> None:
        requests.delete(f"{self.sandbox}/sandbox/control/faults", timeout=10).raise_for_status()

    def ledger(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = requests.get(f"{self.sandbox}/sandbox/control/ledger.json", timeout=60).json()
        return told

    def code(self, number: str) -> str:
        found = requests.get(f"{self.sandbox}/sandbox/messages.json", {"to": number}, timeout=10).json()
        return str(found[0]["code"]) if found else ""


@contextmanager
def fleet(folder: Path) -> Iterator[Fleet]:
    data = Path(tempfile.mkdtemp(prefix="proveflow-fleet-"))
    database = PostgreSQL(data)
    try:
        ours = Fleet(folder, database)
        manage("migrate", environment=ours.environment)
        manage("collectstatic", "--noinput", environment=ours.environment)
        gunicorn = ["-m", "gunicorn", "proveflow.wsgi", "--config", "proveflow/gunicorn.py", "--preload"]
        gunicorn += ["--bind", f"127.0.0.1:{ours.port}", "--workers", str(WORKERS), "--pid", str(ours.pid_file)]
        sandbox = ["manage.py", "sandbox", ours.sandbox.rsplit(":", 1)[1]]
        with (
            running(sandbox, environment=ours.environment, url=f"{ours.sandbox}/sandbox/", log=folder / "sandbox.log"),
            running(gunicorn, environment=ours.environment, url=f"{ours.origin}/healthz", log=folder / "log"),
        ):
            yield ours
    finally:
        database.server.stop()
        shutil.rmtree(data, ignore_errors=True)
