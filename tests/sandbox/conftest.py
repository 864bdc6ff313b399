"""Two sandboxes to drive: one in this process, behind the adapter, and one in a process of its own, over HTTP."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from pytest_django import Settings

from sandbox.adapter import SandboxAdapter
from tests.processes import free_port, running
from tests.sandbox.driver import SandboxDriver
from tests.upstream.conftest import certificate  # noqa: F401 - a fixture

EMBEDDED = "sandbox://embedded"


def control(session: requests.Session, origin: str, method: str, path: str, arguments: Mapping[str, Any]) -> Any:
    """The answer of the control API. Raises HTTPError if it refuses the call."""
    query = f"?{urlencode(arguments)}" if method == "GET" else ""
    body = None if method == "GET" else arguments
    answer = session.request(method, f"{origin}/sandbox/{path}{query}", json=body, timeout=5)
    answer.raise_for_status()
    return answer.json()


@pytest.fixture(autouse=True)
def store(settings: Settings, tmp_path: Path) -> Path:
    """The file of a store for this test alone. The product's URLs and middleware are off."""
    settings.SANDBOX_STORE = tmp_path / "sandbox.sqlite3"
    settings.ROOT_URLCONF = "sandbox.root"
    settings.MIDDLEWARE = []
    return tmp_path / "sandbox.sqlite3"


@pytest.fixture
def embedded() -> Iterator[SandboxDriver]:
    with requests.Session() as session:
        session.mount("sandbox://", SandboxAdapter())
        yield SandboxDriver(session, EMBEDDED, lambda *call: control(session, EMBEDDED, *call))


@pytest.fixture(scope="session")
def standalone_origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Runs `manage.py sandbox` for all tests. Its URL without a path."""
    folder = tmp_path_factory.mktemp("standalone")
    port = free_port()
    environment = {"SANDBOX_STORE": str(folder / "sandbox.sqlite3")}
    url = f"http://127.0.0.1:{port}"
    with running(
        ["manage.py", "sandbox", str(port)], environment=environment, url=f"{url}/sandbox/", log=folder / "log"
    ):
        yield url


@pytest.fixture
def standalone(standalone_origin: str) -> Iterator[SandboxDriver]:
    with requests.Session() as session, requests.Session() as controller:
        sandbox = SandboxDriver(session, standalone_origin, lambda *call: control(controller, standalone_origin, *call))
        sandbox.control("POST", "control/reset", {})
        yield sandbox


@pytest.fixture(params=["embedded", "standalone"])
def sandbox(request: pytest.FixtureRequest) -> SandboxDriver:
    """The test runs with each of the two."""
    driver: SandboxDriver = request.getfixturevalue(request.param)
    return driver
