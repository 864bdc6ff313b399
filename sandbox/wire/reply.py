"""What a handler answers with, before a fault or the wire had its way with it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse

NO_BODY = (204, 205, 304)  # RFC 9110: bytes there would be taken for the next answer's


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
