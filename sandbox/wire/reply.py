"""What a handler returns, or raises to refuse a call. Faults may change it before it is sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse

NO_BODY = (204, 205, 304)  # RFC 9110: a client would take a body for the start of the next response


@dataclass(frozen=True)
class Reply:
    """A response with `body` as JSON, or with the bytes `raw` if given."""

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
    """The vendor refuses the call with an error in `reply`."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply

    @property
    def code(self) -> str:
        """The vendor's error code, from wherever the body has it, or "refused"."""
        found = self.reply.body.get("error", self.reply.body).get("code")
        return str(found or "refused")
