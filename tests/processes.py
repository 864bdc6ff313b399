"""Real processes for tests: the product's servers and the sandbox, each on a loopback port of its own."""

import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

ROOT = Path(__file__).parent.parent
START_LIMIT_S = 30
SESSION_TIMES = ("created_at", "moved_at", "expires_at", "code_sent_at", "send_again_at", "approved_at")


def free_port() -> int:
    """Return a free port below those of outgoing connections, so that none of these takes it meanwhile."""
    port = 10_000 + secrets.randbelow(20_000)
    with socket.socket() as listener:
        return free_port() if listener.connect_ex(("127.0.0.1", port)) == 0 else port


@contextmanager
def running(
    arguments: list[str], *, environment: dict[str, str], url: str, log: Path, project: Path = ROOT
) -> Iterator[str]:
    """Run `python ARGUMENTS` until the block ends; yield `url` once it answers. The output goes to `log`."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=project,
            env=inherited_environment() | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def inherited_environment() -> dict[str, str]:
    """Return this process's environment without its configuration of the product."""
    ours = ("PROVE_", "TWILIO_", "DJANGO_", "DATABASE")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + START_LIMIT_S
    while time.monotonic() < ends and process.poll() is None:
        try:
            requests.get(url, timeout=1)
        except requests.RequestException:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{url} does not answer:\n{log.read_text()}")


def product_environment(folder: Path, **more: str) -> dict[str, str]:
    """Return environment variables for another instance of the product, with its database in `folder`."""
    return {
        "ENV_FILE": os.devnull,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "DATABASE_URL": f"sqlite:///{folder / 'product.sqlite3'}",
        "SANDBOX_STORE": str(folder / "sandbox.sqlite3"),
        "METRICS_DIR": str(folder / "metrics"),
        **more,
    }


def static_files() -> Path:
    """Return the folder of the static files as in production, which are collected once per test run."""
    shared = Path(os.environ["TEST_FOLDER"])
    static = shared / "collected"
    with (shared / "collected.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (static / "staticfiles.json").exists():
            nobody = vendor_environment(prove="http://127.0.0.1:9", twilio="http://127.0.0.1:9")
            environment = product_environment(shared, DEBUG="0", STATIC_ROOT=str(static), **nobody)
            manage("collectstatic", "--noinput", environment=environment)
    return static


def copy_migrated_database(folder: Path) -> None:
    """Put a migrated SQLite database where `product_environment(folder)` has its own. It is made once per test run."""
    shared = Path(os.environ["TEST_FOLDER"]) / "migrated"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "done").exists():
            manage("migrate", environment=product_environment(shared, DEBUG="1"))
            (shared / "done").touch()
    shutil.copy(shared / "product.sqlite3", folder / "product.sqlite3")


def vendor_environment(*, prove: str, twilio: str) -> dict[str, str]:
    """Return environment variables that make sandboxes at these origins its Prove and Twilio."""
    return {
        "PROVE_BASE_URL": f"{prove}/sandbox/prove",
        "PROVE_CLIENT_ID": "sandbox",
        "PROVE_CLIENT_SECRET": "sandbox",
        "TWILIO_BASE_URL": f"{twilio}/sandbox/twilio",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "sandbox",
        "TWILIO_VERIFY_SERVICE_SID": "VA" + "0" * 32,
    }


def manage(*arguments: str, environment: dict[str, str], project: Path = ROOT) -> None:
    """Run a command of manage.py to its end."""
    subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=project,
        env=inherited_environment() | environment,
        check=True,
        capture_output=True,
    )
