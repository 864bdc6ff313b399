"""A deadline for a whole call, from the name look-up to the last byte.

The timeouts of requests and urllib3 apply to each read, so a response that arrives byte by byte could take for ever.
Here every socket, plain or TLS, gets the time that the call has left as its timeout before each operation.
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
POOLED_CONNECTIONS = 64  # per host; a worker has no more threads than this


@dataclass
class Call:
    """One call to a vendor."""

    ends: float  # seconds of time.monotonic()
    sent: bool = False  # whether a part of the request may have left this machine

    @property
    def left(self) -> float:
        """Return the seconds left, 0 when the time is up."""
        return max(0.0, self.ends - time.monotonic())

    def left_or_timeout(self) -> float:
        """Return the seconds left. Raises TimeoutError when the time is up."""
        if not (left := self.left):
            raise TimeoutError
        return left


_CALL: ContextVar[Call] = ContextVar("call")


@contextmanager
def deadline(limit: timedelta) -> Iterator[Call]:
    """Let all calls inside end within `limit`, or by the end of an outer `deadline` if that is earlier."""
    outer = _CALL.get(None)
    ends = time.monotonic() + limit.total_seconds()
    call = Call(min(ends, outer.ends) if outer else ends)
    token = _CALL.set(call)
    try:
        yield call
    finally:
        _CALL.reset(token)


class DeadlineSocket(socket.socket):
    """A socket whose operations time out when the call does. It sets `Call.sent` before it sends."""

    def connect(self, address: Any) -> None:
        self.settimeout(_CALL.get().left_or_timeout())
        super().connect(address)

    def recv_into(self, *args: Any) -> int:
        self.settimeout(_CALL.get().left_or_timeout())
        return super().recv_into(*args)

    def send(self, *args: Any) -> int:
        self._start_sending()
        return super().send(*args)

    def sendall(self, *args: Any) -> None:
        self._start_sending()
        super().sendall(*args)

    def _start_sending(self) -> None:
        call = _CALL.get()
        self.settimeout(call.left_or_timeout())
        call.sent = True


class DeadlineTLSSocket(DeadlineSocket, ssl.SSLSocket):
    """The same over TLS. The handshake does not go through `send`, so it does not set `Call.sent`."""

    def do_handshake(self, block: bool = False) -> None:
        self.settimeout(_CALL.get().left_or_timeout())
        super().do_handshake(block)


# getaddrinfo has no timeout: it runs in a thread of its own, for which the caller stops waiting.
_RESOLVER = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolver")


class DeadlineConnection(HTTPConnection):
    """Connects within CONNECT_LIMIT, with a DeadlineSocket."""

    def connect(self) -> None:
        with deadline(CONNECT_LIMIT):
            super().connect()

    def _new_conn(self) -> socket.socket:
        wait = _CALL.get().left_or_timeout()
        try:
            lookup = _RESOLVER.submit(socket.getaddrinfo, self._dns_host, self.port, type=socket.SOCK_STREAM)
            return _connect_to_first(lookup.result(wait))
        except OSError as error:  # also TimeoutError and gaierror
            raise NewConnectionError(self, type(error).__name__) from error


class DeadlineTLSConnection(DeadlineConnection, HTTPSConnection):
    pass


class PlainPool(HTTPConnectionPool):
    ConnectionCls = DeadlineConnection


class TLSPool(HTTPSConnectionPool):
    ConnectionCls = DeadlineTLSConnection


class DeadlineAdapter(HTTPAdapter):
    """requests' adapter with the connections above. Its pools are shared by threads."""

    def __init__(self) -> None:
        super().__init__(pool_maxsize=POOLED_CONNECTIONS)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=_tls_context(), **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TLSPool}

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> ConnectionPool:
        _CALL.get().sent = False
        return super().get_connection_with_tls_context(*args, **kwargs)

    def cert_verify(self, conn: Any, *_: Any) -> None:
        """Verify with the roots that the context holds. requests would load its bundle again for each connection."""
        conn.cert_reqs = "CERT_REQUIRED"


def _tls_context() -> ssl.SSLContext:
    """Return a context that trusts the system's roots (or those of `SSL_CERT_FILE`) and Mozilla's."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.sslsocket_class = DeadlineTLSSocket
    return context


def _connect_to_first(addresses: list[Any]) -> DeadlineSocket:
    """Return a socket connected to the first address that accepts. Raises the last OSError."""
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
