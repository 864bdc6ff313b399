"""The stand-alone HTTP/1.1 server: with keep-alive, a thread for each connection and no log. Optionally with TLS."""

import socket
import socketserver
import ssl
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

LOOPBACK = "127.0.0.1"
FILLERS = 4  # more than the kernel takes into a backlog of 0


class QuietHandler(WSGIRequestHandler):
    disable_nagle_algorithm = True  # else the body, a second write, would wait 40 ms for an acknowledgement

    def log_message(self, format: str, *args: Any) -> None:
        """Logs nothing, because the ledger lists all calls."""


class Server(ThreadedWSGIServer):
    """With `tls`, it speaks https only."""

    request_queue_size = 128

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self.tls = tls
        super().__init__((host, port), QuietHandler, ipv6=":" in host)
        self.set_app(WSGIHandler())

    def server_bind(self) -> None:
        """As HTTPServer's, but without asking DNS for the host's name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def setup_environ(self) -> None:
        super().setup_environ()
        if self.tls:
            self.base_environ["HTTPS"] = "on"

    def get_request(self) -> tuple[socket.socket, Any]:
        """The handshake is done by the connection's thread, at its first read."""
        connection, address = super().get_request()
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Prints a traceback, but for connections that the client broke, and for plain HTTP where TLS is spoken."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def server(port: int, host: str = LOOPBACK, tls: tuple[str, str] | None = None) -> Server:
    """A server that listens on this port and address. With port 0 the system chooses a free one. `tls`: PEM files.

    Raises OSError if the port is taken, the address is not of this machine or the files are no certificate and key,
    OverflowError if the port is out of range.
    """
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
    return Server(host, port, context)


@contextmanager
def dead_address(host: str, port: int) -> Iterator[None]:
    """Makes this address one that does not answer: its backlog is full, so that the kernel drops further SYNs.

    Raises OSError if it cannot listen there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with ExitStack() as sockets:
        sockets.enter_context(socket.create_server((host, port), family=family, backlog=0))
        for _ in range(FILLERS):
            filler = sockets.enter_context(socket.socket(family))
            filler.setblocking(False)
            filler.connect_ex((host, port))
        yield
