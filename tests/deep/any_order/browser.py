"""A browser that records what it sends and receives, so that requests can be replayed and responses checked."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from tests.device import DeviceFailed, PretendDevice, through

# I33: the allowed statuses.
STATUSES = {200, 202, 302, 303, 400, 403, 404, 405, 409, 410, 413, 415, 429, 503}
MOST_REDIRECTS = 4


@dataclass(frozen=True)
class Request:
    """A request, which can be sent again."""

    method: str
    path: str
    fields: dict[str, str]
    script: bool


@dataclass(frozen=True)
class Response:
    """A response."""

    status: int
    path: str
    headers: str
    cookies: str
    body: str

    def __contains__(self, text: str) -> bool:
        return any(text in part for part in (self.path, self.headers, self.cookies, self.body))


@dataclass
class Browser:
    """`typed` are the numbers that its person entered; `tokens` are its authTokens, the latest last."""

    name: str
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))
    device: PretendDevice = field(default_factory=PretendDevice)
    sent: list[Request] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    typed: set[str] = field(default_factory=set)
    seen: list[Response] = field(default_factory=list)  # since the last check

    def gets(self, path: str) -> Any:
        return self.sends(Request("GET", path, {}, script=False))

    def posts(self, path: str, fields: Mapping[str, str] = {}, *, script: bool = False) -> Any:
        return self.sends(Request("POST", path, dict(fields), script))

    def starts(self, number: str, also: Mapping[str, str] = {}) -> Any:
        self.typed.add(number)
        return self.posts("/start/", {"phone": number, "start_key": str(uuid.uuid4()), **also}, script=True)

    def sends(self, request: Request) -> Any:
        """Return the response after redirects."""
        self.sent.append(request)
        response = self._send(request)
        for _ in range(MOST_REDIRECTS):
            if response.status_code not in (302, 303):
                break
            response = self._send(Request("GET", response["Location"], {}, script=False))
        if request.script and response.headers.get("Content-Type") == "application/json":
            self._keep_token(response.json())
        return response

    def runs_the_sdk(self) -> None:
        """Do the Web SDK's part with the latest authToken."""
        if self.tokens:
            try:
                self.device.authenticate(self.tokens[-1], through(self.client))
            except (DeviceFailed, ConnectionError, ValueError, KeyError):
                return

    def linked_number_page(self) -> str | None:
        """Return the page that only a linked person sees, otherwise None."""
        response = self._send(Request("GET", "/done/", {}, script=False))
        return str(response.content.decode()) if response.status_code == 200 else None

    def _send(self, request: Request) -> Any:
        headers = {"Accept": "application/json"} if request.script else {}
        if request.method == "GET":
            response = self.client.get(request.path, headers=headers)
        else:
            token = {"csrfmiddlewaretoken": self._csrf_token()}
            response = self.client.post(request.path, token | request.fields, headers=headers)
        assert response.status_code in STATUSES, f"I33: {response.status_code} for {request.method} {request.path}"
        body = "" if response.streaming else response.content.decode()
        self.seen.append(
            Response(response.status_code, request.path, str(response.headers), str(self.client.cookies), body)
        )
        return response

    def _csrf_token(self) -> str:
        if "csrftoken" not in self.client.cookies:
            self.client.get("/")
        return str(self.client.cookies["csrftoken"].value)

    def _keep_token(self, answer: dict[str, Any]) -> None:
        if "auth_token" in answer:
            assert answer["auth_token"] not in self.tokens, "I06: an authToken came twice"
            self.tokens.append(answer["auth_token"])
