"""A server on a real loopback socket; the test says what it does with each connection."""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import takewhile

Behaviour = Callable[[socket.socket], None]
JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
EMPTY_OBJECT = JSON_HEAD + b"Content-Length: 2\r\n\r\n{}"


@dataclass
class Server:
    """`requests` holds everything that was received, an entry for each connection."""

    url: str
    requests: list[bytes] = field(default_factory=list)


@contextmanager
def serving(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server. `behaviour` gets each connection after a whole request, body included; then it is closed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(target=_accept, args=(listener, server, behaviour, tls), daemon=True)
        thread.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _accept(listener: socket.socket, server: Server, behaviour: Behaviour, tls: ssl.SSLContext | None) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(connection, server, behaviour, tls), daemon=True).start()


def _serve(plain: socket.socket, server: Server, behaviour: Behaviour, tls: ssl.SSLContext | None) -> None:
    with plain, suppress(OSError):
        connection = tls.wrap_socket(plain, server_side=True) if tls else plain
        with connection:
            server.requests.append(_request(connection))
            behaviour(connection)


def _request(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as stream:
        head = b"".join(takewhile(lambda line: line != b"\r\n", stream))
        length = re.search(rb"(?i)content-length: (\d+)", head)
        return head + stream.read(int(length[1]) if length else 0)


def responding(wire: bytes) -> Behaviour:
    return lambda connection: connection.sendall(wire)


def answering(answers: Iterable[bytes]) -> Behaviour:
    """Answer one request after the other on a connection that is kept."""

    def behaviour(connection: socket.socket) -> None:
        for answer in answers:
            connection.sendall(answer)
            if not _request(connection):
                return

    return behaviour


def silence(connection: socket.socket) -> None:
    connection.recv(1)  # until the caller hangs up


def dripping(wire: bytes, seconds: float = 0.02) -> Behaviour:
    """Send one byte after the other, with a pause of `seconds` between them."""

    def behaviour(connection: socket.socket) -> None:
        for byte in wire:
            connection.sendall(bytes([byte]))
            time.sleep(seconds)

    return behaviour
