"""The units of deploy/systemd: their command lines run, and they are hardened."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
import requests
import yaml

from proveflow import gunicorn
from tests.deep.conftest import wait_until
from tests.deploy.node import DEPLOY, Node, command, unit
from tests.processes import manage

SERVICES = ("proveflow.service", "proveflow-recover.service", "proveflow-metrics.service")
ANALYZE = shutil.which("systemd-analyze")
NEEDED = {
    "proveflow.service": ["proveflow.socket"],
    "proveflow.socket": ["proveflow.service"],
    "proveflow-recover.timer": ["proveflow-recover.service"],
}
LONGEST_DRAIN_S = 60  # as docs/operating.md says
MOST_EXPOSED = 2.0  # of 10; systemd calls up to 4.9 OK


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze here")
def test_a_service_is_hardened(service: str) -> None:
    rated = subprocess.run(
        [str(ANALYZE), "security", "--offline=yes", str(DEPLOY / "systemd" / service)],
        capture_output=True,
        text=True,
        check=True,
    )
    [exposure] = re.findall(r"Overall exposure level for \S+: ([\d.]+)", rated.stdout)
    assert float(exposure) <= MOST_EXPOSED


def test_all_services_are_hardened_alike() -> None:
    texts = [(DEPLOY / "systemd" / service).read_text() for service in SERVICES]
    blocks = [text.partition("\n# Hardening.")[2].partition("\n\n")[0].splitlines()[1:] for text in texts]
    assert len(blocks[0]) > 20 and blocks == [blocks[0]] * len(SERVICES)


def test_the_command_for_operators_has_the_folder_the_user_and_the_settings_of_the_service() -> None:
    does = (DEPLOY / "manage").read_text()
    service = unit("proveflow.service")
    folder, user, settings = (service[name][0] for name in ("WorkingDirectory", "User", "Environment"))
    assert f"cd {folder} && exec runuser -u {user} -- env {settings.split()[0]} .venv" in does
    assert os.access(DEPLOY / "manage", os.X_OK)


def test_kubernetes_waits_for_the_longest_drain_and_for_the_requests_that_run() -> None:
    objects = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())
    [pod] = [each["spec"]["template"]["spec"] for each in objects if each["kind"] == "Deployment"]
    [_sleep, seconds] = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    drain_s = int(seconds) + LONGEST_DRAIN_S + gunicorn.graceful_timeout
    assert pod["terminationGracePeriodSeconds"] > drain_s


def test_systemd_waits_for_the_longest_drain_and_for_the_requests_that_run() -> None:
    [stop_s] = unit("proveflow.service")["TimeoutStopSec"]
    assert int(stop_s) > LONGEST_DRAIN_S + gunicorn.graceful_timeout
    assert f"`DRAIN_S` may be at most {LONGEST_DRAIN_S}" in (DEPLOY.parent / "docs/operating.md").read_text()


@pytest.mark.parametrize("name", [*SERVICES, "proveflow.socket", "proveflow-recover.timer"])
@pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze here")
def test_systemd_understands_every_line(name: str, tmp_path: Path) -> None:
    text = re.sub(r"/srv/proveflow/\.venv/bin/\w+", "/bin/true", (DEPLOY / "systemd" / name).read_text())
    (tmp_path / name).write_text(text.replace("User=proveflow", "User=root").replace("Group=proveflow", "Group=root"))
    for needed in NEEDED.get(name, ()):
        shutil.copy(DEPLOY / "systemd" / needed, tmp_path)
    said = subprocess.run([str(ANALYZE), "verify", str(tmp_path / name)], capture_output=True, text=True, check=False)
    assert [line for line in said.stderr.splitlines() if name in line and "not executable" not in line] == []


@pytest.mark.xdist_group("node")
def test_the_service_serves_and_its_metrics_are_those_of_its_workers(a_node: Node) -> None:
    origin = f"http://127.0.0.1:{a_node.port}"
    assert requests.get(f"{origin}/readyz", timeout=10).text == "ok\n"
    assert requests.get(f"{origin}/version", timeout=10).json()["commit"] == "0e7bbe2"
    told = a_node.metrics()
    assert re.search(r'^proveflow_responses_total\{status="2xx"\} [1-9]', told, re.MULTILINE)
    assert "proveflow_database_up 1.0" in told and 'commit="0e7bbe2"' in told


@pytest.mark.xdist_group("node")
def test_the_timer_starts_recover_which_says_nothing_when_all_is_well(a_node: Node) -> None:
    assert unit("proveflow-recover.timer")["OnCalendar"] == ["minutely"]
    manage(*command("proveflow-recover.service")[1:], environment=a_node.environment)


@pytest.mark.xdist_group("node")
def test_a_reload_replaces_the_workers_and_takes_the_old_ones_out_of_the_metrics(a_node: Node) -> None:
    [reload] = unit("proveflow.service")["ExecReload"]
    assert reload == "/bin/kill -HUP $MAINPID"
    master = int((a_node.folder / "pid").read_text())
    before = children(master)
    os.kill(master, signal.SIGHUP)

    def are_replaced() -> bool:
        assert requests.get(f"http://127.0.0.1:{a_node.port}/healthz", timeout=60).status_code == 200
        return not children(master) & before

    wait_until(are_replaced, "The old workers still run.")
    live = {int(file.stem.rpartition("_")[2]) for file in Path(a_node.environment["METRICS_DIR"]).glob("gauge_live*")}
    assert not live & before


def children(master: int) -> set[int]:
    return set(map(int, Path(f"/proc/{master}/task/{master}/children").read_text().split()))
