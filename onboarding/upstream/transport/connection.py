"""One HTTP/1.1 connection. h11 writes the requests and reads the answers: https://h11.readthedocs.io"""

import select
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import h11
from requests import PreparedRequest

from onboarding.upstream.deadline import Call

READ_BYTES = 64 * 1024
IDLE_LIMIT_S = 30.0  # gateways forget idle connections, some after a minute, and tell nobody
AGE_LIMIT_S = 300.0  # then the name is looked up again
SERVER_ERROR = 500
FRAMINGS = {b"content-length", b"transfer-encoding"}  # with both, others may read another end (RFC 9112, 6.3)


@dataclass(frozen=True)
class Answer:
    """A final response as it came, with a status of 200 or more."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Connection:
    """Carries one exchange after the other. It `is_reusable` only after an answer that left nothing open."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._http = h11.Connection(h11.CLIENT)
        self._opened = self._used = time.monotonic()
        self.is_reusable = False

    def exchange(self, request: PreparedRequest, call: Call, body_limit: int) -> Answer:
        """Send the request and return its answer, whose body is cut off after `body_limit` bytes.

        Raises OSError, also when the call's time is up; h11.ProtocolError for what is not HTTP.
        """
        self.is_reusable = False
        self._send(self._message(request), call)
        head, body = self._received(call, body_limit)
        self._used = time.monotonic()
        has_one_end = sum(name in FRAMINGS for name, _ in head.headers) < len(FRAMINGS)
        self.is_reusable = head.status_code < SERVER_ERROR and has_one_end and self._is_at_rest()
        if self.is_reusable:
            self._http.start_next_cycle()
        headers = [(name.decode(), value.decode("latin-1")) for name, value in head.headers]
        return Answer(head.status_code, headers, body)

    def may_be_used(self) -> bool:
        """Return whether it is young, was used lately, and is silent: after an answer there is nothing to read."""
        now = time.monotonic()
        if now - self._used > IDLE_LIMIT_S or now - self._opened > AGE_LIMIT_S:
            return False
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        self._socket.close()

    def _message(self, request: PreparedRequest) -> bytes:
        url = urlsplit(request.url or "")
        target = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
        headers = [("Host", url.netloc), ("Accept-Encoding", "identity"), *request.headers.items()]
        body = request.body or b""
        events: list[h11.Event] = [
            h11.Request(method=request.method or "", target=target, headers=headers),
            h11.Data(data=body if isinstance(body, bytes) else body.encode()),
            h11.EndOfMessage(),
        ]
        return b"".join(self._http.send(event) or b"" for event in events)

    def _send(self, message: bytes, call: Call) -> None:
        rest = memoryview(message)
        while rest:
            self._socket.settimeout(call.left_or_timeout())
            call.sent = True
            rest = rest[self._socket.send(rest) :]

    def _received(self, call: Call, body_limit: int) -> tuple[h11.Response, bytes]:
        """Return the head and the body. Informational responses, of which there may be any number, are read past."""
        head, body = None, bytearray()
        while len(body) <= body_limit:
            event = self._next_event(call)
            if isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
        assert head is not None  # noqa: S101 - h11 gives the head before the body
        return head, bytes(body)

    def _next_event(self, call: Call) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._socket.settimeout(call.left_or_timeout())
            self._http.receive_data(self._socket.recv(READ_BYTES))
        return event

    def _is_at_rest(self) -> bool:
        """Return whether both sides are done, and nothing that was received is left over."""
        pending = self._socket.pending() if isinstance(self._socket, ssl.SSLSocket) else 0
        done = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        return done and not pending and self._http.trailing_data == (b"", False)
