"""Faults of the connection, shown over a real socket: the stand-alone server's, or that of Django's own dev server."""

import os
import select
import socket
import struct
import time

from django.http import HttpRequest, HttpResponse

from sandbox.wire.faults import HANG_S, Ordered

RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: the peer sees RST instead of FIN


def show(request: HttpRequest, response: HttpResponse, fault: Ordered | None) -> HttpResponse:
    """The response as the fault leaves it. What cannot be said in HTTP is done to the socket."""
    if fault is None:
        return response
    if fault.kind == "latency":
        time.sleep(fault.seconds)
    elif fault.kind in ("refuse", "hang", "reset", "lost", "truncated", "drip"):
        _show_on(_connection(request), response, fault)
    return response


def _show_on(connection: socket.socket, response: HttpResponse, fault: Ordered) -> None:
    wire = _on_the_wire(response)
    if fault.kind == "hang":
        select.select([connection], [], [], HANG_S)  # readable: the caller has hung up
    elif fault.kind == "truncated":
        connection.sendall(wire[: -len(response.content) // 2])
    elif fault.kind == "drip":
        _drip(connection, wire, fault.seconds)
    _hang_up(connection, reset=fault.kind == "reset")


def _drip(connection: socket.socket, wire: bytes, seconds: float) -> None:
    head = wire.index(b"\r\n\r\n") + 4
    connection.sendall(wire[:head])
    try:
        for byte in wire[head:]:
            time.sleep(seconds)
            connection.sendall(bytes([byte]))
    except OSError:
        return  # the caller had enough


def _on_the_wire(response: HttpResponse) -> bytes:
    head = [f"HTTP/1.1 {response.status_code} {response.reason_phrase}", f"Content-Length: {len(response.content)}"]
    head += [f"{name}: {value}" for name, value in response.items()]
    return "\r\n".join([*head, "Connection: close", "", ""]).encode() + response.content


def _connection(request: HttpRequest) -> socket.socket:
    """Django's dev server hands out no socket, but the stream it reads the body from knows it.

    Raises ConnectionResetError where there is none (Django's test client): that is as close as it gets.
    """
    stream = getattr(request, "environ", {}).get("wsgi.input")
    reader = getattr(getattr(stream, "_read", None), "__self__", None)
    connection = getattr(getattr(reader, "raw", None), "_sock", None)
    if not isinstance(connection, socket.socket):
        raise ConnectionResetError("a fault of the sandbox")
    return connection


def _hang_up(connection: socket.socket, *, reset: bool) -> None:
    """Ends the TCP connection now. The server keeps a dead one in its place, to which it may say what it likes."""
    if reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    dead, other_end = socket.socketpair()
    other_end.close()
    os.dup2(dead.fileno(), connection.fileno())
    dead.close()
