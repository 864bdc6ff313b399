"""manage.py sandbox PORT: for this machine alone, quiet, and plain when it cannot start."""

import socket
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from django.core.management import CommandError, call_command
from pytest_django import Settings

from sandbox.server import server


def test_it_listens_on_loopback_only() -> None:
    with server(0) as listening:
        assert listening.server_address[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_told_of() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        with pytest.raises(CommandError, match="Port"):
            call_command("sandbox", taken.getsockname()[1])


def test_a_token_is_had_at_the_root_too_where_typescript_asks(standalone_origin: str) -> None:
    form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}

    assert requests.post(f"{standalone_origin}/token", data=form, timeout=5).json()["token_type"] == "Bearer"


def test_a_page_elsewhere_that_takes_on_its_address_is_turned_away(standalone_origin: str) -> None:
    answer = requests.get(f"{standalone_origin}/sandbox/messages.json", headers={"Host": "evil.example"}, timeout=5)

    assert answer.status_code == 400


def test_a_connection_serves_many_calls(standalone_origin: str) -> None:
    connection = HTTPConnection(urlsplit(standalone_origin).netloc, timeout=5)
    connection.connect()
    first = connection.sock

    for _ in range(3):
        connection.request("GET", "/sandbox/messages.json")
        assert connection.getresponse().read().startswith(b"[")

    assert connection.sock is first
    connection.close()


@pytest.mark.parametrize("path", ["desk.css", "desk.js", "icon.svg"])
def test_the_desks_files_are_there(path: str, standalone_origin: str) -> None:
    assert requests.get(f"{standalone_origin}/static/sandbox/{path}", timeout=5).status_code == 200


def test_its_root_leads_to_the_desk(standalone_origin: str) -> None:
    assert requests.get(standalone_origin, timeout=5).url == f"{standalone_origin}/sandbox/"


@pytest.mark.parametrize("port", [99_999, -1])
def test_a_port_that_is_none_is_told_of(port: int) -> None:
    with pytest.raises(CommandError, match="Port"):
        call_command("sandbox", port)


def test_a_store_that_can_not_be_kept_is_told_of_at_once(settings: Settings, tmp_path: Path) -> None:
    settings.SANDBOX_STORE = tmp_path

    with pytest.raises(CommandError, match="SANDBOX_STORE"):
        call_command("sandbox", 0)
