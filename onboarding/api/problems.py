"""Answers that are errors, as RFC 9457 problems. https://www.rfc-editor.org/rfc/rfc9457"""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from typing import Any

from django.http import HttpResponse

from onboarding.domain.errors import Busy, HookFailed, Limited, UpstreamError
from onboarding.web.responses import DEFAULT_RETRY_S, limit_message, refuses_number, unavailable_message

CONTENT_TYPE = "application/problem+json"
TYPE = "urn:proveflow:problem:"

# By code: HTTP status and title.
PROBLEMS: Mapping[str, tuple[int, str]] = {
    "bad_request": (400, "The request cannot be read."),
    "unauthorized": (401, "The bearer token is missing, unknown or no longer valid."),
    "forbidden": (403, "This caller may not do this."),
    "origin_not_allowed": (403, "The key does not allow this origin."),
    "app_not_allowed": (403, "The key does not allow this app."),
    "proof_refused": (403, "The proof of the app is missing or was refused."),
    "step_up_required": (403, "The person has to be verified again first."),
    "not_found": (404, "There is no such thing."),
    "method_not_allowed": (405, "The method is not allowed here."),
    "in_progress": (409, "A request is still under way."),
    "previous_is_open": (409, "The previous verification waits for a code for this number: go on with it."),
    "too_large": (413, "The body is too large."),
    "invalid": (422, "A field is not valid."),
    "invalid_number": (422, "The phone number cannot be used as it is."),
    "idempotency_key_reused": (422, "Another request had this Idempotency-Key."),
    "limited": (429, "A limit is reached for now."),
    "too_soon": (429, "Another code may not be sent yet."),
    "server_error": (500, "The server failed."),
    "unavailable": (503, "A service cannot be reached. Nothing is lost."),
}
BY_STATUS = {status: code for code, (status, _title) in reversed([*PROBLEMS.items()])}


class Problem(Exception):
    """An expected failure. `detail` is for the person, in their language; `members` are further members of the JSON."""

    def __init__(self, code: str, detail: str = "", *, retry_after: int | None = None, **members: Any) -> None:
        super().__init__(code)
        self.code, self.detail, self.retry_after, self.members = code, detail, retry_after, members

    @property
    def status(self) -> int:
        return PROBLEMS[self.code][0]

    @property
    def body(self) -> dict[str, Any]:
        status, title = PROBLEMS[self.code]
        known = {"type": TYPE + self.code, "title": title, "status": status, "code": self.code}
        more = {"detail": self.detail or None, "retry_after_seconds": self.retry_after, **self.members}
        return known | {name: value for name, value in more.items() if value is not None}

    def response(self) -> HttpResponse:
        response = HttpResponse(json.dumps(self.body), content_type=CONTENT_TYPE, status=self.status)
        if self.retry_after is not None:
            response["Retry-After"] = str(self.retry_after)
        if self.status == HTTPStatus.UNAUTHORIZED:
            response["WWW-Authenticate"] = "Bearer"
        return response


def of_limit(limited: Limited) -> Problem:
    seconds = max(1, ceil(limited.wait.total_seconds()))
    return Problem("limited", limit_message(limited), retry_after=seconds, limit=limited.limit)


def of_hook(_failed: HookFailed) -> Problem:
    """Return the problem of a hook of the host project that failed."""
    return Problem("unavailable", unavailable_message(None), retry_after=DEFAULT_RETRY_S)


def of_vendor(error: UpstreamError) -> Problem:
    """Return the problem of a vendor that gave no usable answer, or that refuses the number."""
    message = unavailable_message(error)
    if refuses_number(error):
        return Problem("invalid_number", message, errors=[{"field": "phone_number", "message": message}])
    seconds = ceil(error.retry_after.total_seconds()) if isinstance(error, Busy) else DEFAULT_RETRY_S
    return Problem("unavailable", message, retry_after=max(1, seconds))


def of_status(status: int, retry_after: str | None = None) -> Problem:
    """Return the problem for an error that was answered in another form, like a page.

    A host's middleware may write Retry-After as a date, which the problem leaves out.
    """
    seconds = retry_after or ""
    code = BY_STATUS.get(status, "bad_request" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error")
    return Problem(code, retry_after=int(seconds) if re.fullmatch("[0-9]{1,9}", seconds) else None)
