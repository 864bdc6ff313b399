"""`manage.py sandbox PORT`: it listens on loopback only, and reports why it cannot start."""

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


def test_a_port_in_use_is_reported() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        with pytest.raises(CommandError, match="Port"):
            call_command("sandbox", taken.getsockname()[1])


def test_the_token_call_also_works_without_the_path_prefix(standalone_origin: str) -> None:
    form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}

    assert requests.post(f"{standalone_origin}/token", data=form, timeout=5).json()["token_type"] == "Bearer"


def test_an_unknown_host_header_is_refused_against_dns_rebinding(standalone_origin: str) -> None:
    answer = requests.get(f"{standalone_origin}/sandbox/messages.json", headers={"Host": "evil.example"}, timeout=5)

    assert answer.status_code == 400


def test_a_connection_is_kept_alive(standalone_origin: str) -> None:
    connection = HTTPConnection(urlsplit(standalone_origin).netloc, timeout=5)
    connection.connect()
    first = connection.sock

    for _ in range(3):
        connection.request("GET", "/sandbox/messages.json")
        assert connection.getresponse().read().startswith(b"[")

    assert connection.sock is first
    connection.close()


@pytest.mark.parametrize("path", ["desk.css", "desk.js", "icon.svg"])
def test_the_static_files_of_the_page_are_served(path: str, standalone_origin: str) -> None:
    assert requests.get(f"{standalone_origin}/static/sandbox/{path}", timeout=5).status_code == 200


def test_the_root_redirects_to_the_page(standalone_origin: str) -> None:
    assert requests.get(standalone_origin, timeout=5).url == f"{standalone_origin}/sandbox/"


@pytest.mark.parametrize("port", [99_999, -1])
def test_an_invalid_port_is_reported(port: int) -> None:
    with pytest.raises(CommandError, match="Port"):
        call_command("sandbox", port)


def test_an_unusable_store_is_reported_at_the_start(settings: Settings, tmp_path: Path) -> None:
    settings.SANDBOX_STORE = tmp_path

    with pytest.raises(CommandError, match="SANDBOX_STORE"):
        call_command("sandbox", 0)
