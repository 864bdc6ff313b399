"""The dashboard and the alerts name metrics, labels and values that are exported, and each alert has its page."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from onboarding.operations.exporter import Queues
from onboarding.telemetry import metrics
from tests.processes import ROOT, free_port, product_environment, running
from tests.telemetry.test_metrics import ALLOWED

FOLDER = ROOT / "deploy/grafana"
OF_PROMETHEUS = {"le", "job", "instance"}


def alerts() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"] for rule in group["rules"]]


def panels() -> list[str]:
    found = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    return [target["expr"] for panel in found for target in panel.get("targets", [])]


EXPRESSIONS = [*(rule["expr"] for rule in alerts()), *panels()]


@pytest.fixture
def exported(db: None) -> dict[str, set[str]]:
    """Return the labels of all metrics of ours, by the names that Prometheus stores."""
    ours = [metric for metric in REGISTRY.collect() if metric.name.startswith("proveflow_")]
    kept = [each for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)]
    labels = {each._name: set(each._labelnames) for each in kept}
    endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
    names = {each.name + end: labels[each.name] for each in ours for end in endings[each.type]}
    read = {sample.name: set(sample.labels) for metric in Queues().collect() for sample in metric.samples}
    return names | read


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_label_and_value_that_is_named_is_exported(expression: str, exported: dict[str, set[str]]) -> None:
    known = {*exported, "up"}
    named = re.findall(r"\b(proveflow_\w+|up)\b(?:\{([^}]*)\})?", expression)
    assert named and {name for name, _ in named} <= known
    for name, selectors in named:
        for label, values in re.findall(r'(\w+)=~?"([^"]*)"', selectors):
            assert label in exported.get(name, set()) | OF_PROMETHEUS
            assert label not in ALLOWED or set(values.split("|")) <= ALLOWED[label]
    grouped = {label for labels in re.findall(r"by \(([^)]*)\)", expression) for label in labels.split(", ")}
    assert grouped <= OF_PROMETHEUS.union(*(exported.get(name, set()) for name, _ in named))


def test_the_dashboard_shows_every_metric(exported: dict[str, set[str]]) -> None:
    shown = " ".join(panels())
    stems = {re.sub("_(total|bucket|sum|count)$", "", name) for name in exported}
    assert {stem for stem in stems if stem not in shown} == set()


def test_without_a_database_a_scrape_says_so_before_prometheus_gives_up(tmp_path: Path) -> None:
    scraped = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["global"]
    gives_up_s = int(scraped["scrape_timeout"].removesuffix("s"))
    environment = product_environment(tmp_path, DEBUG="1") | {"DATABASE_URL": "postgres://a:b@127.0.0.1:9/c"}
    address = f"127.0.0.1:{free_port()}"
    url, log = f"http://{address}/metrics", tmp_path / "log"
    with running(["manage.py", "metrics", address], environment=environment, url=f"{url}?name[]=none", log=log):
        assert "proveflow_database_up 0.0" in requests.get(url, timeout=gives_up_s).text


def test_metrics_without_a_place_to_read_from_say_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    environment = product_environment(tmp_path, DEBUG="1", METRICS_DIR=str(tmp_path / "file/metrics"))
    command = [sys.executable, "manage.py", "metrics", f"127.0.0.1:{free_port()}"]
    said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (1, "CommandError: METRICS_DIR cannot be made: Not a directory.\n")


STARTED = """
from django.core.wsgi import get_wsgi_application
from prometheus_client import generate_latest
get_wsgi_application()
print(generate_latest().decode())
"""


@pytest.mark.django_db
def test_every_series_of_an_alert_exists_at_0_when_the_server_has_started(tmp_path: Path) -> None:
    environment = product_environment(tmp_path, DEBUG="1", DJANGO_SETTINGS_MODULE="proveflow.settings")
    environment |= {"ALLOWED_COUNTRIES": "US,CA"}
    command = [sys.executable, "-c", STARTED]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    families = [*text_string_to_metric_families(told), *Queues().collect()]
    samples = [sample for family in families for sample in family.samples]
    at_zero = [each for each in samples if not each.value or each.name == "proveflow_database_up"]
    missing = [
        (rule["alert"], name, label, value)
        for rule in alerts()
        for name, selectors in re.findall(r"\b(proveflow_\w+)\b(?:\{([^}]*)\})?", rule["expr"])
        for label, values in re.findall(r'(\w+)=~?"([^"]*)"', selectors) or [("", "")]
        for value in values.split("|")
        if not any(each.name == name and re.fullmatch(value, each.labels.get(label, "")) for each in at_zero)
    ]
    assert missing == []


def test_what_a_cause_inhibits_are_other_alerts_that_exist() -> None:
    names = {rule["alert"] for rule in alerts()}
    for rule in yaml.safe_load((FOLDER / "alertmanager.yml").read_text())["inhibit_rules"]:
        causes, effects = (
            set(re.findall(r"\b[A-Z]\w+", " ".join(rule[which]))) for which in ("source_matchers", "target_matchers")
        )
        assert causes and effects and causes | effects <= names and not causes & effects


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_every_alert_has_a_page_in_the_guide(rule: dict[str, Any]) -> None:
    assert rule["annotations"]["runbook_url"] == f"docs/operating.md#{rule['alert'].lower()}"
    page = (ROOT / "docs/operating.md").read_text().partition(f"\n### {rule['alert']}\n")[2].partition("\n#")[0]
    assert "**Look at:**" in page and "**Do:**" in page


def test_the_guide_has_no_page_of_an_alert_that_does_not_exist() -> None:
    pages = (ROOT / "docs/operating.md").read_text().partition("\n## Alerts\n")[2].partition("\n## ")[0]
    assert re.findall(r"^### (\w+)$", pages, re.MULTILINE) == [rule["alert"] for rule in alerts()]
