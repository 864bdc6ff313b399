"""How the production processes run: what they print, how many files they open, how long they keep connections."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from proveflow import gunicorn
from tests.deep.conftest import DEEP, wait_until
from tests.processes import (
    ROOT,
    copy_migrated_database,
    free_port,
    product_environment,
    running,
    static_files,
    vendor_environment,
)

CLOSED_PORT = "http://127.0.0.1:9"
LIMITED = "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_NOFILE, ({n}, {n})); "
HELD = 600  # connections
FIGURES = "from proveflow import gunicorn as g; print([g.worker_connections, g.threads])"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    vendors = vendor_environment(prove=CLOSED_PORT, twilio=CLOSED_PORT)
    found = product_environment(tmp_path, DEBUG="0", STATIC_ROOT=str(static_files()), **vendors)
    copy_migrated_database(tmp_path)
    return found


def test_recover_prints_nothing_when_all_is_well_whatever_the_checks_warn_of(environment: dict[str, str]) -> None:
    command = [sys.executable, "manage.py", "recover"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_idle_connections_are_kept_for_as_long_as_the_setting_says(settings: Any) -> None:
    kept: dict[str, int] = {}
    settings.KEEPALIVE_S = 620
    gunicorn.post_worker_init(SimpleNamespace(cfg=SimpleNamespace(set=kept.__setitem__)))
    assert kept == {"keepalive": 620}


@pytest.mark.skipif(not DEEP, reason="it waits for some seconds: make test-deep")
def test_an_idle_connection_outlasts_those_of_a_balancer(environment: dict[str, str], tmp_path: Path) -> None:
    port = free_port()
    command = ["-m", "gunicorn", "proveflow.wsgi", "--config", "proveflow/gunicorn.py", "--bind", f"127.0.0.1:{port}"]
    url = f"http://127.0.0.1:{port}/healthz"
    with (
        running(command, environment=environment, url=url, log=tmp_path / "log"),
        closing(HTTPConnection("127.0.0.1", port, timeout=30)) as kept,
    ):
        kept.request("GET", "/healthz")
        kept.getresponse().read()
        used = kept.sock
        time.sleep(61)  # AWS's load balancers keep theirs for 60 s
        kept.request("GET", "/healthz")
        assert kept.getresponse().read() == b"ok\n" and kept.sock is used


@pytest.mark.parametrize(
    ("setting", "command"),
    [
        ("METRICS_DIR", ["-c", "import proveflow.wsgi"]),
        ("STATIC_ROOT", ["manage.py", "collectstatic", "--noinput"]),
        ("DATABASE_URL", ["manage.py", "migrate"]),
        ("BRAND_DIR", ["manage.py", "check"]),
    ],
)
def test_a_place_that_cannot_be_used_is_told_with_the_setting_that_moves_it(
    environment: dict[str, str], tmp_path: Path, setting: str, command: list[str]
) -> None:
    (tmp_path / "file").touch()
    place = str(tmp_path / ("x" * 256 if setting == "BRAND_DIR" else "file/folder"))
    environment[setting] = f"sqlite:///{place}" if setting == "DATABASE_URL" else place
    command = [sys.executable, *command]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode and setting in ended.stderr and "Traceback" not in ended.stderr


@pytest.mark.parametrize("files", [100, 256, 400, 1024])
def test_a_worker_accepts_fewer_connections_than_it_may_open_files(files: int) -> None:
    command = [sys.executable, "-c", LIMITED.format(n=files) + FIGURES]
    connections, threads = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
    assert threads < connections <= max(16, files - gunicorn.OWN_FILES)


@pytest.mark.skipif(not DEEP, reason="half a minute: make test-deep")
def test_workers_survive_more_connections_than_they_may_open_files(environment: dict[str, str], tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    gunicorn_main = "sys.argv = sys.argv[:1] + {}; runpy.run_module('gunicorn', run_name='__main__')"
    arguments = ["proveflow.wsgi", "--config", "proveflow/gunicorn.py", "--bind", f"127.0.0.1:{port}"]
    command = ["-c", LIMITED.format(n=256) + gunicorn_main.format(arguments)]
    url = f"http://127.0.0.1:{port}/healthz"
    with running(command, environment=environment, url=url, log=log):
        with ExitStack() as held:
            for _ in range(HELD):
                held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            time.sleep(1)
        assert requests.get(url, timeout=30).status_code == 200
    assert "Too many open files" not in log.read_text() and "exited with" not in log.read_text()


def test_a_reload_reads_the_settings_anew(environment: dict[str, str], tmp_path: Path) -> None:
    file, port = tmp_path / "env", free_port()
    file.write_text("BRAND_NAME=Before\n")
    arguments = ["-m", "gunicorn", "proveflow.wsgi", "--config", "proveflow/gunicorn.py", "--workers", "1"]
    arguments += ["--bind", f"127.0.0.1:{port}", "--pid", str(tmp_path / "pid")]
    url = f"http://127.0.0.1:{port}/"
    with running(arguments, environment={**environment, "ENV_FILE": str(file)}, url=url, log=tmp_path / "log"):
        assert "Before" in requests.get(url, timeout=30).text
        file.write_text("BRAND_NAME=After\n")
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGHUP)
        wait_until(lambda: "After" in requests.get(url, timeout=30).text, "the settings of before are in force")
