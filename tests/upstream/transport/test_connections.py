"""Which connections are used again: on real sockets, with a vendor that answers oddly."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count, repeat

import pytest

from onboarding.domain.errors import Garbled, Uncertain, UpstreamError
from onboarding.upstream.http import Upstream
from onboarding.upstream.prove import Prove
from tests.upstream.loopback import JSON_HEAD, Behaviour, answering, serving

NUMBERS = count()  # of persons


def answer(number: int, head: bytes = JSON_HEAD) -> bytes:
    return json_answer({"number": number}, head)


def json_answer(body: Mapping[str, object], head: bytes = JSON_HEAD) -> bytes:
    encoded = json.dumps(body).encode()
    return head + b"Content-Length: %d\r\n\r\n" % len(encoded) + encoded


def upstream(url: str) -> Upstream:
    return Upstream("prove", url, {"unify": timedelta(seconds=5), "short": timedelta(seconds=0.3)})


def asks(prove: Upstream, operation: str = "unify") -> int:
    with prove.call(operation, about=f"+1201555{next(NUMBERS):04}"):
        return int(prove.post(f"/{operation}", json={})["number"])


def advance_clock(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.monotonic
    monkeypatch.setattr("time.monotonic", lambda: now() + seconds)


def first_then_kept(first: bytes) -> Behaviour:
    """Answer the first request of all in this way; then number the answers, on connections that are kept."""
    answers = iter([first, *map(answer, range(2, 20))])
    return answering(answers)


# --- Informational responses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [b"100 Continue", b"102 Processing", b"103 Early Hints", b"199 Whatever"])
@pytest.mark.parametrize("times", [1, 3])
def test_an_informational_response_is_read_past_and_shifts_no_answer(status: bytes, times: int) -> None:
    hints = b"HTTP/1.1 %b\r\nLink: </style.css>; rel=preload\r\n\r\n" % status
    with serving(answering(hints * times + answer(number) for number in count(1))) as server:
        prove = upstream(server.url)
        assert [asks(prove) for _ in range(4)] == [1, 2, 3, 4]
    assert len(server.requests) == 1


def test_an_informational_response_that_comes_long_before_the_answer_is_read_past() -> None:
    def behaviour(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        time.sleep(0.1)
        connection.sendall(answer(1))

    with serving(behaviour) as server:
        assert asks(upstream(server.url)) == 1


def test_another_protocol_that_was_not_asked_for_is_no_answer() -> None:
    switching = answering([b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"])
    with serving(switching) as server, pytest.raises(Uncertain):
        asks(upstream(server.url))


# --- What is left over ---------------------------------------------------------------------------------------------


def test_a_connection_with_a_clean_answer_is_used_again() -> None:
    with serving(first_then_kept(answer(1))) as server:
        prove = upstream(server.url)
        assert [asks(prove) for _ in range(3)] == [1, 2, 3]
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "left_over",
    [answer(666), b"x", b"\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n"],
    ids=["answer", "byte", "line", "hint"],
)
@pytest.mark.parametrize("pause", [0, 0.1], ids=["at_once", "later"])
def test_what_is_left_over_is_nobodys_answer(left_over: bytes, pause: float) -> None:
    sent = threading.Event()
    answers = count(1)

    def behaviour(connection: socket.socket) -> None:
        if (number := next(answers)) > 1:
            answering(map(answer, count(number)))(connection)
            return
        parts = [answer(number) + left_over] if not pause else [answer(number), left_over]
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        sent.set()
        connection.recv(1)

    with serving(behaviour) as server:
        prove = upstream(server.url)
        assert asks(prove) == 1
        sent.wait(10)
        assert asks(prove) == 2
    assert len(server.requests) == 2


def test_an_answer_that_comes_after_the_deadline_is_not_the_next_calls_answer() -> None:
    given_up, answers = threading.Event(), count(1)

    def answer_late(number: int) -> bytes:
        if number == 2:
            given_up.wait(10)
        return answer(number)

    def behaviour(connection: socket.socket) -> None:
        answering(map(answer_late, answers))(connection)

    with serving(behaviour) as server:
        prove = upstream(server.url)
        asks(prove)
        with pytest.raises(Uncertain):
            asks(prove, "short")
        given_up.set()
        assert asks(prove) == 3
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("odd", "error"),
    [
        (JSON_HEAD + b"Content-Length: 3\r\n\r\n{{{", Garbled),
        (JSON_HEAD.replace(b"application/json", b"text/html") + b"Content-Length: 2\r\n\r\n{}", Garbled),
        (JSON_HEAD + b"Content-Length: 2\r\nContent-Length: 1\r\n\r\n{}", Uncertain),
        (JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", Uncertain),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", Garbled),
        (b"SSH-2.0-OpenSSH\r\n\r\n", Uncertain),
    ],
    ids=["no_json", "html", "two_lengths", "bad_chunk", "redirect", "no_http"],
)
def test_after_an_answer_that_cannot_be_read_the_connection_is_not_used_again(
    odd: bytes, error: type[UpstreamError]
) -> None:
    with serving(first_then_kept(odd)) as server:
        prove = upstream(server.url)
        with pytest.raises(error):
            asks(prove)
        assert asks(prove) == 2
    assert len(server.requests) == 2


def test_after_an_answer_that_says_twice_where_it_ends_the_connection_is_not_used_again() -> None:
    twice = b'Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nc\r\n{"number":1}\r\n0\r\n\r\n'
    with serving(first_then_kept(JSON_HEAD + twice)) as server:
        prove = upstream(server.url)
        assert [asks(prove), asks(prove)] == [1, 2]
    assert len(server.requests) == 2


def test_after_an_answer_that_cannot_be_read_connections_in_use_are_not_used_again() -> None:
    asked, garbled, order = threading.Event(), threading.Event(), count(1)

    def behaviour(connection: socket.socket) -> None:
        if (number := next(order)) == 1:
            asked.set()
            garbled.wait(10)
        answering([JSON_HEAD + b"Content-Length: 1\r\n\r\n?" if number == 2 else answer(number)] * 2)(connection)

    with serving(behaviour) as server, ThreadPoolExecutor(1) as pool:
        prove = upstream(server.url)
        slow = pool.submit(asks, prove)
        asked.wait(10)
        with pytest.raises(Garbled):
            asks(prove)
        garbled.set()
        assert slow.result() == 1
        assert asks(prove) == 3


@pytest.mark.parametrize("named", [{"clientRequestId": "2"}, {"phoneNumber": "+12015550199"}])
def test_after_an_answer_to_another_request_the_connection_is_not_used_again(named: dict[str, str]) -> None:
    token = {"access_token": "t", "token_type": "Bearer", "expires_in": 3600}
    ours = {"success": "pending", "clientRequestId": "1", "phoneNumber": "+12015550100"}
    bodies: list[dict[str, object]] = [{**token}, {**ours, **named}, {**ours}, {**ours}]
    with serving(answering(json_answer(body) for body in bodies)) as server:
        prove = Prove(server.url, "client", "secret")
        answers = [prove.unify_status("c", "+12015550100", "1") for _ in range(3)]
    assert [answer.names_another("1", "+12015550100") for answer in answers] == [True, False, False]
    assert len(server.requests) == 2


def test_a_body_over_the_limit_is_not_read_to_its_end() -> None:
    with serving(first_then_kept(JSON_HEAD + b"Content-Length: 9000000\r\n\r\n" + b" " * 9_000_000)) as server:
        prove = upstream(server.url)
        with pytest.raises(Garbled):
            asks(prove)
        assert asks(prove) == 2
    assert len(server.requests) == 2


# --- Idle and old connections --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "connections"), [(29, 1), (31, 2)])
def test_a_connection_that_was_idle_for_thirty_seconds_is_not_used_again(
    monkeypatch: pytest.MonkeyPatch, seconds: int, connections: int
) -> None:
    with serving(first_then_kept(answer(1))) as server:
        prove = upstream(server.url)
        asks(prove)
        advance_clock(monkeypatch, seconds)
        assert asks(prove) == 2
    assert len(server.requests) == connections


def test_a_connection_is_not_used_for_longer_than_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(first_then_kept(answer(1))) as server:
        prove = upstream(server.url)
        for _ in range(12):
            asks(prove)
            advance_clock(monkeypatch, 29)
    assert len(server.requests) == 2


def test_the_kernel_keeps_an_idle_connection_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[socket.socket] = []

    class Socket(socket.socket):
        def connect(self, address: object) -> None:
            connected.append(self)
            super().connect(address)  # type: ignore[arg-type]

    with serving(first_then_kept(answer(1))) as server:
        monkeypatch.setattr("socket.socket", Socket)
        prove = upstream(server.url)
        asks(prove)
        (used,) = connected
        assert used.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert used.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) < 30


def test_a_connection_that_the_vendor_closed_meanwhile_is_not_used_again() -> None:
    with serving(lambda connection: connection.sendall(answer(1))) as server:
        prove = upstream(server.url)
        for expected in (1, 2, 3):
            asks(prove)
            time.sleep(0.05)
            assert len(server.requests) == expected


# --- Server errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [b"500 Error", b"502 Bad Gateway", b"503 Service Unavailable"])
def test_a_connection_is_closed_after_a_server_error(status: bytes) -> None:
    """A host that is being taken away answers 503 and keeps its connections, while the name leads elsewhere."""
    with serving(first_then_kept(answer(1, JSON_HEAD.replace(b"200 OK", status)))) as server:
        prove = upstream(server.url)
        with pytest.raises(Uncertain):
            asks(prove)
        assert asks(prove) == 2
    assert len(server.requests) == 2


def test_a_refusal_keeps_the_connection() -> None:
    with serving(first_then_kept(answer(1, JSON_HEAD.replace(b"200 OK", b"404 Not Found")))) as server:
        prove = upstream(server.url)
        with pytest.raises(UpstreamError):
            asks(prove)
        assert asks(prove) == 2
    assert len(server.requests) == 1


@pytest.fixture
def all_at_once() -> Iterator[Callable[[Upstream, int], None]]:
    """Return a function that makes calls at once, so that each has a connection of its own."""

    def ask(prove: Upstream, times: int) -> None:
        with ThreadPoolExecutor(times) as pool:
            list(pool.map(asks, repeat(prove, times)))

    yield ask


def test_a_probe_uses_a_fresh_connection(
    monkeypatch: pytest.MonkeyPatch, all_at_once: Callable[[Upstream, int], None]
) -> None:
    all_are_here, old_host = threading.Barrier(7), JSON_HEAD.replace(b"200 OK", b"503 Going Away")
    accepted = count(1)

    def behaviour(connection: socket.socket) -> None:
        is_old = next(accepted) <= 7
        if is_old:
            all_are_here.wait(10)
        answering([answer(1), *repeat(answer(1, old_host), 9)] if is_old else [answer(2)])(connection)

    with serving(behaviour) as server:
        prove = upstream(server.url)
        all_at_once(prove, 7)
        for _ in range(5):
            with pytest.raises(Uncertain):
                asks(prove)
        advance_clock(monkeypatch, 15)
        assert asks(prove) == 2
