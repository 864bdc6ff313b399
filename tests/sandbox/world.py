"""The sandbox as its callers meet it: through the adapter or over a real socket, with its control API at hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.device import PretendDevice, over_http

ACCOUNT, TOKEN, SERVICE = "AC" + "0" * 32, "sandbox", "VA" + "0" * 32
Json = Any
Auth = tuple[str, str]
Control = Callable[[str, str, Mapping[str, Any]], Json]  # method, path below /sandbox/, arguments


@dataclass
class World:
    """One sandbox that remembers nothing, one server that calls it, one browser."""

    session: requests.Session
    origin: str
    control: Control
    device: PretendDevice = field(init=False)
    access_token: str = ""
    patience_s: float = 5
    last: str = ""  # what was asked and answered last, for a failing test to print

    def __post_init__(self) -> None:
        self.device = PretendDevice(self.origin)

    # Prove

    def token(self, secret: str = "sandbox") -> requests.Response:
        form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": secret}
        return self.send("POST", "/sandbox/prove/token", data=form)

    def prove(self, path: str, **body: Any) -> requests.Response:
        return self.send("POST", f"/sandbox/prove{path}", json=body, headers=self.authorization())

    def authorization(self) -> dict[str, str]:
        if not self.access_token:
            self.access_token = self.token().json()["access_token"]
        return {"Authorization": f"Bearer {self.access_token}"}

    def identity(self, which: str) -> requests.Response:
        """`which` is a proveId, or a number and `/lookup`."""
        return self.send("GET", f"/sandbox/prove/v3/identity/{which}", headers=self.authorization())

    def unify(self, number: str, **more: Any) -> dict[str, str]:
        body = {"possessionType": "none", "clientRequestId": "request-1", "phoneNumber": number} | more
        unified: dict[str, str] = self.prove("/v3/unify", **body).json()
        return unified

    def status(self, correlation_id: str) -> requests.Response:
        return self.prove("/v3/unify-status", correlationId=correlation_id, clientRequestId="request-1")

    def bind(self, correlation_id: str, number: str) -> requests.Response:
        body = {"correlationId": correlation_id, "phoneNumber": number, "clientRequestId": "request-1"}
        return self.prove("/v3/unify-bind", **body)

    def authenticate(self, auth_token: str) -> bool:
        """The Web SDK's part."""
        return self.device.authenticate(auth_token, over_http(self.session, self.patience_s))

    def checked(self, number: str, **more: Any) -> str:
        """A flow whose device check is done; its correlationId."""
        unified = self.unify(number, **more)
        assert self.authenticate(unified["authToken"])
        return unified["correlationId"]

    def bound(self, number: str, **more: Any) -> str:
        """A flow that ended with the number bound to the browser's key; its correlationId."""
        correlation_id = self.checked(number, **more)
        assert self.status(correlation_id).json()["success"] == "possession_required"
        assert self.bind(correlation_id, number).json()["success"] == "true"
        return correlation_id

    # Twilio

    def twilio(
        self, path: str, form: Mapping[str, str] | None = None, *, method: str = "POST", auth: Auth = (ACCOUNT, TOKEN)
    ) -> requests.Response:
        return self.send(method, f"/sandbox/twilio{path}", data=form, auth=auth)

    def start(self, number: str, channel: str = "sms") -> requests.Response:
        return self.twilio(f"/v2/Services/{SERVICE}/Verifications", {"To": number, "Channel": channel})

    def check(self, sid: str, code: str) -> requests.Response:
        return self.twilio(f"/v2/Services/{SERVICE}/VerificationCheck", {"VerificationSid": sid, "Code": code})

    def started(self, number: str, channel: str = "sms") -> str:
        """A verification's sid."""
        return str(self.start(number, channel).json()["sid"])

    # The desk

    def messages(self, number: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.control("GET", "messages.json", {"to": number})
        return found

    def code(self, number: str) -> str:
        return self.messages(number)[0]["code"]

    def wrong_code(self, number: str) -> str:
        return str((int(self.code(number)) + 1) % 10**6).zfill(6)

    def fault(self, route: str, kind: str, **options: Any) -> None:
        self.control("POST", "control/faults", {"route": route, "kind": kind, **options})

    def passes(self, seconds: float) -> None:
        self.control("POST", "control/clock", {"advance_s": seconds})

    def turn(self, **switches: str) -> None:
        self.control("POST", "control/switches", switches)

    def ledger(self, route: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control("GET", "control/ledger.json", {"route": route})
        return found

    def send(self, method: str, path: str, **content: Any) -> requests.Response:
        """Raises what requests raises."""
        self.last = f"asked: {method} {path} {content}"[:2000]
        response = self.session.request(method, self.origin + path, timeout=self.patience_s, **content)
        self.last += f"\nanswered: {response.status_code} {response.text[:2000]}"
        return response
