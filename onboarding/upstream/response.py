"""A vendor's response, and what its body and headers say."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

BODY_LIMIT = 256 * 1024  # bytes, after decompression
RETRY_AFTER_DEFAULT = timedelta(seconds=1)
RETRY_AFTER_LIMIT = timedelta(hours=1)
REQUEST_ID_HEADERS = ("Twilio-Request-Id", "X-Request-Id", "X-Correlation-Id")


@dataclass(frozen=True)
class Response:
    """A complete HTTP response. A body above BODY_LIMIT is cut off."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the JSON object in the body. Raises ValueError if there is none, or none that a database can store."""
        if len(self.body) > BODY_LIMIT or "json" not in self.headers.get("Content-Type", "").lower():
            raise ValueError("not JSON of a sane size")
        try:
            found = json.loads(self.body)
        except RecursionError:
            raise ValueError("nested too deep") from None
        # Python's parser accepts NaN, lone surrogates and NUL, which no database stores.
        json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
        if not isinstance(found, dict) or rb"\u0000" in self.body:
            raise ValueError("not an object")
        return found

    @property
    def code(self) -> int | None:
        """Return the integer `code` of Prove's and Twilio's error objects (some of them RFC 9457 problems), or None."""
        try:
            return int(self.json()["code"])
        except (ValueError, KeyError, TypeError):
            return None

    @property
    def request_id(self) -> str | None:
        """Return the vendor's id of the request, for its support; or None."""
        found = next((self.headers[name] for name in REQUEST_ID_HEADERS if name in self.headers), "")
        return found if re.fullmatch(r"[\w-]{1,64}", found, re.ASCII) else None

    @property
    def retry_after(self) -> timedelta:
        """Return Retry-After (seconds or an HTTP date, RFC 9110, 10.2.3), from the default up to the limit."""
        value = self.headers.get("Retry-After", "")
        try:
            wait = float(value) if value.isdecimal() else self._seconds_until(value)
        except (ValueError, TypeError):
            return RETRY_AFTER_DEFAULT
        return timedelta(seconds=min(max(wait, RETRY_AFTER_DEFAULT.total_seconds()), RETRY_AFTER_LIMIT.total_seconds()))

    def _seconds_until(self, date: str) -> float:
        """Return the seconds by the vendor's clock, which the answer tells: ours may be wrong. Raises as a parser."""
        then = parsedate_to_datetime(date)
        try:
            now = parsedate_to_datetime(self.headers.get("Date", ""))
        except (ValueError, TypeError):
            now = datetime.now(UTC)
        return (then - now).total_seconds()
