"""A native app that links its phone's number: the client that docs/native.md describes, without a phone.

It does what `next_action` says, and keeps in storage what it needs to go on after it was killed.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.app.device import DeviceFailed, PretendDevice
from sandbox.app.network import Answer, Killed, Lost, Send, Trouble, post_through

MOST_STEPS = 500
REPEATED = (409, 429, 503)  # statuses after which the same request is sent again
GIVE_UP_AFTER_S = 3600
PLATFORM = "android"


class Refused(Exception):
    """The server refuses the start, and says why: the app tells the person."""


@dataclass(frozen=True)
class Beginning:
    """The request that begins a verification: sent again, it gets the same answer. Stored before it is sent."""

    path: str
    body: Mapping[str, str]
    bearer: str
    idempotency_key: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass
class Storage:
    """What is left after the app was killed."""

    device_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    beginning: Beginning | None = None
    has_begun: bool = False  # the answer to `beginning` has come
    verification_id: str = ""
    client_secret: str = ""
    session_token: str = ""
    device: PretendDevice = field(default_factory=PretendDevice)  # Prove's keys are in the phone's key store


@dataclass
class PretendApp:
    """`send` reaches the server, `reads_code` is the person who reads the text, `waits` sleeps for some seconds."""

    root: str  # of the API
    key: str
    number: str
    send: Send
    reads_code: Callable[[str], str]
    trouble: Trouble
    waits: Callable[[float], object]
    told: Callable[[str], object] = lambda _line: None
    storage: Storage = field(default_factory=Storage)
    auth_token: str | None = None  # in memory only

    def runs(self) -> Mapping[str, Any]:
        """Return the verification at its end, however often the app was killed before. Raises Refused."""
        for _ in range(MOST_STEPS):
            try:
                return self._runs_once()
            except Killed:
                self.auth_token = None
                self.told("killed, and started again")
            except Lost:
                self.told("no answer")
        raise RuntimeError("The journey did not end.")

    def _runs_once(self) -> Mapping[str, Any]:
        """Go on until the journey has ended, or until something goes wrong."""
        verification = self._get() if self.storage.has_begun else self._begins()
        while not self._has_ended(verification):
            verification = self._acts(verification)
        return verification

    def _has_ended(self, verification: Mapping[str, Any]) -> bool:
        return bool(verification["next_action"]["type"] == "none" or verification["status"] == "in_review")

    def _acts(self, verification: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do the next thing, and return what the server says then."""
        action = verification["next_action"]
        self.told(f"{verification['status']}: {action['type']}")
        self.trouble.may_kill()
        if action["type"] == "authenticate":
            return self._authenticates(action)
        if action["type"] == "enter_code":
            return self._calls(action, {"code": self._typed()})
        if action["type"] == "confirm_rebind":
            path = f"verifications/{verification['id']}/rebind"
            self.storage.beginning, self.storage.has_begun = Beginning(path, {}, self.storage.client_secret), False
            return self._begins()
        self.waits(action["after_seconds"])
        return self._calls(action, {} if action["type"] == "send_code" else None)

    def _typed(self) -> str:
        """Return the code that the person reads; now and then they mistype it."""
        code = self.reads_code(self.number)
        return "000000" if self.trouble.happens(self.trouble.lost / 4) and code != "000000" else code

    def _authenticates(self, action: Mapping[str, Any]) -> Mapping[str, Any]:
        """Let Prove's SDK register or verify the key. Its finish step and its error callback may both fire."""
        if self.auth_token is None:  # the app was killed meanwhile: the same request gets the same answer
            verification = self._begins()
            if self.auth_token is None:
                return verification
        token = self.auth_token or ""
        try:
            self.storage.device.authenticate(token, post_through(self.trouble.through(self.send)))
        except DeviceFailed:
            self.told("the SDK failed")
        told = self._calls(action, None)
        return self._calls(action, None) if self.trouble.happens(self.trouble.twice) else told

    def _begins(self) -> Mapping[str, Any]:
        """Send the request that begins the verification, maybe once more, and store what comes back."""
        body = {"phone_number": self.number, "platform": PLATFORM, "device_id": self.storage.device_id}
        body |= {"device_name": "Pretend phone"}
        begins = self.storage.beginning = self.storage.beginning or Beginning("verifications", body, self.key)
        headers = self._headers(begins.bearer, begins.idempotency_key)
        verification = self._repeats("POST", self.root + begins.path, begins.body, headers)
        if "client_secret" in verification:
            self.storage.verification_id = verification["id"]
            self.storage.client_secret = verification["client_secret"]
            self.auth_token = verification["auth_token"]
        self.storage.has_begun = True
        return verification

    def _get(self) -> Mapping[str, Any]:
        url = f"{self.root}verifications/{self.storage.verification_id}"
        return self._repeats("GET", url, None, self._headers(self.storage.client_secret))

    def _calls(self, action: Mapping[str, Any], body: Any) -> Mapping[str, Any]:
        """Send the request that the action names."""
        host = self.root[: self.root.index("/", 8)] if "://" in self.root else ""
        headers = self._headers(self.storage.client_secret)
        return self._repeats(action["method"], host + action["href"], body, headers)

    def _repeats(self, method: str, url: str, body: Any, headers: Mapping[str, str]) -> Mapping[str, Any]:
        """Send the request until it is answered, and return the verification. Raises Refused, Lost and Killed."""
        send, waited = self.trouble.through(self.send), 0
        while True:
            answer = send(method, url, body, headers)
            if answer.status not in REPEATED:
                break
            wait = answer.body.get("retry_after_seconds", 1)
            if "verification" in answer.body and method == "POST" and waited:
                return dict(answer.body["verification"])
            waited += wait
            if waited > GIVE_UP_AFTER_S:
                raise Refused(answer.body["code"])
            self.waits(wait)
        return self._read(answer)

    def _read(self, answer: Answer) -> Mapping[str, Any]:
        if answer.status >= 400:  # noqa: PLR2004
            raise Refused(answer.body["code"])
        verification: Mapping[str, Any] = answer.body
        if session := verification.get("session"):
            self.storage.session_token = session["token"]
        return verification

    def _headers(self, bearer: str, idempotency_key: str = "") -> dict[str, str]:
        known = {"Authorization": f"Bearer {bearer}"}
        return known | ({"Idempotency-Key": idempotency_key} if idempotency_key else {})
