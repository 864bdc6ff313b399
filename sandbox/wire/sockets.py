"""Faults on a real socket: that of the stand-alone server or of Django's development server."""

import os
import select
import socket
import struct
import time

from django.http import HttpRequest, HttpResponse

from sandbox.wire.faults import HANG_S, ActiveFault

RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: the peer gets RST instead of FIN


def apply_fault(request: HttpRequest, response: HttpResponse, fault: ActiveFault | None) -> HttpResponse:
    """Delays the response, or sends what the fault leaves of it and closes the connection. Returns the response.

    Raises ConnectionResetError if the fault needs a socket and there is none, as in Django's test client.
    """
    if fault is None:
        return response
    if fault.kind == "latency":
        time.sleep(fault.seconds)
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


def _send_bytewise(connection: socket.socket, message: bytes, seconds: float) -> None:
    head = message.index(b"\r\n\r\n") + 4
    connection.sendall(message[:head])
    try:
        for byte in message[head:]:
            time.sleep(seconds)
            connection.sendall(bytes([byte]))
    except OSError:
        return  # the caller closed the connection


def _http_message(response: HttpResponse) -> bytes:
    head = [f"HTTP/1.1 {response.status_code} {response.reason_phrase}", f"Content-Length: {len(response.content)}"]
    head += [f"{name}: {value}" for name, value in response.items()]
    return "\r\n".join([*head, "Connection: close", "", ""]).encode() + response.content


def _connection(request: HttpRequest) -> socket.socket:
    """The request's socket, from the private attributes of the stream that its body is read from."""
    stream = getattr(request, "environ", {}).get("wsgi.input")
    reader = getattr(getattr(stream, "_read", None), "__self__", None)
    connection = getattr(getattr(reader, "raw", None), "_sock", None)
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
