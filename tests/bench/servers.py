"""What is measured, each in processes of its own: the vendors' stub, the product, and the peer."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests import postgresql
from tests.bench.usage import Usage
from tests.processes import ROOT, free_port, manage, product_environment, running

PEER = ROOT.parent / "shared" / "bench" / "peer"
VENDORS = {
    "PROVE_CLIENT_ID": "bench",
    "PROVE_CLIENT_SECRET": "bench",
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "bench",
    "TWILIO_VERIFY_SERVICE_SID": "VA" + "0" * 32,
}
OPEN_TO_ALL = {
    "DEBUG": "0",
    "LIMITS_WATCH_ONLY": "1",  # all budgets are counted, none refuses
    "DESKTOP_ALLOWED": "1",
    "ALLOWED_COUNTRIES": "US",
    "TRUSTED_PROXY_COUNT": "1",
    "TRUSTED_PROXY_CIDRS": "127.0.0.0/8",
}


GUNICORN = ["-m", "gunicorn", "proveflow.wsgi", "--config", "proveflow/gunicorn.py"]


@dataclass(frozen=True)
class Server:
    """A running server. `database` is PostgreSQL's processes, if it has a database there."""

    origin: str
    usage: Usage
    start_s: float
    database: Usage | None = None
    environment: dict[str, str] = field(default_factory=dict)


@contextmanager
def stub(latency_ms: int) -> Iterator[str]:
    """Run the vendors; yield their origin."""
    port = free_port()
    url, log = f"http://127.0.0.1:{port}", Path(tempfile.mkstemp()[1])
    with running(["-m", "tests.bench.stub", str(port), str(latency_ms)], environment={}, url=url, log=log):
        yield url
    log.unlink()


@dataclass(frozen=True)
class Prepared:
    """What a product needs to run: a folder, the environment, a migrated database, and collected static files."""

    folder: Path
    environment: dict[str, str]
    postmaster: psutil.Process | None


@contextmanager
def prepared(database: str, vendors: str, **more: str) -> Iterator[Prepared]:
    """Prepare a product with an empty "postgresql" or "sqlite" database. `more` are environment variables."""
    folder = Path(tempfile.mkdtemp(prefix="proveflow-bench-"))
    (folder / "data").mkdir()
    server = postgresql.server(folder / "data") if database == "postgresql" else None
    environment = product_environment(folder, **OPEN_TO_ALL, **VENDORS, STATIC_ROOT=str(folder / "static"), **more)
    environment |= {"PROVE_BASE_URL": vendors, "TWILIO_BASE_URL": vendors}
    if server:
        environment["DATABASE_URL"] = str(server.get_uri())
    try:
        manage("migrate", environment=environment)
        manage("collectstatic", "--noinput", environment=environment)
        yield Prepared(folder, environment, server.get_postmaster_info().process if server else None)
    finally:
        if server:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def product(database: str, vendors: str) -> Iterator[Server]:
    """Run the product with its own settings of gunicorn."""
    with prepared(database, vendors) as product:
        port, pid = free_port(), product.folder / "pid"
        origin = f"http://127.0.0.1:{port}"
        command = [*GUNICORN, "--bind", f"127.0.0.1:{port}", "--pid", str(pid)]
        url, log, started = f"{origin}/healthz", product.folder / "log", time.perf_counter()
        with running(command, environment=product.environment, url=url, log=log):
            yield Server(
                origin,
                Usage(psutil.Process(int(pid.read_text()))),
                time.perf_counter() - started,
                Usage(product.postmaster) if product.postmaster else None,
                product.environment,
            )


def has_peer() -> bool:
    """Return whether the peer's source and what runs it are here."""
    return (PEER / "server.js").exists() and bool(shutil.which("node")) and bool(shutil.which("npm"))


@contextmanager
def peer(vendors: str) -> Iterator[Server]:
    """Run the peer, installed by npm into a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(PEER, folder, dirs_exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit"], cwd=folder, check=True)
        port = free_port()
        origin, started = f"http://127.0.0.1:{port}", time.perf_counter()
        program = "import os, sys; os.chdir(sys.argv[1]); os.execvp('node', ['node', 'server.js'])"
        with running(
            ["-c", program, folder],
            environment={"PORT": str(port), "UP": vendors},
            url=origin,
            log=Path(folder) / "log",
        ):
            mine = psutil.Process(os.getpid()).children()
            node = next(child for child in mine if child.name() == "node")
            yield Server(origin, Usage(node), time.perf_counter() - started)
