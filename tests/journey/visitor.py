"""A person's browser without a browser: Django's test client for the pages, a PretendDevice for the Web SDK."""

import re
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from django.test import Client

from tests.device import DeviceFailed, PretendDevice, through

JSON = {"Accept": "application/json"}
ADDRESSES = ip_network("198.18.0.0/15").hosts()  # for tests: https://www.rfc-editor.org/rfc/rfc2544


@dataclass
class Page:
    """The last page: its path after redirects, status, HTML and headers."""

    path: str
    status: int
    text: str
    headers: dict[str, str]


class Visitor:
    """Uses only what a browser has: pages, forms, cookies and the keys of its device."""

    def __init__(self, address: str = "") -> None:
        """A browser at an address of its own, or at `address`."""
        self.address = address or str(next(ADDRESSES))
        self.client = Client(enforce_csrf_checks=True, REMOTE_ADDR=self.address)
        self.device = PretendDevice()
        self.page = Page("", 0, "", {})

    def opens(self, path: str = "/") -> Page:
        return self._arrive(self.client.get(path, follow=True), path)

    def submits(self, path: str, **fields: str) -> Page:
        """Post the hidden fields of the current page, and `fields`, to `path`."""
        return self._arrive(self.client.post(path, {**self._hidden(), **fields}, follow=True), path)

    def fetches(self, path: str, **fields: str) -> Any:
        """The same as the page's script does it, with fetch. Return the response, which is JSON."""
        return self.client.post(path, {**self._hidden(), **fields}, headers=JSON)

    def starts(self, number: str) -> Page:
        """Type the number, let the device be checked, and open the next page."""
        self.opens()
        answer = self.fetches("/start/", phone=number).json()
        return self.finishes(answer) if "auth_token" in answer else self.opens(answer["next"])

    def finishes(self, answer: dict[str, Any]) -> Page:
        """Do the Web SDK's part with the authToken of `answer`, then what its AuthFinishStep does."""
        try:
            self.device.authenticate(answer["auth_token"], through(self.client))
        except DeviceFailed:
            return self.page
        return self.opens(self.fetches("/device/").json()["next"])

    def starts_and_is_limited(self, number: str) -> Any:
        """Start, where a limit refuses the text message. Return that answer."""
        self.opens()
        answer = self.fetches("/start/", phone=number).json()
        if "auth_token" in answer:
            self.device.authenticate(answer["auth_token"], through(self.client))
        refused = self.fetches("/device/")
        assert refused.status_code == 429
        return refused

    def rebinds(self) -> Page:
        """Agree to move this device's key to the new number."""
        return self.finishes(self.fetches("/moved/").json())

    def types_code(self, code: str) -> Page:
        return self.submits("/code/", code=code)

    def links(self, number: str, e164: str) -> Page:
        self.starts(number)
        return self.types_code(self.code(e164))

    def messages(self, e164: str) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = Client().get("/sandbox/messages.json", {"to": e164}).json()
        return messages

    def code(self, e164: str) -> str:
        return next(str(message["code"]) for message in self.messages(e164) if message["code"])

    def _hidden(self) -> dict[str, str]:
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', self.page.text))

    def _arrive(self, response: Any, path: str) -> Page:
        path = response.redirect_chain[-1][0] if response.redirect_chain else path
        self.page = Page(path, response.status_code, response.content.decode(), dict(response.items()))
        return self.page


def wrong(code: str) -> str:
    """Return another code of the same length."""
    return "".join(str((int(digit) + 1) % 10) for digit in code)
