"""All requests to the vendors. No request or response is logged, and no error carries a URL or a body."""

import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from ipaddress import ip_address
from json import dumps
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.utils.module_loading import import_string
from requests.adapters import BaseAdapter
from requests.exceptions import ConnectTimeout, ContentDecodingError, RequestException
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError, NewConnectionError

from onboarding import __version__
from onboarding.conf import conf
from onboarding.domain.errors import Busy, Garbled, Refused, Uncertain, Unreachable, UpstreamError
from onboarding.telemetry import observation
from onboarding.turns import TURNS
from onboarding.upstream.breaker import CircuitBreaker, NotAsked
from onboarding.upstream.bulkhead import Bulkhead
from onboarding.upstream.deadline import Call, deadline
from onboarding.upstream.response import BODY_LIMIT, Response
from onboarding.upstream.retries import RETRIES, RateLimitHold, RetryBudget, backoff
from onboarding.upstream.transport.adapter import NetworkAdapter
from onboarding.upstream.transport.connect import CONNECT_LIMIT

TOO_MANY_REQUESTS = 429
CHUNK = 16 * 1024  # bytes
USER_AGENT = f"proveflow/{__version__}"
LONGEST_WAIT = timedelta(seconds=2)  # for a RateLimitHold, inside a call; a longer hold raises Busy


class Upstream:
    """A vendor's API. An operation is named by the last segment of its path.

    `deadlines` limit whole calls, by operation. `repeatable` operations do no harm when they happen twice, so they are
    retried, within the same deadline. After a 429 all calls are held until its Retry-After, unless its error code is
    one of `per_number_codes`, which concern one phone number only. `share` of UPSTREAM_CALLS_AT_ONCE may be under way.
    """

    def __init__(
        self,
        service: str,
        base_url: str,
        deadlines: Mapping[str, timedelta],
        repeatable: frozenset[str] = frozenset(),
        per_number_codes: frozenset[int] = frozenset(),
        share: float = 1.0,
    ) -> None:
        if not is_safe(base_url):
            raise ImproperlyConfigured(f"The base URL of {service} must be https, or http to this machine (loopback).")
        self.service = service
        self._deadlines, self._repeatable, self._per_number_codes = deadlines, repeatable, per_number_codes
        self._base_url = base_url.rstrip("/")
        self._adapter = _adapter(base_url)
        self._breaker, self._retry_budget = CircuitBreaker(service), RetryBudget()
        self._rate_limit_hold = RateLimitHold()
        self.last_date = ""  # of the latest answer, by the vendor's clock
        self._bulkhead = Bulkhead(service, max(1, round(conf.UPSTREAM_CALLS_AT_ONCE * share)))

    def post(self, path: str, **content: Any) -> dict[str, Any]:
        """Return the JSON object of a 2xx response. `content`: `headers`, `auth`, `data` or `json`, as in requests.

        Raises UpstreamError, one of the five of `domain.errors`.
        """
        return self._request("POST", path, path.rsplit("/", 1)[-1], content)

    def get(self, path: str, *, operation: str, **content: Any) -> dict[str, Any]:
        """Do the same by GET. `operation` is given, because the path's last segment may be a phone number."""
        return self._request("GET", path, operation, content)

    def _request(self, method: str, path: str, operation: str, content: Mapping[str, Any]) -> dict[str, Any]:
        request = prepared(method, self._base_url + path, **content)
        with deadline(self._deadlines[operation]) as call:
            return self._send_with_retries(operation, request, call)

    @contextmanager
    def call(self, operation: str, about: str) -> Iterator[Call]:
        """Make all requests and waits inside one call, with a deadline and no database connection.

        `about` is the number, or another subject, that it concerns. Raises NotAsked if the vendor fails or hangs, or is
        busy until the deadline; RuntimeError inside a database transaction.
        """
        release_database()
        with (
            observation.vendor_call(self.service, operation),
            TURNS.given_away(),
            deadline(self._deadlines[operation]) as call,
            self._breaker.guarding(operation, about) as probing,
            self._bulkhead.place(operation, about, call),
        ):
            if probing:  # the vendor may have moved to another address
                self.drop_connections()
            try:
                yield call
            except Garbled:  # it may be the answer to another request
                self.drop_connections()
                raise

    def drop_connections(self) -> None:
        """Let no later request use a connection that is open now, idle or in use."""
        self._adapter.close()

    def _send_with_retries(self, operation: str, request: requests.PreparedRequest, call: Call) -> dict[str, Any]:
        self._retry_budget.earn()
        for attempt in range(RETRIES if operation in self._repeatable else 0):
            wait = backoff(attempt)
            try:
                return self._send_once(operation, request, call)
            except (Unreachable, Uncertain) as error:
                if isinstance(error, NotAsked) or wait >= call.left or not self._retry_budget.spend():
                    raise
            time.sleep(wait)
        return self._send_once(operation, request, call)

    def _send_once(self, operation: str, request: requests.PreparedRequest, call: Call) -> dict[str, Any]:
        self._wait_if_asked_to(operation, call)
        if not call.left:  # used up before this request: no failure of the vendor's
            raise NotAsked(self.service, operation)
        return self._json_of(operation, self._send(operation, request, call))

    def _wait_if_asked_to(self, operation: str, call: Call) -> None:
        """Sleep until the rate limit's hold ends, with jitter. Raises Busy if that is too long."""
        wait = self._rate_limit_hold.left
        if wait > min(LONGEST_WAIT, timedelta(seconds=call.left)):
            raise Busy(self.service, operation, retry_after=wait)
        if wait:
            time.sleep(wait.total_seconds() + backoff(0))

    def _send(self, operation: str, request: requests.PreparedRequest, call: Call) -> Response:
        # The error is raised after the except clauses: an exception of requests holds the request, with its secrets.
        try:
            timeout = CONNECT_LIMIT.total_seconds(), call.left_or_timeout()
            call.sent = True  # for other adapters; NetworkAdapter resets it until it sends
            with self._adapter.send(request, stream=True, timeout=timeout) as response:
                self.last_date = response.headers.get("Date", "")
                return Response(response.status_code, response.headers, _body(response))
        except ContentDecodingError:
            failure: type[UpstreamError] = Garbled
        except (RequestException, HTTPError, OSError) as error:
            failure = Uncertain if call.sent and not _never_connected(error) else Unreachable
        raise failure(self.service, operation)

    def _json_of(self, operation: str, response: Response) -> dict[str, Any]:
        if response.status < 300:
            with suppress(ValueError):
                return response.json()
        known = (self.service, operation, response.status, response.code, response.request_id)
        if response.status >= 500:
            raise Uncertain(*known)
        if response.status == TOO_MANY_REQUESTS:
            if response.code not in self._per_number_codes:
                self._rate_limit_hold.extend(response.retry_after)
            raise Busy(*known, retry_after=response.retry_after)
        if response.status >= 400:
            raise Refused(*known)
        raise Garbled(*known)


def prepared(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    data: Mapping[str, str] | None = None,
    json: Mapping[str, Any] | None = None,
) -> requests.PreparedRequest:
    """Return the request. (What requests' own `prepare` would add costs as much time as the exchange itself.)"""
    request = requests.PreparedRequest()
    request.method, request.url = method, url
    request.headers = CaseInsensitiveDict({"User-Agent": USER_AGENT, **(headers or {})})
    if auth:
        request.headers["Authorization"] = "Basic " + b64encode(":".join(auth).encode()).decode()
    if method == "POST":
        request.body = dumps(json) if data is None else urlencode(data)
        request.headers["Content-Type"] = "application/json" if data is None else "application/x-www-form-urlencoded"
        request.headers["Content-Length"] = str(len(request.body))
    return request


def release_database() -> None:
    """Give this thread's database connections back to the pool for the time of a call.

    Raises RuntimeError inside a transaction, because a slow vendor would make it hold its locks. As with Django's
    `durable`, the transaction around a TestCase does not count: so a host project can test with the sandbox.
    """
    for connection in connections.all(initialized_only=True):
        if not all(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
            raise RuntimeError("A call to the outside must not happen inside a database transaction.")
        if not connection.in_atomic_block:
            connection.close()


def _never_connected(error: Exception) -> bool:
    """Return whether `error` shows that there was no connection. Only NetworkAdapter tells it by `Call.sent`.

    Other adapters of UPSTREAM_ADAPTERS raise requests' errors: the first argument is urllib3's error, which has the
    cause as `reason`.
    """
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, ConnectTimeout) or isinstance(reason, NewConnectionError)


def _body(response: requests.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(CHUNK):
        body += chunk
        if len(body) > BODY_LIMIT:
            break
    return bytes(body)


def _adapter(base_url: str) -> BaseAdapter:
    """Return the adapter that UPSTREAM_ADAPTERS names for this URL, or one for the network."""
    for prefix, path in conf.UPSTREAM_ADAPTERS.items():
        if base_url.startswith(prefix):
            adapter: BaseAdapter = import_string(path)()
            return adapter
    return NetworkAdapter(base_url, BODY_LIMIT)


def is_safe(url: str) -> bool:
    """Return whether nobody between here and `url` can read a request to it."""
    parts = urlsplit(url)
    if parts.scheme == "http":
        return parts.hostname == "localhost" or _is_loopback(parts.hostname or "")
    return bool(parts.hostname) and (parts.scheme == "https" or url.startswith(tuple(conf.UPSTREAM_ADAPTERS)))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
