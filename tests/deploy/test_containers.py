"""The Containerfile, compose.yaml and kubernetes.yaml: what they name exists, and they run without rights."""

import os
import re
import shlex
import subprocess
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.core.management import get_commands, load_command_class
from django.urls import resolve

from sandbox import cli
from tests.deploy.node import DEPLOY
from tests.processes import ROOT

ENGINE = os.environ.get("CONTAINER_ENGINE")  # not looked for: what is found may belong to somebody else
CONTAINERFILE = (DEPLOY / "Containerfile").read_text().replace("\\\n", "")
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
OBJECTS = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
KNOWN = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
OF_OTHERS = {"PYTHONUNBUFFERED", "PATH"}


def pods() -> Iterator[dict[str, Any]]:
    for each in OBJECTS:
        spec = each.get("spec", {}).get("jobTemplate", each).get("spec", {})
        if "template" in spec:
            yield spec["template"]["spec"]


CONTAINERS = [container for pod in pods() for container in pod["containers"]]
SERVICES = {name: each for name, each in COMPOSE["services"].items() if each["image"] == "proveflow"}
COMMANDS = [
    *(each["command"] for each in (*CONTAINERS, *SERVICES.values()) if "command" in each),
    yaml.safe_load(CONTAINERFILE.rpartition("\nCMD ")[2]),
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_exists(words: list[str]) -> None:
    words = shlex.split(words[2].partition("do ")[2].partition(";")[0]) if words[0] == "sh" else words
    if words[0] == "gunicorn":
        assert words[1] == "proveflow.wsgi" and (ROOT / "proveflow/gunicorn.py").exists()
    else:
        assert words[:2] == ["python", "manage.py"]
        if words[2] != "sandbox":  # which has settings of its own
            load_command_class(get_commands()[words[2]], words[2])


def test_the_sandbox_can_be_reached_by_its_published_port() -> None:
    """Ports are forwarded to an address of the namespace, not to its loopback."""
    parser = ArgumentParser()
    cli.add_arguments(parser)

    options = parser.parse_args(SERVICES["sandbox"]["command"][3:])

    assert (options.port, options.host) == (9090, "0.0.0.0")


def test_every_variable_is_one_of_ours() -> None:
    config = next(each["data"] for each in OBJECTS if each["kind"] == "ConfigMap")
    named = {*config, *COMPOSE["x-product"]["environment"]}
    named |= set(re.findall(r"\b([A-Z][A-Z_]+)=", CONTAINERFILE))
    assert named - KNOWN - OF_OTHERS == set()
    assert all(isinstance(value, str) for value in config.values())


def test_what_the_image_copies_exists_and_is_sent_to_the_engine() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE)
    sources = {source for each in copied for source in each.split()}
    sent = {line[1:] for line in (ROOT / ".containerignore").read_text().splitlines() if line.startswith("!")}
    assert {source for source in sources if not (ROOT / source).exists()} == set()
    assert {source.partition("/")[0] for source in sources} <= sent


def test_the_image_has_no_root_no_shell_form_and_pinned_packages() -> None:
    assert re.search(r"^USER 10001:10001$", CONTAINERFILE, re.MULTILINE)
    assert "--require-hashes" in CONTAINERFILE and "npm ci" in CONTAINERFILE
    assert all(line.split(" ", 1)[1].startswith("[") for line in re.findall(r"^CMD .+$", CONTAINERFILE, re.MULTILINE))
    bases = re.findall(r"^FROM (\S+)", CONTAINERFILE, re.MULTILINE)
    assert len(bases) == 3 and all(re.search(r":\d", base) for base in bases)


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda each: each["name"])
def test_a_container_in_kubernetes_has_no_rights(container: dict[str, Any]) -> None:
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert all(pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"] for pod in pods())


def test_probes_ask_paths_that_exist_and_no_node_stops_before_another_is_ready() -> None:
    deployment = next(each["spec"] for each in OBJECTS if each["kind"] == "Deployment")
    [web] = [each for each in deployment["template"]["spec"]["containers"] if each["name"] == "web"]
    probes = {kind: resolve(web[kind]["httpGet"]["path"]).url_name for kind in web if kind.endswith("Probe")}
    assert probes == {"startupProbe": "healthz", "livenessProbe": "healthz", "readinessProbe": "readyz"}
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert deployment["template"]["spec"]["terminationGracePeriodSeconds"] > 10 + 25


@pytest.mark.parametrize("service", SERVICES.values(), ids=list(SERVICES))
def test_a_service_of_compose_is_read_only_and_on_loopback(service: dict[str, Any]) -> None:
    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    ports = COMPOSE["services"]["network"]["ports"]
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.skipif(ENGINE is None, reason="CONTAINER_ENGINE names no podman or docker to build the image with")
def test_the_image_can_be_built() -> None:
    subprocess.run([str(ENGINE), "build", "-f", "deploy/Containerfile", "-t", "proveflow", "."], cwd=ROOT, check=True)
