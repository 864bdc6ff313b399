"""Hosts of the vendors behind a gateway that plays bad networks. The sandbox in this process gives the answers."""

import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedIOBase
from itertools import takewhile

import requests

from sandbox.adapter import SandboxAdapter

HINTS = b"".join(
    b"HTTP/1.1 %b\r\nLink: </x>; rel=preload\r\n\r\n" % status for status in (b"102 Wait", b"103 Early Hints")
)
GOING_AWAY = b"HTTP/1.1 503 Going Away\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
RESET = struct.pack("ii", 1, 0)  # SO_LINGER, by which close sends RST


@dataclass
class Host:
    """An address of both vendors. What it does can be changed while connections are open.

    `hints`: informational responses come before each answer. `forgets_after_s`: a connection that was idle for so long
    is forgotten, in silence or with a reset as soon as something is sent. `away`: each request is answered by a 503,
    and connections are kept. `dead`: nothing is answered any more.
    """

    hints: bool = False
    forgets_after_s: float | None = None
    resets: bool = False
    away: bool = False
    dead: bool = False
    connections: int = 0
    answered: int = 0
    address: tuple[str, int] = ("", 0)
    _open: set[socket.socket] = field(default_factory=set)

    @contextmanager
    def listening(self) -> Iterator["Host"]:
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
            self.address = listener.getsockname()
            thread = threading.Thread(target=self._accept, args=(listener,), daemon=True)
            thread.start()
            yield self
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
        for connection in list(self._open):
            connection.close()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.connections += 1
                self._open.add(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        used = time.monotonic()
        with suppress(OSError), connection.makefile("rb") as stream:
            while request := _read(stream):
                if self.dead or self._has_forgotten(used):
                    self._drop(connection)
                    return
                connection.sendall(self._answer(*request))
                self.answered += 1
                used = time.monotonic()
        self._open.discard(connection)
        connection.close()

    def _has_forgotten(self, used: float) -> bool:
        return self.forgets_after_s is not None and time.monotonic() - used > self.forgets_after_s

    def _drop(self, connection: socket.socket) -> None:
        """Reset the connection, or leave it open and say nothing."""
        if self.resets:
            self._open.discard(connection)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.close()

    def _answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
        if self.away:
            return GOING_AWAY
        request = requests.Request(method, f"http://embedded{target}", headers, data=body).prepare()
        response = SandboxAdapter().send(request, timeout=30)
        kept = {"Content-Type", "Retry-After", "Date", "Twilio-Request-Id"}
        lines = [f"{name}: {value}" for name, value in response.headers.items() if name in kept]
        head = "\r\n".join([f"HTTP/1.1 {response.status_code} OK", *lines, f"Content-Length: {len(response.content)}"])
        return (HINTS if self.hints else b"") + head.encode() + b"\r\n\r\n" + response.content


def _read(stream: BufferedIOBase) -> tuple[str, str, dict[str, str], bytes] | None:
    """Return method, target, headers and body of the next request; None at the end of the connection."""
    lines = [line.decode().strip() for line in takewhile(lambda line: line not in (b"\r\n", b""), stream)]
    if not lines:
        return None
    method, target, _ = lines[0].split(" ")
    headers = dict(re.split(r":\s*", line, maxsplit=1) for line in lines[1:])
    length = next((int(value) for name, value in headers.items() if name.lower() == "content-length"), 0)
    return method, target, headers, stream.read(length)
