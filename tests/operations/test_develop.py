"""`manage.py develop`, which `make run` ends with, prints two addresses."""

from io import StringIO

import pytest

from onboarding.management.commands.develop import Command


@pytest.mark.parametrize(("address", "host"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_it_prints_where_the_app_and_the_sandbox_are_and_nothing_else(address: str, host: str) -> None:
    command = Command(stdout=StringIO())
    command.addr, command._raw_ipv6 = address, ":" in address
    command.on_bind(8000)
    app, sandbox = command.stdout.getvalue().splitlines()
    assert app.split() == ["The", "app:", f"http://{host}:8000/"]
    assert sandbox.split() == ["The", "sandbox:", f"http://{host}:8000/sandbox/"]
