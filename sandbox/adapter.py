"""A transport adapter for `requests` that calls the sandbox's routes in this process, without a network."""

import io
import time
from collections.abc import Mapping
from http.client import RemoteDisconnected
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from django.core.handlers.wsgi import WSGIRequest
from django.http import Http404, HttpResponse
from django.urls import resolve
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError
from urllib3.util import Timeout

from sandbox.wire.call import ByMethod, Route
from sandbox.wire.faults import HANG_S, ActiveFault
from sandbox.wire.reply import Reply

Timeouts = float | tuple[float | None, float | None] | Timeout | None


class SandboxAdapter(HTTPAdapter):
    """Mount it at sandbox://. It resolves the path and calls the route, without middleware and signals.

    A query has to be part of the URL, because requests adds `params` to http URLs only.
    """

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002 - the body is always read as a stream
        timeout: Timeouts = None,
        verify: bool | str = True,  # noqa: ARG002
        cert: Any = None,  # noqa: ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> requests.Response:
        """The response. Raises what requests raises on a socket. No fault lasts longer than the read timeout."""
        django_request = _django_request(request)
        try:
            match = resolve(django_request.path_info, "sandbox.root")
            if not isinstance(match.func, Route | ByMethod):  # the control API
                response = match.func(django_request, **match.kwargs)
                return self._built(request, response, io.BytesIO(response.content))
        except Http404:
            return self._built(request, HttpResponse(status=404), io.BytesIO())
        outcome = match.func.receive(django_request, match.kwargs)
        timeout_s = _read_timeout_s(timeout)
        if outcome.fault:
            _raise_or_wait(request, outcome.fault, timeout_s)
        return self._built(request, outcome.reply.as_response(), _body(outcome.reply, outcome.fault, timeout_s))

    def _built(
        self, request: requests.PreparedRequest, response: HttpResponse, body: io.BufferedIOBase
    ) -> requests.Response:
        headers = {**dict(response.items()), "Content-Length": str(len(response.content))}
        built = HTTPResponse(
            body=body,
            headers=headers,
            status=response.status_code,
            reason=response.reason_phrase,
            preload_content=False,
            decode_content=False,
            request_method=request.method,
        )
        return self.build_response(request, built)


def _django_request(request: requests.PreparedRequest) -> WSGIRequest:
    url = urlsplit(request.url or "")
    raw = _whole_body(request.body)
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()}
    return WSGIRequest(
        {
            **headers,
            "REQUEST_METHOD": request.method,
            "PATH_INFO": unquote(url.path, "iso-8859-1"),
            "QUERY_STRING": url.query,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(raw)),
            "HTTP_HOST": url.netloc,
            "SERVER_NAME": url.hostname,
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(raw),
        }
    )


def _whole_body(body: Any) -> bytes:
    """The body of a request as bytes: requests takes text, bytes, a file or anything that yields bytes."""
    if isinstance(body, str):
        return body.encode()
    if body is None or isinstance(body, bytes | bytearray):
        return bytes(body or b"")
    return bytes(body.read()) if hasattr(body, "read") else b"".join(body)


def _read_timeout_s(timeout: Timeouts) -> float:
    read = (
        timeout[1] if isinstance(timeout, tuple) else timeout.read_timeout if isinstance(timeout, Timeout) else timeout
    )
    return HANG_S if read is None else float(read)


def _raise_or_wait(request: requests.PreparedRequest, fault: ActiveFault, timeout_s: float) -> None:
    """Applies the faults that come before the first byte of a response."""
    match fault.kind:
        case "refuse":
            refused = NewConnectionError(HTTPConnection("embedded"), "[Errno 111] Connection refused")
            raise requests.ConnectionError(MaxRetryError(None, request.url, refused), request=request)  # type: ignore[arg-type]
        case "reset":
            reset = ConnectionResetError(104, "Connection reset by peer")
            raise requests.ConnectionError(ProtocolError("Connection aborted.", reset), request=request)
        case "lost":
            gone = RemoteDisconnected("Remote end closed connection without response")
            raise requests.ConnectionError(ProtocolError("Connection aborted.", gone), request=request)
        case "hang" | "latency":
            wait_s = HANG_S if fault.kind == "hang" else fault.seconds
            time.sleep(min(wait_s, timeout_s))
            if wait_s >= timeout_s:
                raise requests.ReadTimeout(f"Read timed out. (read timeout={timeout_s})", request=request)


def _body(reply: Reply, fault: ActiveFault | None, timeout_s: float) -> io.BufferedIOBase:
    if fault and fault.kind == "truncated":
        return io.BytesIO(reply.content[: len(reply.content) // 2])
    if fault and fault.kind == "drip":
        return io.BufferedReader(BytewiseBody(reply.content, fault.seconds, timeout_s), buffer_size=1)
    return io.BytesIO(reply.content)


class BytewiseBody(io.RawIOBase):
    """A body that is read one byte at a time, `seconds` apart. Times out as a whole after the read timeout.

    On a socket the timeout is for each read. There, a caller can end the response by closing the socket.
    """

    def __init__(self, content: bytes, seconds: float, timeout_s: float) -> None:
        self.rest = io.BytesIO(content)
        self.seconds, self.ends = seconds, time.monotonic() + timeout_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left_s = max(0.0, self.ends - time.monotonic())
        time.sleep(min(self.seconds, left_s))
        if self.seconds >= left_s:
            raise TimeoutError("timed out")
        byte = self.rest.read(1)
        buffer[: len(byte)] = byte
        return len(byte)
