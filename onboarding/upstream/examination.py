"""Safe calls for `manage.py doctor`: they start nothing, send nothing and cost nothing."""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from onboarding.conf import ProveAccount, conf
from onboarding.upstream.access_token import AccessTokens
from onboarding.upstream.http import USER_AGENT, Upstream

LIMIT = timedelta(seconds=8)
SERVICES = "Services"


@dataclass(frozen=True)
class Examined:
    """What a vendor answered: in how many ms, its clock if it told it, and the content that is not secret."""

    ms: int
    date: datetime | None
    content: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fetched:
    """An answer of our own front door. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    certificate_days: int | None


def examine_prove(account: ProveAccount) -> Examined:
    """Fetch an access token and drop it. Raises UpstreamError. https://developer.prove.com/reference/token-request"""
    upstream = Upstream(account.service, account.base_url, {"token": LIMIT})
    began = time.monotonic()
    with upstream.call("token", "doctor") as call:
        AccessTokens(upstream, account.client_id, account.client_secret).get(call.left)
    return Examined(_ms(began), _date(upstream))


def examine_twilio() -> Examined:
    """Read the Verify service. Raises UpstreamError. https://www.twilio.com/docs/verify/api/service"""
    upstream = Upstream("twilio", conf.TWILIO_BASE_URL, {SERVICES: LIMIT})
    began = time.monotonic()
    with upstream.call(SERVICES, "doctor"):
        path = f"/v2/Services/{conf.TWILIO_VERIFY_SERVICE_SID}"
        content = upstream.get(path, operation=SERVICES, auth=conf.twilio_credentials)
    return Examined(_ms(began), _date(upstream), content)


def fetch(url: str, headers: Mapping[str, str]) -> Fetched:
    """Return what our own front door answers. Raises OSError, ssl.SSLError for a certificate, or ValueError."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=LIMIT.total_seconds())
    try:
        connection.request("GET", parts.path or "/", headers={"User-Agent": USER_AGENT, **headers})
        days = _days_left(connection.sock)
        answer = connection.getresponse()
        return Fetched(answer.status, {name.lower(): value for name, value in answer.getheaders()}, days)
    finally:
        connection.close()


def _days_left(sock: object) -> int | None:
    if not isinstance(sock, ssl.SSLSocket):
        return None
    ends = ssl.cert_time_to_seconds(str((sock.getpeercert() or {}).get("notAfter")))
    return int((ends - time.time()) // timedelta(days=1).total_seconds())


def _ms(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _date(upstream: Upstream) -> datetime | None:
    try:
        return parsedate_to_datetime(upstream.last_date).astimezone(UTC)
    except (TypeError, ValueError):
        return None
