"""What a handler answers with, before a fault or the wire had its way with it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse

NO_BODY = (204, 205, 304)  # RFC 9110: bytes there would be taken for the next answer's

# HTTP status to the vendor's code and words, for errors that come from nowhere in particular.
PROVE_ERRORS = {
    400: (1001, "invalid request"),
    401: (8002, "not authorized"),
    403: (8003, "Access forbidden: insufficient permissions"),
    429: (1000, "too many requests"),
}
TWILIO_ERRORS = {
    401: (20003, "Authenticate"),
    404: (20404, "The requested resource was not found"),
    413: (20413, "Request Entity Too Large"),
    429: (20429, "Too Many Requests"),
    503: (20503, "Service Unavailable"),
}


@dataclass(frozen=True)
class Reply:
    """A JSON body, unless `raw` says what to send instead."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None

    @property
    def content(self) -> bytes:
        if self.status in NO_BODY:
            return b""
        return json.dumps(self.body).encode() if self.raw is None else self.raw

    def as_response(self) -> HttpResponse:
        headers = {"Content-Type": "application/json", "Cache-Control": "no-store", **self.headers}
        return HttpResponse(self.content, status=self.status, headers=headers)


class Refusal(Exception):
    """The vendor understood and says no."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply

    @property
    def code(self) -> str:
        """The vendor's, wherever its body has it."""
        found = self.reply.body.get("error", self.reply.body).get("code")
        return str(found or "refused")


def vendor_error(route: str, status: int, *, problem_details: bool) -> Reply:
    """In the body's form that the vendor of that route has; Twilio has two: classic, and RFC 9457."""
    if not route.startswith("twilio."):
        code, message = PROVE_ERRORS.get(status, (1000, "error occurred"))
        return Reply({"code": code, "message": message}, status)
    code, title = TWILIO_ERRORS.get(status, (20500, "Internal Server Error"))
    page = f"https://www.twilio.com/docs/errors/{code}"
    if problem_details:
        problem = {"type": page, "title": title, "status": status, "code": code, "detail": title}
        return Reply(problem, status, {"Content-Type": "application/problem+json"})
    return Reply({"code": code, "message": title, "more_info": page, "status": status}, status)
