"""Worlds: a sandbox in this process behind the adapter, and one alone in a process of its own behind real HTTP."""

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
from tests.sandbox.world import World


@pytest.fixture(autouse=True)
def store(settings: Settings, tmp_path: Path) -> Path:
    """Each test has a store of its own, and none of the product's urls and middleware."""
    settings.SANDBOX_STORE = tmp_path / "sandbox.sqlite3"
    settings.ROOT_URLCONF = "sandbox.root"
    settings.MIDDLEWARE = []
    return tmp_path / "sandbox.sqlite3"


@pytest.fixture
def embedded() -> Iterator[World]:
    client = Client()

    def control(method: str, path: str, arguments: Mapping[str, Any]) -> Any:
        if method == "GET":
            return client.get(f"/sandbox/{path}", dict(arguments)).json()
        answer = client.generic(method, f"/sandbox/{path}", json.dumps(arguments), content_type="application/json")
        assert answer.status_code == 200, answer.content
        return answer.json()

    with requests.Session() as session:
        session.mount("sandbox://", SandboxAdapter())
        yield World(session, "sandbox://embedded", control)


@pytest.fixture(scope="session")
def standing_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its origin."""
    folder = tmp_path_factory.mktemp("alone")
    port = free_port()
    environment = {"SANDBOX_STORE": str(folder / "sandbox.sqlite3")}
    url = f"http://127.0.0.1:{port}"
    with running(
        ["manage.py", "sandbox", str(port)], environment=environment, url=f"{url}/sandbox/", log=folder / "log"
    ):
        yield url


@pytest.fixture
def alone(standing_alone: str) -> Iterator[World]:
    with requests.Session() as session:

        def control(method: str, path: str, arguments: Mapping[str, Any]) -> Any:
            query, body = (arguments, None) if method == "GET" else (None, arguments)
            answer = requests.request(method, f"{standing_alone}/sandbox/{path}", params=query, json=body, timeout=5)
            answer.raise_for_status()
            return answer.json()

        control("POST", "control/reset", {})
        yield World(session, standing_alone, control)


@pytest.fixture(params=["embedded", "alone"])
def world(request: pytest.FixtureRequest) -> World:
    """Both: what is told of one must be true of the other."""
    found: World = request.getfixturevalue(request.param)
    return found
