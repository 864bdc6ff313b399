"""A deadline for a whole call, first packet to last byte, that a reply dripped byte by byte cannot outlast.

The timeouts of requests and urllib3 are for each read. Here every socket, plain or TLS, gets what is left of the call
as its timeout before each thing it does.
"""

import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import certifi
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import NewConnectionError

CONNECT_LIMIT = timedelta(seconds=2)  # name, TCP and TLS together
POOLED_CONNECTIONS = 64  # kept for each host: more than any server here has threads


@dataclass
class Call:
    """One call to the outside."""

    ends: float  # seconds, on time.monotonic()'s clock
    sent: bool = False  # a part of the request may have left this machine

    @property
    def left(self) -> float:
        """Seconds, 0 when the time is up."""
        return max(0.0, self.ends - time.monotonic())

    def remaining(self) -> float:
        """Seconds left. Raises TimeoutError when there are none."""
        if not (left := self.left):
            raise TimeoutError
        return left


_CALL: ContextVar[Call] = ContextVar("call")


@contextmanager
def deadline(limit: timedelta) -> Iterator[Call]:
    """Whatever is called inside ends within `limit`, or within the limit of an outer `deadline` if that is earlier."""
    outer = _CALL.get(None)
    ends = time.monotonic() + limit.total_seconds()
    call = Call(min(ends, outer.ends) if outer else ends)
    token = _CALL.set(call)
    try:
        yield call
    finally:
        _CALL.reset(token)


class DeadlineSocket(socket.socket):
    """Does nothing for longer than the call has left, and remembers in the call that something was sent."""

    def connect(self, address: Any) -> None:
        self.settimeout(_CALL.get().remaining())
        super().connect(address)

    def recv_into(self, *args: Any) -> int:
        self.settimeout(_CALL.get().remaining())
        return super().recv_into(*args)

    def send(self, *args: Any) -> int:
        self._start_sending()
        return super().send(*args)

    def sendall(self, *args: Any) -> None:
        self._start_sending()
        super().sendall(*args)

    def _start_sending(self) -> None:
        call = _CALL.get()
        self.settimeout(call.remaining())
        call.sent = True


class DeadlineTLSSocket(DeadlineSocket, ssl.SSLSocket):
    """The same over TLS. The handshake sends nothing of the request: it does not come through `send`."""

    def do_handshake(self, block: bool = False) -> None:
        self.settimeout(_CALL.get().remaining())
        super().do_handshake(block)


# getaddrinfo knows no timeout: it runs where waiting for it can be given up.
_RESOLVER = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolver")


class DeadlineConnection(HTTPConnection):
    """Connects within CONNECT_LIMIT, with a DeadlineSocket."""

    def connect(self) -> None:
        with deadline(CONNECT_LIMIT):
            super().connect()

    def _new_conn(self) -> socket.socket:
        wait = _CALL.get().remaining()
        try:
            lookup = _RESOLVER.submit(socket.getaddrinfo, self._dns_host, self.port, type=socket.SOCK_STREAM)
            return _first_to_answer(lookup.result(wait))
        except OSError as error:  # also TimeoutError and gaierror
            raise NewConnectionError(self, type(error).__name__) from error


class DeadlineTLSConnection(DeadlineConnection, HTTPSConnection):
    pass


class PlainPool(HTTPConnectionPool):
    ConnectionCls = DeadlineConnection


class TLSPool(HTTPSConnectionPool):
    ConnectionCls = DeadlineTLSConnection


class DeadlineAdapter(HTTPAdapter):
    """requests' own adapter on the connections above; its pools are shared by threads."""

    def __init__(self) -> None:
        super().__init__(pool_maxsize=POOLED_CONNECTIONS)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=_tls_context(), **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TLSPool}

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> ConnectionPool:
        _CALL.get().sent = False
        return super().get_connection_with_tls_context(*args, **kwargs)

    def cert_verify(self, conn: Any, *_: Any) -> None:
        """The context already holds the roots; requests would read its bundle again for each connection."""
        conn.cert_reqs = "CERT_REQUIRED"


def _tls_context() -> ssl.SSLContext:
    """Trusts the system's roots (`SSL_CERT_FILE` names others) and Mozilla's."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.sslsocket_class = DeadlineTLSSocket
    return context


def _first_to_answer(addresses: list[Any]) -> DeadlineSocket:
    failure = OSError("the name has no address")
    for family, kind, protocol, _, address in addresses:
        connection = DeadlineSocket(family, kind, protocol)
        try:
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure
