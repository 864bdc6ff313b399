"""An app on a phone without a phone: JSON through Django's test client, and a PretendDevice for Prove's SDK."""

import json
import uuid
from typing import Any

from django.test import Client

from tests.device import PretendDevice, through
from tests.journey.visitor import ADDRESSES

ROOT = "/api/v1/"
NUMBER = "+12015550123"


class App:
    """Keeps what an app keeps: the Idempotency-Key, the client_secret, the session token and the keys of its device."""

    def __init__(self, key: str, address: str = "") -> None:
        self.key, self.address = key, address or str(next(ADDRESSES))
        self.client = Client(enforce_csrf_checks=True, raise_request_exception=False, REMOTE_ADDR=self.address)
        self.device = PretendDevice()
        self.device_id = uuid.uuid4().hex
        self.verification: dict[str, Any] = {}
        self.secret = self.token = ""

    def calls(self, method: str, path: str, body: Any = None, *, bearer: str = "", **headers: str) -> Any:
        """Send a request and return the response. `path` is below the API's root."""
        sent = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        content = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        send = getattr(self.client, method)
        return send(path if path.startswith("/") else ROOT + path, headers=sent | headers, **content)

    def begins(self, number: str = NUMBER, idempotency_key: str = "", **fields: Any) -> Any:
        """Begin a verification, and keep what comes back."""
        body = {"phone_number": number, "platform": "android", "device_id": self.device_id, **fields}
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        return self.keeps(self.calls("post", "verifications", body, bearer=self.key, **headers))

    def keeps(self, response: Any) -> Any:
        answer = response.json() if response.content else {}
        if "client_secret" in answer:
            self.secret = answer["client_secret"]
        if "next_action" in answer:
            self.verification = answer
            self.token = (answer["session"] or {}).get("token", self.token)
        return response

    def runs_the_sdk(self) -> None:
        """Do what Prove's SDK does with the authToken."""
        self.device.authenticate(self.verification["auth_token"], through(self.client))

    def does(self, what: str, body: Any = None, **headers: str) -> Any:
        """Call an operation of the verification."""
        path = f"verifications/{self.verification['id']}"
        method = {"": "get", "delete": "delete"}.get(what, "post")
        path = path if what in ("", "delete") else f"{path}/{what}"
        return self.keeps(self.calls(method, path, body, bearer=self.secret, **headers))

    def checks_device(self) -> Any:
        self.runs_the_sdk()
        return self.does("device")

    def arrives_at_the_code(self, number: str = NUMBER) -> Any:
        self.begins(number)
        return self.checks_device()

    def links(self, number: str = NUMBER) -> Any:
        self.arrives_at_the_code(number)
        return self.enters(self.code(number))

    def enters(self, code: str) -> Any:
        return self.does("code/check", {"code": code})

    def code(self, number: str = NUMBER) -> str:
        texts = Client().get("/sandbox/messages.json", {"to": number}).json()
        return next(str(text["code"]) for text in texts if text["code"])

    @property
    def action(self) -> dict[str, Any]:
        action: dict[str, Any] = self.verification["next_action"]
        return action
