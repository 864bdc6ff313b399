"""Prove's access token, shared by threads. https://developer.prove.com/reference/token-request"""

import logging
import re
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from onboarding.domain.errors import Busy, Garbled, Refused, Unreachable, UpstreamError
from onboarding.upstream.http import Upstream

log = logging.getLogger(__name__)

RENEW_BEFORE = 60.0  # seconds before the token expires
BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # https://www.rfc-editor.org/rfc/rfc6750#section-2.1
RENEWAL_PAUSE = 10.0  # seconds after a failed renewal, while the old token is valid


@dataclass(frozen=True)
class AccessToken:
    """`renew_at` and `expires_at` are seconds of time.monotonic()."""

    secret: str = field(repr=False)
    renew_at: float
    expires_at: float


class AccessTokens:
    """Fetches the token, by one thread at a time. While a thread renews it early, the others use the old one."""

    def __init__(self, upstream: Upstream, client_id: str, client_secret: str) -> None:
        self._upstream = upstream
        self._form = {"client_id": client_id, "client_secret": client_secret, "grant_type": "client_credentials"}
        self._token: AccessToken | None = None
        self._fetching = threading.Lock()

    def get(self, wait: float) -> AccessToken:
        """Return a valid token; wait up to `wait` seconds for a thread that fetches it. Raises Busy or Unreachable."""
        token, now = self._token, time.monotonic()
        if token is not None and now < token.renew_at:
            return token
        old = token if token is not None and now < token.expires_at else None
        if not self._fetching.acquire(timeout=0 if old else wait):
            if old:
                return old
            raise Unreachable(self._upstream.service, "token")
        try:
            return self._renewed(token, old)
        finally:
            self._fetching.release()

    def drop(self, token: AccessToken) -> None:
        """Forget `token`, which Prove refused, unless a newer one has replaced it."""
        if self._token is not None and self._token.secret == token.secret:
            self._token = None

    def _renewed(self, seen: AccessToken | None, old: AccessToken | None) -> AccessToken:
        """Return a token newer than `seen`. If none can be fetched, return `old`, or raise if there is none."""
        current = self._token
        if current is not None and current is not seen:
            return current  # another thread was faster
        try:
            token = self._fetch()
        except UpstreamError:
            if old is None:
                raise
            token = replace(old, renew_at=time.monotonic() + RENEWAL_PAUSE)
        self._token = token
        return token

    def _fetch(self) -> AccessToken:
        asked = time.monotonic()
        try:
            return _parsed(self._upstream.post("/token", data=self._form), asked, self._upstream.service)
        except Busy:
            raise
        except UpstreamError as error:
            if isinstance(error, Refused):
                log.error("Prove gives us no access token: %s", error)
            known = error.status, error.code, error.request_id
            raise Unreachable(self._upstream.service, "token", *known) from error


def _parsed(body: Mapping[str, Any], asked: float, service: str) -> AccessToken:
    with suppress(KeyError, TypeError, ValueError, AttributeError):
        secret, seconds = body["access_token"], float(body["expires_in"])
        if body["token_type"].lower() == "bearer" and BEARER.fullmatch(secret) and seconds > 0:
            return AccessToken(secret, asked + max(seconds - RENEW_BEFORE, seconds / 2), asked + seconds)
    raise Garbled(service, "token")
