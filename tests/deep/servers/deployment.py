"""A deployment as in production, whose parts can be killed: gunicorn's workers, PostgreSQL, and the sandbox alone.

Unlike in production the workers are preloaded, so that a killed one is replaced quickly.
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
from tests.processes import (
    SESSION_TIMES,
    free_port,
    manage,
    product_environment,
    running,
    static_files,
    vendor_environment,
)

WORKERS = 3
NODES = 3  # that run `recover` at the same time
TIMEOUT_S = 30


class PostgreSQL:
    """A PostgreSQL server of its own, on a Unix socket."""

    def __init__(self, folder: Path) -> None:
        self.server = postgresql.server(folder)
        self.url = str(self.server.get_uri())

    def crash(self) -> None:
        """Stop as by `pg_ctl stop -m immediate`, without a checkpoint, and start again."""
        with self.down():
            pass

    @contextmanager
    def down(self) -> Iterator[None]:
        """Stop the server until the end of the block."""
        postmaster = self.server.get_postmaster_info().process
        assert postmaster is not None
        postmaster.send_signal(signal.SIGQUIT)
        postmaster.wait(TIMEOUT_S)
        yield
        self.server.ensure_postgres_running()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query.encode()).fetchall()

    def make_older(self, hours: int) -> None:
        """Make every session so many hours older."""
        columns = ", ".join(f"{column} = {column} - interval '{hours} hours'" for column in SESSION_TIMES)
        with psycopg.connect(self.url) as connection:
            connection.execute(f"UPDATE onboarding_onboardingsession SET {columns}".encode())


class Deployment:
    """The processes of one deployment, their addresses, and ways to make them fail."""

    def __init__(self, folder: Path, database: PostgreSQL | None = None, **settings: str) -> None:
        self.folder = folder
        self.sandbox = f"http://127.0.0.1:{free_port()}"
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.environment = product_environment(
            folder,
            DEBUG="0",
            **vendor_environment(prove=self.sandbox, twilio=self.sandbox),
            LIMITS_WATCH_ONLY="1",
            STATIC_ROOT=str(static_files()),
            **settings,
        )
        if database:
            self.database = database
            self.environment["DATABASE_URL"] = database.url

    def workers(self) -> list[int]:
        """Return the process ids of gunicorn's children."""
        children = Path(f"/proc/{self.master}/task/{self.master}/children").read_text()
        return [int(pid) for pid in children.split()]

    @property
    def master(self) -> int:
        return int(self.pid_file.read_text())

    @property
    def pid_file(self) -> Path:
        """Return the path of a file that gunicorn deletes when it ends."""
        return self.folder / "gunicorn.pid"

    def kill(self, worker: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)

    def recover(self) -> None:
        """Run `recover` on several nodes at once, much later, and twice: a lost claim ends, then its session."""
        for _ in range(2):
            self.database.make_older(hours=3)
            with ThreadPoolExecutor(NODES) as nodes:
                list(nodes.map(lambda _: manage("recover", environment=self.environment), range(NODES)))

    def inject_fault(self, route: str, kind: str, **options: object) -> None:
        order = {"route": route, "kind": kind, **options}
        requests.post(f"{self.sandbox}/sandbox/control/faults", json=order, timeout=10).raise_for_status()

    def clear_faults(self) -> None:
        requests.delete(f"{self.sandbox}/sandbox/control/faults", timeout=10).raise_for_status()

    def calls(self) -> list[dict[str, Any]]:
        received: list[dict[str, Any]] = requests.get(f"{self.sandbox}/sandbox/control/ledger.json", timeout=60).json()
        return received

    def code(self, number: str) -> str:
        found = requests.get(f"{self.sandbox}/sandbox/messages.json", {"to": number}, timeout=10).json()
        return str(found[0]["code"]) if found else ""


@contextmanager
def deployed(folder: Path) -> Iterator[Deployment]:
    data = Path(tempfile.mkdtemp(prefix="proveflow-deployment-"))
    database = PostgreSQL(data)
    try:
        deployment = Deployment(folder, database)
        manage("migrate", environment=deployment.environment)
        with served(deployment):
            yield deployment
    finally:
        database.server.stop()
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def served(deployment: Deployment) -> Iterator[None]:
    """Run gunicorn and the sandbox until the end of the block. The database is migrated."""
    gunicorn = ["-m", "gunicorn", "proveflow.wsgi", "--config", "proveflow/gunicorn.py", "--preload"]
    gunicorn += ["--bind", f"127.0.0.1:{deployment.port}", "--workers", str(WORKERS)]
    gunicorn += ["--pid", str(deployment.pid_file)]
    sandbox = ["manage.py", "sandbox", deployment.sandbox.rsplit(":", 1)[1]]
    environment, folder = deployment.environment, deployment.folder
    with (
        running(sandbox, environment=environment, url=f"{deployment.sandbox}/sandbox/", log=folder / "sandbox.log"),
        running(gunicorn, environment=environment, url=f"{deployment.origin}/healthz", log=folder / "log"),
    ):
        yield
