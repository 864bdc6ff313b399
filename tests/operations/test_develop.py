"""`manage.py develop`, which `make run` ends with, prints two addresses."""

from io import StringIO
from pathlib import Path

import pytest
import requests

from onboarding.management.commands.develop import Command
from tests.processes import copy_migrated_database, free_port, product_environment, running


@pytest.mark.parametrize(("address", "host"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_it_prints_where_the_app_and_the_sandbox_are_and_nothing_else(address: str, host: str) -> None:
    command = Command(stdout=StringIO())
    command.addr, command._raw_ipv6 = address, ":" in address
    command.on_bind(8000)
    app, sandbox = command.stdout.getvalue().splitlines()
    assert app.split() == ["The", "app:", f"http://{host}:8000/"]
    assert sandbox.split() == ["The", "sandbox:", f"http://{host}:8000/sandbox/"]


def test_it_serves_ipv6(tmp_path: Path) -> None:
    origin = f"http://[::1]:{free_port()}"
    environment = product_environment(tmp_path, DEBUG="1", ALLOWED_HOSTS="[::1]")
    copy_migrated_database(tmp_path)
    command = ["manage.py", "develop", origin.removeprefix("http://"), "--noreload"]
    with running(command, environment=environment, url=f"{origin}/healthz", log=tmp_path / "log"):
        assert requests.get(origin, timeout=30).status_code == 200
