"""`manage.py develop`, which `make run` ends with, prints two addresses."""

from io import StringIO

from onboarding.management.commands.develop import Command


def test_it_prints_where_the_app_and_the_sandbox_are_and_nothing_else() -> None:
    command = Command(stdout=StringIO())
    command.addr = "127.0.0.1"
    command.on_bind(8000)
    app, sandbox = command.stdout.getvalue().splitlines()
    assert app.split() == ["The", "app:", "http://127.0.0.1:8000/"]
    assert sandbox.split() == ["The", "sandbox:", "http://127.0.0.1:8000/sandbox/"]
