"""The alerts of deploy/grafana: their rules are tried by promtool, and one fires in a real Prometheus."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.deep.conftest import DEEP
from tests.deep.servers.load import SimulatedPerson
from tests.deep.test_rotation import People
from tests.deploy.node import DEPLOY, node
from tests.processes import free_port

PROMTOOL, PROMETHEUS = shutil.which("promtool"), shutil.which("prometheus")
RULES = DEPLOY / "grafana/alerts.yml"
MINUTES = 60  # that each series lasts
FIRES_WITHIN_S = 300
CALLS = "proveflow_upstream_calls_total"

pytestmark = pytest.mark.skipif(PROMTOOL is None, reason="no promtool here (Debian: prometheus)")


def grows(by: float) -> str:
    return f"0+{by}x{MINUTES}"


def stays(at: float) -> str:
    return f"{at}+0x{MINUTES}"


# By alert: the series, by minute, of a day on which it fires.
BAD_DAYS: Mapping[str, Mapping[str, str]] = {
    "ProveFails": {
        f'{CALLS}{{service="prove",outcome="ok"}}': grows(8),
        f'{CALLS}{{service="prove",outcome="uncertain"}}': grows(2),
    },
    "TwilioFails": {
        f'{CALLS}{{service="twilio",outcome="ok"}}': grows(8),
        f'{CALLS}{{service="twilio",outcome="circuit_open"}}': grows(2),
    },
    "CircuitOpen": {'proveflow_circuits_open{service="prove"}': stays(1)},
    "VendorRefusesUs": {
        f'{CALLS}{{service="prove",outcome="ok"}}': grows(4),
        f'{CALLS}{{service="prove",outcome="refused"}}': grows(6),
    },
    "BindUnknown": {'proveflow_verbs_total{verb="bind",outcome="bind_unknown"}': f"0+0x50 1+0x{MINUTES}"},
    "PagesFail": {
        'proveflow_responses_total{status="2xx"}': grows(90),
        'proveflow_responses_total{status="5xx"}': grows(10),
    },
    "PagesSlow": {
        'proveflow_response_seconds_bucket{le="4.0"}': grows(90),
        'proveflow_response_seconds_bucket{le="20.0"}': grows(100),
        'proveflow_response_seconds_bucket{le="+Inf"}': grows(100),
    },
    "CodesNotEntered": {
        'proveflow_codes_total{country="US",outcome="sent"}': grows(10),
        'proveflow_codes_total{country="US",outcome="approved"}': grows(3),
    },
    "MoneyRunsOut": {'proveflow_budget_used_ratio{budget="money"}': stays(0.6)},
    "LimitsRefuse": {'proveflow_refusals_total{budget="sends_address"}': grows(15)},
    "CallsWait": {'proveflow_upstream_waiting{service="prove"}': stays(2)},
    "PoolWaits": {'proveflow_database_pool{state="waiting",instance="a"}': stays(2)},
    "ReviewsWait": {'proveflow_queue_oldest_seconds{queue="reviews"}': stays(15_000)},
    "DebtsWait": {'proveflow_queue_oldest_seconds{queue="debts"}': stays(4_000)},
    "RecoverMissing": {'proveflow_queue_oldest_seconds{queue="claims"}': stays(700)},
    "DatabaseDown": {"proveflow_database_up": stays(0)},
    "MetricsMissing": {'up{job="proveflow",instance="a"}': stays(0)},
}
GOOD_DAY = {
    f'{CALLS}{{service="prove",outcome="ok"}}': grows(100),
    f'{CALLS}{{service="prove",outcome="uncertain"}}': grows(1),
    f'{CALLS}{{service="twilio",outcome="ok"}}': grows(60),
    f'{CALLS}{{service="twilio",outcome="refused"}}': grows(2),
    'proveflow_circuits_open{service="prove"}': stays(0),
    'proveflow_verbs_total{verb="bind",outcome="bind_unknown"}': stays(0),
    'proveflow_responses_total{status="2xx"}': grows(500),
    'proveflow_responses_total{status="5xx"}': grows(1),
    'proveflow_response_seconds_bucket{le="4.0"}': grows(100),
    'proveflow_response_seconds_bucket{le="20.0"}': grows(100),
    'proveflow_response_seconds_bucket{le="+Inf"}': grows(100),
    'proveflow_codes_total{country="US",outcome="sent"}': grows(10),
    'proveflow_codes_total{country="US",outcome="approved"}': grows(9),
    'proveflow_budget_used_ratio{budget="money"}': stays(0.1),
    'proveflow_refusals_total{budget="sends_address"}': grows(1),
    'proveflow_upstream_waiting{service="prove"}': stays(0),
    'proveflow_database_pool{state="waiting",instance="a"}': stays(0),
    'proveflow_queue_oldest_seconds{queue="reviews"}': stays(600),
    'proveflow_queue_oldest_seconds{queue="debts"}': stays(60),
    'proveflow_queue_oldest_seconds{queue="claims"}': stays(20),
    'proveflow_queue_oldest_seconds{queue="unsealed"}': stays(70),
    "proveflow_database_up": stays(1),
    'up{job="proveflow",instance="a"}': stays(1),
}


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(PROMTOOL), *arguments], capture_output=True, text=True, check=False)


def fires(alert: str, series: Mapping[str, str], folder: Path) -> bool:
    """Return whether the alert fires after an hour of the series."""
    expression = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
    test: dict[str, Any] = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f"({expression} > bool 0) or vector(0)",
                "eval_time": "59m",
                "exp_samples": [{"labels": "{}", "value": 1}],
            }
        ],
    }
    file = folder / f"{alert}.yml"
    file.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]}))
    done = promtool("test", "rules", str(file))
    assert done.returncode == 0 or "got:" in done.stderr + done.stdout, done.stderr + done.stdout
    return done.returncode == 0


def test_events_that_are_not_sealed_tell_that_recover_does_not_run(tmp_path: Path) -> None:
    waits = 'proveflow_queue_oldest_seconds{queue="unsealed"}'
    assert fires("RecoverMissing", {**GOOD_DAY, waits: stays(1_900)}, tmp_path)


def test_the_files_are_valid() -> None:
    for kind, file in (("rules", RULES), ("config", DEPLOY / "grafana/prometheus.yml")):
        done = promtool("check", kind, str(file))
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_bad_day() -> None:
    assert [line.split()[-1] for line in RULES.read_text().splitlines() if "- alert:" in line] == list(BAD_DAYS)


@pytest.mark.parametrize("alert", BAD_DAYS)
def test_an_alert_fires_on_its_bad_day_and_on_no_good_one(alert: str, tmp_path: Path) -> None:
    assert fires(alert, {**GOOD_DAY, **BAD_DAYS[alert]}, tmp_path)
    assert not fires(alert, GOOD_DAY, tmp_path)


@pytest.mark.skipif(not DEEP or PROMETHEUS is None, reason="minutes, and a Prometheus: make test-deep")
@pytest.mark.xdist_group("node")
def test_an_alert_fires_when_the_sandboxs_prove_fails(tmp_path: Path) -> None:
    with node(tmp_path, BEHIND_TLS_PROXY="0", DESKTOP_ALLOWED="1", LIMITS_WATCH_ONLY="1") as failing:
        order = {"route": "prove.unify", "kind": "status", "status": 500}
        requests.post(f"{failing.sandbox}/sandbox/control/faults", json=order, timeout=10).raise_for_status()
        with prometheus(tmp_path, failing.metrics_port) as alerts:
            ends = time.monotonic() + FIRES_WITHIN_S
            for n in count():
                if "ProveFails" in firing(alerts):
                    break
                assert time.monotonic() < ends, "The alert does not fire."
                SimulatedPerson(People(failing), f"+1415{2_000_000 + n * 13}").starts()  # type: ignore[arg-type]
                time.sleep(1)


@contextmanager
def prometheus(folder: Path, target: int) -> Iterator[str]:
    """Run Prometheus with our files, and an interval of 5 seconds; yield the URL of its alerts."""
    settings = (DEPLOY / "grafana/prometheus.yml").read_text().replace("127.0.0.1:9464", f"127.0.0.1:{target}")
    (folder / "prometheus.yml").write_text(settings.replace("15s", "5s").replace("8s", "4s"))
    shutil.copy(RULES, folder)
    address = f"127.0.0.1:{free_port()}"
    arguments = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb"]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen([str(PROMETHEUS), *arguments, f"--web.listen-address={address}"], stderr=log)
    try:
        yield f"http://{address}/api/v1/alerts"
    finally:
        process.terminate()
        process.wait(timeout=30)


def firing(url: str) -> set[str]:
    try:
        found = requests.get(url, timeout=10).json()["data"]["alerts"]
    except requests.ConnectionError:
        return set()
    return {each["labels"]["alertname"] for each in found if each["state"] == "firing"}
