"""`manage.py sandbox PORT`: where it listens, whom it answers, and why it cannot start."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import jwt
import pytest
import requests
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from sandbox import cli
from sandbox.server import dead_address, server
from tests.processes import ROOT
from tests.sandbox.conftest import control
from tests.sandbox.driver import SandboxDriver


def test_it_listens_on_loopback_unless_told_otherwise() -> None:
    with server(0) as listening:
        assert listening.server_address[0] == "127.0.0.1"


def test_a_port_in_use_is_reported() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        with pytest.raises(CommandError, match=r"Port .* Choose another port, or 0"):
            call_command("sandbox", taken.getsockname()[1])


def test_the_token_call_also_works_without_the_path_prefix(standalone_origin: str) -> None:
    form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}

    assert requests.post(f"{standalone_origin}/token", data=form, timeout=5).json()["token_type"] == "Bearer"


def test_an_unknown_host_header_is_refused_against_dns_rebinding(standalone_origin: str) -> None:
    answer = requests.get(f"{standalone_origin}/sandbox/messages.json", headers={"Host": "evil.example"}, timeout=5)

    assert (answer.status_code, "--allow-host evil.example" in answer.text) == (400, True)


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


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--host", "192.0.2.1"], "Port 0 of 192.0.2.1"),
        (["--host", "no.such.host.invalid"], "Port 0 of no.such.host.invalid"),
        (["--tls", "/dev/null", "/dev/null"], "--tls /dev/null /dev/null"),
        (["--tls", "no-such-file", "no-such-file"], "--tls no-such-file no-such-file"),
        (["--public-url", "example.com"], "give scheme, host and port only"),
        (["--public-url", "https://example.com/path"], "give scheme, host and port only"),
        (["--dead", "192.0.2.1"], "--dead 192.0.2.1"),
    ],
)
def test_an_argument_that_cannot_be_served_is_named(settings: Settings, arguments: list[str], told: str) -> None:
    settings.ALLOWED_HOSTS, settings.SANDBOX_PUBLIC_URL = [], ""

    with pytest.raises(CommandError, match=re.escape(told)):
        call_command("sandbox", 0, *arguments)


def test_an_unusable_store_is_reported_at_the_start(settings: Settings, tmp_path: Path) -> None:
    settings.SANDBOX_STORE = tmp_path

    with pytest.raises(CommandError, match="Set SANDBOX_STORE to a file that can be written"):
        call_command("sandbox", 0)


def test_the_console_command_exits_with_a_sentence(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    settings.ALLOWED_HOSTS, settings.SANDBOX_PUBLIC_URL = [], ""

    with pytest.raises(SystemExit, match="1"):
        cli.main(["0", "--tls", "no-such-file", "no-such-file"])

    assert "No such file" in capsys.readouterr().err


@dataclass
class Process:
    """A sandbox in a process of its own. `line` is its first line of output."""

    popen: subprocess.Popen[str]
    line: str

    @property
    def port(self) -> int:
        return int(re.findall(r":(\d+)/", self.line)[0])


@contextmanager
def started(store: Path, *arguments: str) -> Iterator[Process]:
    command = [sys.executable, "manage.py", "sandbox", "0", *arguments]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "sandbox.settings", "SANDBOX_STORE": str(store)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Process(process, process.stdout.readline())
        finally:
            process.terminate()


def test_it_serves_a_network_by_https_under_another_name(certificate: Path, tmp_path: Path) -> None:
    """As for Compose, an emulator or a phone: another name, a certificate, and another address for browsers."""
    arguments = ["--host", "0.0.0.0", "--allow-host", "sandbox.test", "--tls", str(certificate), str(certificate)]
    with started(tmp_path / "s", *arguments) as process:
        origin = f"https://127.0.0.1:{process.port}"
        assert process.line.startswith(f"Sandbox on {origin}/sandbox/  Prove: {origin}/sandbox/prove")
        with requests.Session() as session:
            session.trust_env, session.verify = False, str(certificate)
            session.headers["Host"] = "sandbox.test"
            sandbox = SandboxDriver(session, origin, lambda *call: control(session, origin, *call))
            unified = sandbox.unify("+12025550101")
            sandbox.order_fault("prove.unify", "reset", times=1)
            with pytest.raises(requests.ConnectionError):
                sandbox.unify("+12025550101")
            sandbox.order_fault("prove.unify", "truncated", times=1)
            with pytest.raises(requests.exceptions.ChunkedEncodingError):
                sandbox.unify("+12025550101")
            assert sandbox.send("GET", "/sandbox/messages.json", headers={"Host": "other.test"}).status_code == 400
        claims = jwt.decode(unified["authToken"], options={"verify_signature": False})
        assert claims["auth"]["endp"] == "https://sandbox.test/sandbox/prove"
        with pytest.raises(requests.ConnectionError):
            requests.get(origin.replace("https", "http"), timeout=5)
        process.popen.terminate()
        assert process.popen.wait(timeout=10) == 0


@pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.2"])
def test_a_dead_address_takes_no_connection_while_the_other_one_answers() -> None:
    with server(0) as listening, dead_address("127.0.0.2", listening.server_port):
        assert reachable("127.0.0.1", listening.server_port)
        assert not reachable("127.0.0.2", listening.server_port)


def reachable(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=0.2).close()
    except TimeoutError:
        return False
    return True


def test_the_public_url_is_what_browsers_are_told(settings: Settings, embedded: SandboxDriver) -> None:
    settings.SANDBOX_PUBLIC_URL = "https://phone.example"
    unify = {"possessionType": "none", "clientRequestId": "r", "phoneNumber": "+12025550101"}

    token = (
        Client()
        .post("/sandbox/prove/v3/unify", unify, content_type="application/json", headers=embedded.authorization())
        .json()["authToken"]
    )

    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["auth"]["endp"] == "https://phone.example/sandbox/prove"


def test_the_host_of_the_public_url_and_of_the_address_are_allowed(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = []

    cli.allow_hosts({"public_url": "https://phone.example:8443/", "allow_host": ["sandbox"], "host": "fd00::1"})

    assert settings.ALLOWED_HOSTS == ["sandbox", "phone.example", "[fd00::1]"]
    assert settings.SANDBOX_PUBLIC_URL == "https://phone.example:8443"
