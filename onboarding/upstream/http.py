"""The one door to the network. Nothing that passes through it is logged, and no error carries an address or a body."""

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.utils.module_loading import import_string
from requests.adapters import BaseAdapter
from requests.exceptions import ConnectTimeout, ContentDecodingError, RequestException
from urllib3.exceptions import HTTPError, NewConnectionError

from onboarding.domain.errors import Busy, Garbled, Refused, Uncertain, Unreachable, UpstreamError
from onboarding.upstream.breaker import Breaker, CircuitOpen
from onboarding.upstream.deadline import CONNECT_LIMIT, Call, DeadlineAdapter, deadline
from onboarding.upstream.retries import RETRIES, RateLimitHold, RetryBudget, pause

REPLY_LIMIT = 256 * 1024  # bytes, after decompression
TOO_MANY_REQUESTS = 429
CHUNK = 16 * 1024  # bytes
RETRY_AFTER_DEFAULT = timedelta(seconds=1)
RETRY_AFTER_LIMIT = timedelta(hours=1)
WAITED_OUT = timedelta(seconds=2)  # a shorter wait is a part of the call
REQUEST_ID_HEADERS = ("Twilio-Request-Id", "X-Request-Id", "X-Correlation-Id")


@dataclass(frozen=True)
class Answer:
    """A whole HTTP reply: all of the body, or just more of it than REPLY_LIMIT."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> dict[str, Any]:
        """The JSON object in the body, fit for a database. Raises ValueError where there is none."""
        if len(self.body) > REPLY_LIMIT or "json" not in self.headers.get("Content-Type", ""):
            raise ValueError("not JSON of a sane size")
        try:
            document = json.loads(self.body)
        except RecursionError:
            raise ValueError("nested too deep") from None
        # NaN, a lone surrogate and NUL are legal to Python's reader, but no database stores them.
        json.dumps(document, allow_nan=False, ensure_ascii=False).encode()
        if not isinstance(document, dict) or rb"\u0000" in self.body:
            raise ValueError("not an object")
        return document

    @property
    def code(self) -> int | None:
        """The vendor's own error code: an integer in Prove's and Twilio's (also RFC 9457) error objects."""
        try:
            return int(self.document()["code"])
        except (ValueError, KeyError, TypeError):
            return None

    @property
    def request_id(self) -> str | None:
        found = next((self.headers[name] for name in REQUEST_ID_HEADERS if name in self.headers), "")
        return found if re.fullmatch(r"[\w-]{1,64}", found, re.ASCII) else None

    @property
    def retry_after(self) -> timedelta:
        """Seconds or an HTTP date (RFC 9110, 10.2.3), from the default up to the limit."""
        value = self.headers.get("Retry-After", "")
        try:
            wait = float(value) if value.isdecimal() else _seconds_until(value)
        except (ValueError, TypeError):
            return RETRY_AFTER_DEFAULT
        return timedelta(seconds=min(max(wait, RETRY_AFTER_DEFAULT.total_seconds()), RETRY_AFTER_LIMIT.total_seconds()))


class Upstream:
    """A vendor's API. `deadlines`: for the whole call, by operation, which is the last segment of its path.

    Operations in `repeatable` cannot happen twice: a failure is tried again, within the same deadline. A 429 holds all
    calls until Retry-After, but one whose code is in `personal` is about one recipient alone.
    """

    def __init__(
        self,
        service: str,
        base_url: str,
        deadlines: Mapping[str, timedelta],
        repeatable: frozenset[str] = frozenset(),
        personal: frozenset[int] = frozenset(),
    ) -> None:
        if not is_safe(base_url):
            raise ImproperlyConfigured(f"The base URL of {service} must be https, or http to this machine (loopback).")
        self.service = service
        self._deadlines, self._repeatable, self._personal = deadlines, repeatable, personal
        self._base_url = base_url.rstrip("/")
        # No requests.Session: it follows redirects, keeps cookies, and takes proxies and .netrc from the environment.
        self._adapter = _adapter(base_url)
        self._breaker, self._retry_budget, self._rate_limit_hold = Breaker(service), RetryBudget(), RateLimitHold()
        self._bulkhead = threading.BoundedSemaphore(settings.UPSTREAM_CALLS_AT_ONCE)

    def post(self, path: str, **content: Any) -> dict[str, Any]:
        """The JSON object of a 2xx reply. `content`: `headers`, `auth`, `data` (form) or `json`, as in requests.

        Raises the five of `onboarding.domain.errors`; RuntimeError inside a database transaction.
        """
        return self._ask("POST", path, path.rsplit("/", 1)[-1], content)

    def get(self, path: str, *, operation: str, **content: Any) -> dict[str, Any]:
        """The same by GET. The operation is named, for the last segment of such a path may be a number."""
        return self._ask("GET", path, operation, content)

    def _ask(self, method: str, path: str, operation: str, content: Mapping[str, Any]) -> dict[str, Any]:
        request = requests.Request(method, self._base_url + path, **content).prepare()
        release_database()
        with deadline(self._deadlines[operation]) as call:
            return self._exchanged(operation, request, call)

    @contextmanager
    def call(self, operation: str) -> Iterator[Call]:
        """Everything inside, posts and waits, is one call: its deadline holds, and it keeps no database connection.

        Raises Unreachable when so many are under way that other pages would have no thread left.
        """
        release_database()
        if not self._bulkhead.acquire(blocking=False):
            raise Unreachable(self.service, operation)
        try:
            with deadline(self._deadlines[operation]) as call:
                yield call
        finally:
            self._bulkhead.release()

    def _exchanged(self, operation: str, request: requests.PreparedRequest, call: Call) -> dict[str, Any]:
        self._retry_budget.earn()
        for attempt in range(RETRIES if operation in self._repeatable else 0):
            wait = pause(attempt)
            try:
                return self._exchange(operation, request, call)
            except (Unreachable, Uncertain) as error:
                if isinstance(error, CircuitOpen) or wait >= call.left or not self._retry_budget.spend():
                    raise
            time.sleep(wait)
        return self._exchange(operation, request, call)

    def _exchange(self, operation: str, request: requests.PreparedRequest, call: Call) -> dict[str, Any]:
        self._wait_if_asked_to(operation, call)
        if not call.left:  # time that others of this request used up is no failure of the vendor's
            raise Unreachable(self.service, operation)
        with self._breaker.guarding(operation):
            return self._document(operation, self._answer(operation, request, call))

    def _wait_if_asked_to(self, operation: str, call: Call) -> None:
        """Until the vendor wants to be asked again: a short wait is waited out, with jitter. Raises Busy."""
        wait = self._rate_limit_hold.left
        if wait > min(WAITED_OUT, timedelta(seconds=call.left)):
            raise Busy(self.service, operation, retry_after=wait)
        if wait:
            time.sleep(wait.total_seconds() + pause(0))

    def _answer(self, operation: str, request: requests.PreparedRequest, call: Call) -> Answer:
        # The error is raised outside of the handler: what requests raises holds the request, numbers and secrets in it.
        try:
            timeout = CONNECT_LIMIT.total_seconds(), call.remaining()
            call.sent = True  # DeadlineAdapter knows better
            with self._adapter.send(request, stream=True, timeout=timeout) as response:
                return Answer(response.status_code, response.headers, _body(response))
        except ContentDecodingError:
            failure: type[UpstreamError] = Garbled
        except (RequestException, HTTPError, OSError) as error:
            failure = Uncertain if call.sent and not _never_connected(error) else Unreachable
        raise failure(self.service, operation)

    def _document(self, operation: str, answer: Answer) -> dict[str, Any]:
        known = (self.service, operation, answer.status, answer.code, answer.request_id)
        if answer.status >= 500:
            raise Uncertain(*known)
        if answer.status == TOO_MANY_REQUESTS:
            if answer.code not in self._personal:
                self._rate_limit_hold.keep(answer.retry_after)
            raise Busy(*known, retry_after=answer.retry_after)
        if answer.status >= 400:
            raise Refused(*known)
        with suppress(ValueError):
            if answer.status < 300:
                return answer.document()
        raise Garbled(*known)


def release_database() -> None:
    """Give this thread's database connections back for the time of a call.

    Raises RuntimeError inside a transaction: a slow vendor would hold its locks. (As with Django's `durable`, the
    transaction that a TestCase wraps around a test does not count.)
    """
    for connection in connections.all(initialized_only=True):
        if not all(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
            raise RuntimeError("A call to the outside must not happen inside a database transaction.")
        if not connection.in_atomic_block:
            connection.close()


def _never_connected(error: Exception) -> bool:
    """As far as the shape tells in which requests puts urllib3's errors, for adapters that do not keep `Call.sent`."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, ConnectTimeout) or isinstance(reason, NewConnectionError)


def _body(response: requests.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(CHUNK):
        body += chunk
        if len(body) > REPLY_LIMIT:
            break
    return bytes(body)


def _adapter(base_url: str) -> BaseAdapter:
    """The one that settings mount there in place of the network, or else the network's."""
    for prefix, path in settings.UPSTREAM_ADAPTERS.items():
        if base_url.startswith(prefix):
            mounted: BaseAdapter = import_string(path)()
            return mounted
    return DeadlineAdapter()


def is_safe(url: str) -> bool:
    """Nobody on the way can read what goes there."""
    parts = urlsplit(url)
    if parts.scheme == "http":
        return parts.hostname == "localhost" or _is_loopback(parts.hostname or "")
    return bool(parts.hostname) and (parts.scheme == "https" or url.startswith(tuple(settings.UPSTREAM_ADAPTERS)))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _seconds_until(date: str) -> float:
    return (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()
