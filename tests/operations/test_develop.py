"""`manage.py develop`, which `make run` ends with, prints two addresses."""

from io import StringIO
from pathlib import Path

import pytest
import requests

from onboarding.management.commands.develop import Command
from tests.processes import ROOT, copy_migrated_database, free_port, product_environment, running


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


def test_make_run_ends_with_the_two_addresses(tmp_path: Path) -> None:
    last = (ROOT / "Makefile").read_text().partition("\nrun:")[2].partition("\n\n")[0].splitlines()[-1]
    command = last.partition("manage.py ")[2].split()[0]
    environment, log, address = product_environment(tmp_path, DEBUG="1"), tmp_path / "log", f"127.0.0.1:{free_port()}"
    copy_migrated_database(tmp_path)
    arguments = ["-u", "manage.py", command, "--noreload", address]
    with running(arguments, environment=environment, url=f"http://{address}/healthz", log=log):
        said = [line for line in log.read_text().splitlines() if "/healthz" not in line]
    assert [line.rpartition(" ")[2] for line in said] == [f"http://{address}/", f"http://{address}/sandbox/"]
