"""Keys and credentials are changed under load, and the server reloads: nobody is lost, and each request is answered.

Each request has a connection of its own, as from the proxy of deploy/nginx.conf.
"""

import os
import secrets
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from django.db import connection

from tests.deep.conftest import report, share
from tests.deep.servers.load import SimulatedPerson
from tests.deploy.node import Node, node
from tests.processes import manage

AT_ONCE = 6
PEOPLE = share(deep=500, quick=12)  # of ten requests each
ROTATED = ("SECRET_KEY", "LASTING_KEY")
CREDENTIALS = {"PROVE_CLIENT_SECRET": "sandbox", "PROVE_EU_CLIENT_SECRET": "sandbox-eu", "TWILIO_AUTH_TOKEN": "sandbox"}
COUNTRIES = ("+1415", "+4915")  # half of the people in each of Prove's regions

pytestmark = pytest.mark.skipif(
    connection.vendor == "postgresql", reason="runs on a database of its own: once is enough"
)


class Secrets:
    """The files of the secrets, which the node reads at each reload."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for name in ROTATED:
            self.write(name, secrets.token_urlsafe(50))
            self.write(f"{name}_FALLBACKS", "")
        for name, value in CREDENTIALS.items():
            self.write(name, value)

    def write(self, name: str, value: str) -> None:
        (self.folder / name).write_text(value)

    def rotate(self, name: str) -> None:
        """Replace the key, and keep the old one as a fallback; write a credential anew."""
        if name in ROTATED:
            former = [(self.folder / name).read_text(), (self.folder / f"{name}_FALLBACKS").read_text()]
            self.write(f"{name}_FALLBACKS", ",".join(filter(None, former)))
            self.write(name, secrets.token_urlsafe(50))
        else:
            self.write(name, CREDENTIALS[name])

    @property
    def environment(self) -> dict[str, str]:
        return {f"{file.name}_FILE": str(file) for file in self.folder.iterdir()}


class People:
    """What `SimulatedPerson` needs of a deployment."""

    def __init__(self, node: Node) -> None:
        self.origin, self._sandbox = f"http://127.0.0.1:{node.port}", node.sandbox

    def code(self, number: str) -> str:
        found: list[dict[str, Any]] = requests.get(
            f"{self._sandbox}/sandbox/messages.json", {"to": number}, timeout=10
        ).json()
        return str(found[0]["code"]) if found else ""


@pytest.fixture
def files(tmp_path: Path) -> Secrets:
    return Secrets(tmp_path / "secrets")


@pytest.fixture
def a_node(tmp_path: Path, files: Secrets) -> Iterator[Node]:
    settings = {"BEHIND_TLS_PROXY": "0", "ALLOWED_COUNTRIES": "", "LIMITS_WATCH_ONLY": "1", "DESKTOP_ALLOWED": "1"}
    with node(tmp_path, **settings, **files.environment) as made:
        yield made


@pytest.mark.xdist_group("node")
def test_nobody_is_lost_while_keys_and_credentials_are_changed_under_load(a_node: Node, files: Secrets) -> None:
    numbers = [f"{COUNTRIES[n % 2]}{(2_000_000, 112_000_000)[n % 2] + n * 13}" for n in range(PEOPLE)]
    people = [SimulatedPerson(People(a_node), number) for number in numbers]  # type: ignore[arg-type]
    for person in people:
        person.browser.headers["Connection"] = "close"
    finished = threading.Semaphore(0)

    def link(person: SimulatedPerson) -> bool:
        is_linked = person.onboards()
        finished.release()
        return is_linked

    steps = (*ROTATED, *CREDENTIALS)
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        linked = [crowd.submit(link, person) for person in people]
        for name in steps:
            for _ in range(PEOPLE // (len(steps) + 1)):
                finished.acquire()
            files.rotate(name)
            os.kill(int((a_node.folder / "pid").read_text()), signal.SIGHUP)
    failed = [status for person in people for status in person.statuses if status >= 500]
    requests_sent = sum(person.requests for person in people)
    assert [future.result() for future in linked] == [True] * PEOPLE
    assert failed == [] and [failure for person in people for failure in person.failures] == []
    manage("recover", environment=a_node.environment)
    report(f"rotation: {requests_sent} requests, {PEOPLE} people, {len(steps)} reloads: 0 failed, 0 lost")
