"""The processes of a drill: nodes of the product, each a gunicorn with its own settings, and a sandbox."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

ROOT = Path(__file__).parent.parent.parent
START_LIMIT_S, STOP_LIMIT_S = 60, 120
WORKERS_END_S = 1.0  # after SIGHUP, the old workers accept no more connections
READ_DATABASE_URL = """from pathlib import Path
from proveflow.environment import Environment
print(Environment(Path(".env")).str("DATABASE_URL", default=""))"""
GUNICORN = ("-m", "gunicorn", "proveflow.wsgi", "--config", "proveflow/gunicorn.py")


class DoesNotStart(Exception):
    """A process has ended, or does not answer. The message has the end of its output."""


@dataclass
class Process:
    """A server of this Python on a port of its own. `probe` is a path that it answers."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    port: int
    probe: str
    running: subprocess.Popen[bytes] | None = None

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Return when it answers. Raises DoesNotStart."""
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, *self.arguments],
                cwd=ROOT, env=dict(self.environment), stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._until_it_answers()

    def _until_it_answers(self) -> None:
        ends = time.monotonic() + START_LIMIT_S
        while self.running is not None and not _answers(self.origin + self.probe):
            if self.running.poll() is not None or time.monotonic() > ends:
                self.kill()
                raise DoesNotStart("\n".join(self.log.read_text(errors="replace").splitlines()[-20:]))
            time.sleep(0.05)

    def stop(self) -> None:
        """End it as a service manager does; return when it has ended."""
        if self.running is not None:
            self.running.terminate()
            try:
                self.running.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def reload(self) -> None:
        """Replace its workers; return when the new ones answer."""
        if self.running is not None:
            self.running.send_signal(signal.SIGHUP)
            time.sleep(WORKERS_END_S)
            self._until_it_answers()

    def kill(self) -> None:
        """End it and its workers at once, as a machine that fails."""
        if self.running is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait()


def node(folder: Path, environment: Mapping[str, str]) -> Process:
    port = _free_port()
    own = {**environment, "METRICS_DIR": str(folder / f"metrics-{port}")}
    return Process((*GUNICORN, "--bind", f"127.0.0.1:{port}"), own, folder / f"node-{port}.log", port, "/healthz")


def sandbox(folder: Path) -> Process:
    port = _free_port()
    own = {**os.environ, "SANDBOX_STORE": str(folder / f"{secrets.token_hex(4)}.sqlite3")}
    own.pop("DJANGO_SETTINGS_MODULE", None)
    arguments = ("manage.py", "sandbox", str(port))
    return Process(arguments, own, folder / "sandbox.log", port, "/sandbox/control/switches")


@contextmanager
def started(*processes: Process) -> Iterator[None]:
    """Start them; kill them at the end of the block."""
    try:
        for process in processes:
            process.start()
        yield
    finally:
        for process in processes:
            process.kill()


def manage(*arguments: str, environment: Mapping[str, str]) -> str:
    """Return the output of a command of manage.py. Raises DoesNotStart if it fails."""
    return _output("manage.py", *arguments, environment=environment)


def operators_database() -> str:
    """Return DATABASE_URL as the product reads it, from the environment, a file or .env; or "". Raises DoesNotStart."""
    return _output("-c", READ_DATABASE_URL, environment=os.environ)


def _output(*arguments: str, environment: Mapping[str, str]) -> str:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, *arguments],
        cwd=ROOT, env=dict(environment), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise DoesNotStart("\n".join(done.stderr.splitlines()[-20:]))
    return done.stdout.strip()


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5, headers={"Connection": "close"}).ok
    except requests.RequestException:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
