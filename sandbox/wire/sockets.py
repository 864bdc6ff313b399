"""What needs a real socket, that of the stand-alone server or of Django's development server: chunks and faults."""

import io
import os
import re
import select
import socket
import struct
import time
from itertools import takewhile

from django.http import HttpRequest, HttpResponse

from sandbox.wire import chunked
from sandbox.wire.faults import HANG_S, ActiveFault

HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </>; rel=preload\r\n\r\n"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: the peer gets RST instead of FIN


def read_chunked_body(request: HttpRequest) -> bool:
    """Reads the body if it comes in chunks. Closes the connection and returns false if it is malformed."""
    if request.headers.get("Transfer-Encoding", "").lower() != "chunked":
        return True
    reader = _reader(request)
    if reader is None:
        return True
    try:
        chunked.read_body(request, reader)
    except ValueError:
        _close(_connection(request), reset=False)
        return False
    return True


def apply_fault(request: HttpRequest, response: HttpResponse, fault: ActiveFault | None) -> HttpResponse:
    """Delays the response, or sends what the fault leaves of it and closes the connection. Returns the response.

    Raises ConnectionResetError if the fault needs a socket and there is none, as in Django's test client.
    """
    if fault is None:
        return response
    if fault.kind == "latency":
        time.sleep(fault.seconds)
    elif fault.kind == "hint":
        _connection(request).sendall(HINT)
    elif fault.kind in ("forgotten", "draining"):
        _keep_connection(_connection(request), response, fault)
    elif fault.kind in ("refuse", "hang", "reset", "lost", "truncated", "drip"):
        _break_connection(_connection(request), response, fault)
    return response


def _break_connection(connection: socket.socket, response: HttpResponse, fault: ActiveFault) -> None:
    message = _http_message(response)
    if fault.kind == "hang":
        select.select([connection], [], [], HANG_S)  # readable once the caller closes the connection
    elif fault.kind == "truncated":
        connection.sendall(message[: -len(response.content) // 2])
    elif fault.kind == "drip":
        _send_bytewise(connection, message, fault.seconds)
    _close(connection, reset=fault.kind == "reset")


def _keep_connection(connection: socket.socket, response: HttpResponse, fault: ActiveFault) -> None:
    """Answer as if the connection were kept, and wait for the next call. Draining answers all calls alike."""
    message = _http_message(response, "keep-alive")
    connection.sendall(message)
    while fault.kind == "draining" and _reads_a_request(connection):
        connection.sendall(message)
    if fault.kind == "forgotten":
        select.select([connection], [], [], HANG_S)
    _close(connection, reset=True)


def _reads_a_request(connection: socket.socket) -> bool:
    """Read one whole request; return False if the caller has closed the connection."""
    with connection.makefile("rb") as stream:
        head = b"".join(takewhile(lambda line: line != b"\r\n", stream))
        length = re.search(rb"(?i)content-length: (\d+)", head)
        stream.read(int(length[1]) if length else 0)
    return bool(head)


def _send_bytewise(connection: socket.socket, message: bytes, seconds: float) -> None:
    head = message.index(b"\r\n\r\n") + 4
    connection.sendall(message[:head])
    try:
        for byte in message[head:]:
            time.sleep(seconds)
            connection.sendall(bytes([byte]))
    except OSError:
        return  # the caller closed the connection


def _http_message(response: HttpResponse, connection: str = "close") -> bytes:
    head = [f"HTTP/1.1 {response.status_code} {response.reason_phrase}", f"Content-Length: {len(response.content)}"]
    head += [f"{name}: {value}" for name, value in response.items()]
    return "\r\n".join([*head, f"Connection: {connection}", "", ""]).encode() + response.content


def _reader(request: HttpRequest) -> io.BufferedReader | None:
    """What the server reads requests from, found by the private attributes of the stream of this request's body."""
    stream = getattr(request, "environ", {}).get("wsgi.input")
    reader = getattr(getattr(stream, "_read", None), "__self__", None)
    return reader if isinstance(reader, io.BufferedReader) else None


def _connection(request: HttpRequest) -> socket.socket:
    connection = getattr(getattr(_reader(request), "raw", None), "_sock", None)
    if not isinstance(connection, socket.socket):
        raise ConnectionResetError("a fault of the sandbox")
    return connection


def _close(connection: socket.socket, *, reset: bool) -> None:
    """Closes the TCP connection now. The server's file descriptor gets a closed socket pair, to which it may write."""
    if reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    dead, other_end = socket.socketpair()
    other_end.close()
    os.dup2(dead.fileno(), connection.fileno())
    dead.close()
