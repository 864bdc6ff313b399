"""Drives a sandbox as its clients do: through the adapter or over a socket, with its control API."""

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
class SandboxDriver:
    """An empty sandbox, a server that calls it, and a browser. Calls raise what `requests` raises."""

    session: requests.Session
    origin: str
    control: Control
    device: PretendDevice = field(init=False)
    access_token: str = ""
    timeout_s: float = 5
    host: str = "/sandbox/prove"  # the path of the region's host
    client_id: str = "sandbox"
    last_exchange: str = ""  # the last request and response, for the message of a failing test

    def __post_init__(self) -> None:
        self.device = PretendDevice(self.origin)

    def send(self, method: str, path: str, **content: Any) -> requests.Response:
        self.last_exchange = f"request: {method} {path} {content}"[:2000]
        response = self.session.request(method, self.origin + path, timeout=self.timeout_s, **content)
        self.last_exchange += f"\nresponse: {response.status_code} {response.text[:2000]}"
        return response

    # Prove

    def token(self, secret: str = "") -> requests.Response:
        """`secret` is the client's own if it is empty."""
        credentials = {"client_id": self.client_id, "client_secret": secret or self.client_id}
        return self.send("POST", f"{self.host}/token", data={"grant_type": "client_credentials", **credentials})

    def prove(self, path: str, **body: Any) -> requests.Response:
        return self.send("POST", f"{self.host}{path}", json=body, headers=self.authorization())

    def authorization(self) -> dict[str, str]:
        """The header for Prove's routes for servers. The first call gets an access token."""
        if not self.access_token:
            self.access_token = self.token().json()["access_token"]
        return {"Authorization": f"Bearer {self.access_token}"}

    def identity(self, suffix: str) -> requests.Response:
        """`suffix` is a proveId, or a number and `/lookup`."""
        return self.send("GET", f"/sandbox/prove/v3/identity/{suffix}", headers=self.authorization())

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
        """Does what the Web SDK does with the authToken. Returns whether its finish step would run."""
        return self.device.authenticate(auth_token, over_http(self.session, self.timeout_s))

    def checked_flow(self, number: str, **more: Any) -> str:
        """Starts a flow and completes its device check. Returns the correlationId."""
        unified = self.unify(number, **more)
        assert self.authenticate(unified["authToken"])
        return unified["correlationId"]

    def bound_flow(self, number: str, **more: Any) -> str:
        """Completes a flow that binds the number to the browser's key. Returns the correlationId."""
        correlation_id = self.checked_flow(number, **more)
        assert self.status(correlation_id).json()["success"] == "possession_required"
        assert self.bind(correlation_id, number).json()["success"] == "true"
        return correlation_id

    # Twilio

    def twilio(
        self, path: str, form: Mapping[str, str] | None = None, *, method: str = "POST", auth: Auth = (ACCOUNT, TOKEN)
    ) -> requests.Response:
        return self.send(method, f"/sandbox/twilio{path}", data=form, auth=auth)

    def start_verification(self, number: str, channel: str = "sms") -> requests.Response:
        return self.twilio(f"/v2/Services/{SERVICE}/Verifications", {"To": number, "Channel": channel})

    def send_code(self, number: str, channel: str = "sms") -> str:
        """Starts a verification and returns its sid."""
        return str(self.start_verification(number, channel).json()["sid"])

    def check_code(self, sid: str, code: str) -> requests.Response:
        return self.twilio(f"/v2/Services/{SERVICE}/VerificationCheck", {"VerificationSid": sid, "Code": code})

    # The control API

    def messages(self, number: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.control("GET", "messages.json", {"to": number})
        return found

    def code(self, number: str) -> str:
        """The code in the latest message to this number."""
        return self.messages(number)[0]["code"]

    def wrong_code(self, number: str) -> str:
        return str((int(self.code(number)) + 1) % 10**6).zfill(6)

    def order_fault(self, route: str, kind: str, **options: Any) -> None:
        self.control("POST", "control/faults", {"route": route, "kind": kind, **options})

    def advance_clock(self, seconds: float) -> None:
        self.control("POST", "control/clock", {"advance_s": seconds})

    def set_switches(self, **choices: str) -> None:
        self.control("POST", "control/switches", choices)

    def ledger(self, route: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control("GET", "control/ledger.json", {"route": route})
        return found
