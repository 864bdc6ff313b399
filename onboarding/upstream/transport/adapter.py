"""The transport adapter of requests for one vendor: a pool of connections, in place of urllib3's."""

import io
import threading
import weakref
import zlib
from collections import deque
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import h11
import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from onboarding.upstream.deadline import current_call
from onboarding.upstream.transport.connect import Connector, tls_context
from onboarding.upstream.transport.connection import SERVER_ERROR, Answer, Connection

GZIP = 16 + zlib.MAX_WBITS
PORTS = {"http": 80, "https": 443}


class NetworkAdapter(BaseAdapter):
    """Sends requests to the origin of `base_url`. Shared by threads.

    It follows no redirects, keeps no cookies, and takes neither proxies nor .netrc from the environment.
    """

    def __init__(self, base_url: str, body_limit: int) -> None:
        super().__init__()
        url = urlsplit(base_url)
        tls = tls_context() if url.scheme == "https" else None
        self._connector = Connector(url.hostname or "", url.port or PORTS[url.scheme], tls)
        self._body_limit = body_limit
        self._idle: deque[Connection] = deque()  # the one that was used last is at the right
        self._generation = 0  # of connections; `close` begins a new one
        self._lock = threading.Lock()
        weakref.finalize(self, _close_all, self._idle)

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        """Return the response, whose body is cut off after the limit, within the current call's deadline.

        Raises OSError, and sets the call's `sent` as soon as a part of the request may have left this machine.
        """
        call = current_call()
        call.sent = False
        generation = self._generation
        connection = self._idle_connection() or Connection(self._connector.connect())
        try:
            answer = connection.exchange(request, call, self._body_limit)
        except h11.ProtocolError:
            raise ConnectionError("the answer is not HTTP") from None
        finally:
            self._keep_or_close(connection, generation)
        if answer.status >= SERVER_ERROR:
            self._connector.forget()
        return self._response(answer)

    def close(self) -> None:
        """Let no later request use a connection that is open now, idle or in use."""
        with self._lock:
            self._generation += 1
            _close_all(self._idle)

    def _idle_connection(self) -> Connection | None:
        with self._lock:
            while self._idle:
                connection = self._idle.pop()
                if connection.may_be_used():
                    return connection
                connection.close()
        return None

    def _keep_or_close(self, connection: Connection, generation: int) -> None:
        with self._lock:
            if not connection.is_reusable or generation != self._generation:
                connection.close()
                return
            self._idle.append(connection)
            while self._idle and not self._idle[0].may_be_used():
                self._idle.popleft().close()

    def _response(self, answer: Answer) -> requests.Response:
        response = requests.Response()
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(answer.headers)
        response.raw = io.BytesIO(self._unpacked(answer.body, response.headers.get("Content-Encoding", "identity")))
        return response

    def _unpacked(self, body: bytes, encoding: str) -> bytes:
        """Return the body without its compression, which was not asked for; b"" if it cannot be unpacked.

        Then the status decides, as for any other body that is no JSON.
        """
        if encoding.lower() == "identity":
            return body
        with suppress(zlib.error):
            if encoding.lower() in ("gzip", "x-gzip"):  # https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1.3
                return zlib.decompressobj(GZIP).decompress(body, self._body_limit + 1)
        return b""


def _close_all(connections: deque[Connection]) -> None:
    while connections:
        connections.pop().close()
