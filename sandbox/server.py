"""The stand-alone server: loopback only, a thread for each connection, HTTP/1.1 kept alive, nothing said on the way."""

from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

LOOPBACK = "127.0.0.1"


class QuietHandler(WSGIRequestHandler):
    disable_nagle_algorithm = True  # head and body are two writes: an answer would wait 40 ms for an acknowledgement

    def log_message(self, format: str, *args: Any) -> None:
        """The ledger knows."""


def server(port: int) -> ThreadedWSGIServer:
    """Listens when it returns; port 0 asks for any. Raises OSError for a port that is taken,
    OverflowError for one that is none.
    """
    listening = ThreadedWSGIServer((LOOPBACK, port), QuietHandler)
    listening.set_app(WSGIHandler())
    return listening
