"""A call ends at its deadline, on real sockets, whatever the other side does."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from onboarding.domain.errors import Uncertain, Unreachable
from onboarding.upstream.http import Upstream
from tests.upstream.loopback import EMPTY_OBJECT, JSON_HEAD, Behaviour, dripping, responding, serving, silence

DEADLINE = 1.0  # seconds
GRACE = 0.9  # seconds, on a busy machine; with DEADLINE still less than the limit of a connect
LONG = JSON_HEAD + b"X-Padding: %b\r\nContent-Length: 200\r\n\r\n" % (b"x" * 200) + b" " * 198 + b"{}"
HEAD, BODY = LONG.index(b"X-Padding"), LONG.index(b"\r\n\r\n") + 4
CHUNKED = JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def upstream(url: str) -> Upstream:
    return Upstream("prove", url, {"unify": timedelta(seconds=DEADLINE)})


@contextmanager
def ends_in_time() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began <= DEADLINE + GRACE


@pytest.fixture(params=["http", "https"])
def scheme(request: pytest.FixtureRequest, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return str(request.param)


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(silence, id="nothing"),
        pytest.param(dripping(LONG), id="status_line"),
        pytest.param(lambda c: (responding(LONG[:HEAD])(c), dripping(LONG[HEAD:])(c)), id="headers"),
        pytest.param(lambda c: (responding(LONG[:BODY])(c), dripping(LONG[BODY:])(c)), id="body"),
        pytest.param(lambda c: (responding(CHUNKED)(c), dripping(b"1\r\n \r\n" * 50)(c)), id="chunks"),
        pytest.param(lambda c: (responding(CHUNKED)(c), dripping(b"0\r\n" + b"X: y\r\n" * 50)(c)), id="trailers"),
        pytest.param(dripping(b"HTTP/1.1 100 Continue\r\n\r\n" * 20), id="interim_replies"),
    ],
)
def test_a_missing_or_slow_response_ends_at_the_deadline(
    scheme: str, behaviour: Behaviour, tls: ssl.SSLContext
) -> None:
    with serving(behaviour, tls if scheme == "https" else None) as server:
        prove = upstream(server.url)
        with ends_in_time(), pytest.raises(Uncertain):
            prove.post("/unify", json={})
    assert len(server.requests) == 1


def test_a_slow_response_within_the_deadline_is_read(scheme: str, tls: ssl.SSLContext) -> None:
    behaviour = dripping(EMPTY_OBJECT, 0.001)
    with serving(behaviour, tls if scheme == "https" else None) as server:
        assert Upstream("prove", server.url, {"unify": timedelta(seconds=9)}).post("/unify", json={}) == {}


def test_a_large_request_that_nobody_reads_ends_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        prove, body = upstream(f"http://127.0.0.1:{port}"), {"large": "x" * 20_000_000}
        with ends_in_time(), pytest.raises(Uncertain):
            prove.post("/unify", json=body)


def test_a_connection_that_is_closed_before_the_response_is_uncertain() -> None:
    with serving(lambda _: None) as server, pytest.raises(Uncertain):
        upstream(server.url).post("/unify", json={})


def test_a_truncated_response_is_uncertain() -> None:
    with serving(responding(LONG[:-1])) as server, pytest.raises(Uncertain):
        upstream(server.url).post("/unify", json={})


def test_a_refused_connection_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable):
        upstream(f"http://127.0.0.1:{port}").post("/unify", json={})


def test_a_name_that_does_not_exist_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    with pytest.raises(Unreachable):
        upstream("https://platform.example").post("/unify", json={})


def test_a_name_server_that_does_not_answer_is_unreachable_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    given_up = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: given_up.wait(10) and [])
    prove = upstream("https://platform.example")
    with ends_in_time(), pytest.raises(Unreachable):
        prove.post("/unify", json={})
    given_up.set()


def test_a_connection_that_is_not_accepted_is_unreachable_at_the_limit() -> None:
    """A listener with a full backlog: the kernel drops further SYNs, as a blackhole would."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        prove = upstream(f"http://127.0.0.1:{address[1]}")
        with ends_in_time(), pytest.raises(Unreachable):
            prove.post("/unify", json={})
        for filler in fillers:
            filler.close()


def test_a_slow_name_look_up_leaves_the_tls_handshake_the_rest_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def slowly(*name: Any, **hints: Any) -> Any:
        time.sleep(DEADLINE * 2 / 3)
        return look_up(*name, **hints)

    monkeypatch.setattr("socket.getaddrinfo", slowly)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        prove = upstream(f"https://127.0.0.1:{listener.getsockname()[1]}")
        with ends_in_time(), pytest.raises(Unreachable):
            prove.post("/unify", json={})


@pytest.mark.parametrize("stall", ["silence", "drip"])
def test_a_tls_handshake_that_does_not_end_is_unreachable_at_the_deadline(stall: str) -> None:
    def behaviour(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            hello = b"\x16\x03\x03\x04\x00" if stall == "drip" else b""
            try:
                for byte in hello + (b"\x02" * 500 if hello else b""):
                    connection.sendall(bytes([byte]))
                    time.sleep(0.02)
                while connection.recv(65536):
                    pass
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=behaviour, args=(listener,), daemon=True)
        thread.start()
        prove = upstream(f"https://127.0.0.1:{listener.getsockname()[1]}")
        with ends_in_time(), pytest.raises(Unreachable):
            prove.post("/unify", json={})
        thread.join()


def test_a_server_with_an_untrusted_certificate_gets_no_request(tls: ssl.SSLContext) -> None:
    with serving(responding(EMPTY_OBJECT), tls) as server, pytest.raises(Unreachable):
        upstream(server.url).post("/unify", json={"secret": "canary"})
    assert server.requests == []


def test_a_server_with_a_certificate_of_another_name_gets_no_request(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(responding(EMPTY_OBJECT), tls) as server, pytest.raises(Unreachable):
        upstream(server.url.replace("127.0.0.1", "localhost")).post("/unify", json={"secret": "canary"})
    assert server.requests == []


def test_calls_within_a_call_share_its_deadline() -> None:
    wide = {"token": timedelta(seconds=5), "bind": timedelta(seconds=DEADLINE)}
    with serving(silence) as server:
        prove = Upstream("prove", server.url, wide)
        with ends_in_time(), pytest.raises(Uncertain), prove.call("bind", "+12015550100"):
            prove.post("/token", json={})


def test_when_the_time_is_up_before_the_call_nothing_is_sent() -> None:
    with serving(responding(EMPTY_OBJECT)) as server, pytest.raises(Unreachable):
        prove = upstream(server.url)
        with prove.call("unify", "+12015550100"):
            time.sleep(DEADLINE)
            prove.post("/unify", json={})
    assert server.requests == []


def test_a_reused_connection_has_a_new_deadline_for_each_call() -> None:
    connections = []

    def twice(connection: socket.socket) -> None:
        connections.append(connection)
        connection.sendall(EMPTY_OBJECT)
        connection.recv(65536)
        connection.sendall(EMPTY_OBJECT)
        connection.recv(65536)
        silence(connection)

    with serving(twice) as server:
        prove = upstream(server.url)
        prove.post("/unify", json={})
        time.sleep(DEADLINE)
        prove.post("/unify", json={})
        with ends_in_time(), pytest.raises(Uncertain):
            prove.post("/unify", json={})
    assert len(connections) == 1
