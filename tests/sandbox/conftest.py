"""Two sandboxes to drive: one in this process, behind the adapter, and one in a process of its own, over HTTP."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from django.test import Client
from pytest_django import Settings

from sandbox.adapter import SandboxAdapter
from tests.processes import free_port, running
from tests.sandbox.driver import SandboxDriver


@pytest.fixture(autouse=True)
def store(settings: Settings, tmp_path: Path) -> Path:
    """The file of a store for this test alone. The product's URLs and middleware are off."""
    settings.SANDBOX_STORE = tmp_path / "sandbox.sqlite3"
    settings.ROOT_URLCONF = "sandbox.root"
    settings.MIDDLEWARE = []
    return tmp_path / "sandbox.sqlite3"


@pytest.fixture
def embedded() -> Iterator[SandboxDriver]:
    client = Client()

    def control(method: str, path: str, arguments: Mapping[str, Any]) -> Any:
        if method == "GET":
            return client.get(f"/sandbox/{path}", dict(arguments)).json()
        answer = client.generic(method, f"/sandbox/{path}", json.dumps(arguments), content_type="application/json")
        assert answer.status_code == 200, answer.content
        return answer.json()

    with requests.Session() as session:
        session.mount("sandbox://", SandboxAdapter())
        yield SandboxDriver(session, "sandbox://embedded", control)


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
    with requests.Session() as session:

        def control(method: str, path: str, arguments: Mapping[str, Any]) -> Any:
            query, body = (arguments, None) if method == "GET" else (None, arguments)
            answer = requests.request(method, f"{standalone_origin}/sandbox/{path}", params=query, json=body, timeout=5)
            answer.raise_for_status()
            return answer.json()

        control("POST", "control/reset", {})
        yield SandboxDriver(session, standalone_origin, control)


@pytest.fixture(params=["embedded", "standalone"])
def sandbox(request: pytest.FixtureRequest) -> SandboxDriver:
    """The test runs with each of the two."""
    driver: SandboxDriver = request.getfixturevalue(request.param)
    return driver
