"""Connects to a host that has several addresses: Happy Eyeballs, https://www.rfc-editor.org/rfc/rfc8305

An address that does not answer, or whose TLS handshake hangs, delays a connection by a quarter of a second. The address
that answered is tried first the next time.
"""

import os
import selectors
import socket
import ssl
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from itertools import chain, zip_longest
from typing import Any

import certifi

from onboarding.upstream.deadline import Call, deadline

CONNECT_LIMIT = timedelta(seconds=2)  # name, TCP and TLS together
ATTEMPT_DELAY_S = 0.25  # before the next address is tried, too: RFC 8305, section 5
KEEPALIVE_S = 10  # of silence, after which the kernel asks whether the other side is still there

# getaddrinfo has no timeout: it runs in a thread of its own, for which the caller stops waiting.
_RESOLVER = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolver")


class Connector:
    """Connects to one host and port, with TLS unless `tls` is None. Shared by threads."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._host, self._port, self._tls = host, port, tls
        self._worked: Any = None  # the socket address that answered last

    def connect(self) -> socket.socket:
        """Return a connected socket. Raises OSError, also if no address answers within CONNECT_LIMIT."""
        with deadline(CONNECT_LIMIT) as call:
            addresses = self._in_order(_addresses(self._host, self._port, call))
            attempt = _race(deque(Attempt(found, self._host, self._tls) for found in addresses), call)
        self._worked = attempt.address
        return attempt.socket

    def forget(self) -> None:
        """Prefer no address any more: the one that worked gives errors now."""
        self._worked = None

    def _in_order(self, found: list[Any]) -> list[Any]:
        """Return the addresses with the families in turn (RFC 8305, section 4), after the one that worked."""
        first = [each for each in found if each[0] == found[0][0]]
        others = [each for each in found if each[0] != found[0][0]]
        in_turn = filter(None, chain.from_iterable(zip_longest(first, others)))
        return sorted(in_turn, key=lambda each: each[4] != self._worked)


class Attempt:
    """An attempt to connect to one address, on a socket that does not block."""

    def __init__(self, found: Any, host: str, tls: ssl.SSLContext | None) -> None:
        self._family, self._kind, self._protocol, _, self.address = found
        self._host, self._tls = host, tls
        self.socket: socket.socket

    def begin(self) -> None:
        """Open the socket and ask for a connection. Raises OSError if there is no route, for example."""
        self.socket = socket.socket(self._family, self._kind, self._protocol)
        try:
            self.socket.setblocking(False)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if hasattr(socket, "TCP_KEEPIDLE"):
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_S)
            with suppress(BlockingIOError):
                self.socket.connect(self.address)
        except OSError:
            self.socket.close()
            raise

    def go_on(self) -> int:
        """Do what is possible now. Return the event to wait for, or 0 at the end. Raises OSError if it failed."""
        if error := self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(error, os.strerror(error))
        if self._tls is None:
            return 0
        if not isinstance(self.socket, ssl.SSLSocket):
            self.socket = self._tls.wrap_socket(
                self.socket, server_hostname=self._host, do_handshake_on_connect=False, suppress_ragged_eofs=False
            )
        try:
            self.socket.do_handshake()
        except ssl.SSLWantReadError:
            return selectors.EVENT_READ
        except ssl.SSLWantWriteError:
            return selectors.EVENT_WRITE
        return 0


def _race(waiting: deque[Attempt], call: Call) -> Attempt:
    """Return the first attempt that succeeds; begin one more each ATTEMPT_DELAY_S, or when one fails.

    Raises the last OSError if all fail; TimeoutError at the end of the call.
    """
    failure = OSError("the name has no address")
    with selectors.DefaultSelector() as running:
        try:
            while waiting or running.get_map():
                try:
                    if waiting:
                        _begin(waiting.popleft(), running)
                    if winner := _winner(running, ATTEMPT_DELAY_S if waiting else call.left, call):
                        return winner
                except OSError as error:
                    failure = error
                call.left_or_timeout()
            raise failure
        finally:
            for key in list(running.get_map().values()):
                key.data.socket.close()


def _begin(attempt: Attempt, running: selectors.BaseSelector) -> None:
    attempt.begin()
    running.register(attempt.socket.fileno(), selectors.EVENT_WRITE, attempt)


def _winner(running: selectors.BaseSelector, seconds: float, call: Call) -> Attempt | None:
    """Wait so long for an attempt to succeed, and return it. Raises OSError as soon as one fails."""
    ends = time.monotonic() + seconds
    while running.get_map() and (left := ends - time.monotonic()) > 0:
        for key, _ in running.select(min(left, call.left_or_timeout())):
            attempt: Attempt = key.data
            try:
                event = attempt.go_on()
            except OSError:
                running.unregister(key.fd)
                attempt.socket.close()
                raise
            if not event:
                running.unregister(key.fd)
                return attempt
            running.modify(key.fd, event, attempt)
    return None


def _addresses(host: str, port: int, call: Call) -> list[Any]:
    """Return what getaddrinfo finds. Raises OSError."""
    found = _RESOLVER.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    return found.result(call.left_or_timeout())


def tls_context() -> ssl.SSLContext:
    """Return a context that trusts the system's roots (or those of `SSL_CERT_FILE`) and Mozilla's."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context
