"""Request bodies in chunks are read: those of Prove's Java SDK, of Node's streamed fetch and of Python's generators."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.sandbox.driver import ACCOUNT, SERVICE, TOKEN, SandboxDriver

ADA = "+12025550101"
FORM = b"grant_type=client_credentials&client_id=sandbox&client_secret=sandbox"
# As Java's HTTP client 17 sends it for a body of unknown length, which is what Prove's Java SDK gives to it.
JAVA = (
    "POST {path} HTTP/1.1\r\n"
    "Connection: Upgrade, HTTP2-Settings\r\n"
    "Host: {host}\r\n"
    "HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA\r\n"
    "Transfer-encoding: chunked\r\n"
    "Upgrade: h2c\r\n"
    "User-Agent: Java-http-client/17.0.15\r\n"
    "Content-Type: {content_type}\r\n"
    "{more}\r\n"
)


class JavaClient:
    """One connection, as Java's HTTP client uses it."""

    def __init__(self, origin: str) -> None:
        url = urlsplit(origin)
        self.host = url.netloc
        self.socket = socket.create_connection((str(url.hostname), int(url.port or 0)), timeout=5)

    def send(self, path: str, *chunks: bytes, content_type: str = "application/json", more: str = "") -> HTTPResponse:
        head = JAVA.format(path=path, host=self.host, content_type=content_type, more=more)
        self.socket.sendall(head.encode())
        for chunk in (*chunks, b""):
            self.socket.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        response = HTTPResponse(self.socket)
        response.begin()
        return response

    def token(self) -> str:
        response = self.send("/token", FORM, content_type="application/x-www-form-urlencoded")
        return str(json.load(response)["access_token"])

    def prove(self, path: str, token: str, **body: Any) -> dict[str, Any]:
        response = self.send(path, json.dumps(body).encode(), more=f"Authorization: Bearer {token}\r\n")
        answer: dict[str, Any] = json.load(response)
        return answer


@pytest.fixture
def java(standalone: SandboxDriver) -> Iterator[JavaClient]:
    client = JavaClient(standalone.origin)
    with closing(client.socket):
        yield client


def test_the_wire_of_proves_java_sdk_passes_from_unify_to_bind(java: JavaClient, standalone: SandboxDriver) -> None:
    token, base = java.token(), "/sandbox/prove/v3"
    flow = java.prove(f"{base}/unify", token, possessionType="none", clientRequestId="java", phoneNumber=ADA)
    standalone.authenticate(flow["authToken"])
    known = {"correlationId": flow["correlationId"], "clientRequestId": "java"}

    assert java.prove(f"{base}/unify-status", token, **known)["success"] == "possession_required"
    assert java.prove(f"{base}/unify-bind", token, **known, phoneNumber=ADA)["success"] == "true"


def test_a_generators_chunks_are_one_body(sandbox: SandboxDriver) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = sandbox.send("POST", "/sandbox/prove/token", data=iter([FORM[:10], FORM[10:]]), headers=headers)

    assert answer.json()["token_type"] == "Bearer"


def test_a_form_of_twilio_may_come_in_chunks(sandbox: SandboxDriver) -> None:
    path, form = f"/sandbox/twilio/v2/Services/{SERVICE}/Verifications", b"Channel=sms&To=%2B12025550101"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = sandbox.send("POST", path, data=iter([form]), headers=headers, auth=(ACCOUNT, TOKEN))

    assert (answer.status_code, answer.json()["to"]) == (201, ADA)


def test_the_control_api_takes_chunks(sandbox: SandboxDriver) -> None:
    headers = {"Content-Type": "application/json"}

    answer = sandbox.send("POST", "/sandbox/control/clock", data=iter([b'{"advance', b'_s": 60}']), headers=headers)

    assert answer.json() == {"offset_s": 60}


def test_extensions_and_trailers_are_skipped_and_the_connection_goes_on(java: JavaClient) -> None:
    head = JAVA.format(path="/token", host=java.host, content_type="application/x-www-form-urlencoded", more="")
    body = b"%X ; name=value\r\n%s\r\n0\r\nX-Checksum: 1\r\n\r\n" % (len(FORM), FORM)
    java.socket.sendall(head.encode() + body)
    response = HTTPResponse(java.socket)
    response.begin()

    assert json.load(response)["token_type"] == "Bearer"
    assert java.token()


def test_chunks_of_a_refused_call_do_not_reach_the_next_one(java: JavaClient) -> None:
    assert (
        java.send("/sandbox/prove/v3/unify", b"{}", b"x" * 3000).read()
        == b'{"code": 8002, "message": "not authorized"}'
    )
    assert java.token()


@pytest.mark.parametrize(
    "body",
    [b"x\r\nabc\r\n", b"-1\r\n", b"2\r\nabc\r\n0\r\n\r\n", b"ffffffff\r\n", b"1" * 5000, b"+3\r\nabc\r\n0\r\n\r\n"],
)
def test_a_malformed_body_closes_the_connection_and_has_no_effect(
    body: bytes, java: JavaClient, standalone: SandboxDriver
) -> None:
    head = JAVA.format(path="/token", host=java.host, content_type="application/x-www-form-urlencoded", more="")
    java.socket.sendall(head.encode() + body)
    java.socket.shutdown(socket.SHUT_WR)

    assert java.socket.recv(1000) == b""
    assert standalone.ledger("prove.token") == []


def test_a_body_above_the_limit_gets_the_vendors_error(java: JavaClient) -> None:
    response = java.send("/token", b"x" * 3_000_000, content_type="application/x-www-form-urlencoded")

    assert (response.status, json.load(response)["code"]) == (413, 1000)


def test_requests_streams_a_file(embedded: SandboxDriver, tmp_path: Any) -> None:
    file = tmp_path / "form"
    file.write_bytes(FORM)
    with file.open("rb") as stream:
        request = requests.Request("POST", f"{embedded.origin}/sandbox/prove/token", data=stream)
        request.headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = embedded.session.send(request.prepare())

    assert answer.json()["token_type"] == "Bearer"
