"""The stand-alone HTTP/1.1 server: on loopback only, with keep-alive, a thread for each connection and no log."""

from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

LOOPBACK = "127.0.0.1"


class QuietHandler(WSGIRequestHandler):
    disable_nagle_algorithm = True  # else the body, a second write, would wait 40 ms for an acknowledgement

    def log_message(self, format: str, *args: Any) -> None:
        """Logs nothing, because the ledger lists all calls."""


def server(port: int) -> ThreadedWSGIServer:
    """A server that listens on this port of 127.0.0.1. With port 0 the system chooses a free one.

    Raises OSError if the port is taken, OverflowError if it is out of range.
    """
    listening = ThreadedWSGIServer((LOOPBACK, port), QuietHandler)
    listening.set_app(WSGIHandler())
    return listening
