"""A typed stand-in for Prove's SDKs: the keys of one device, and what `authenticate` does with an authToken."""

import base64
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NO_DEVICE_FOUND = 10006
MOST_STEPS = 50
JSON = Mapping[str, Any]
# (URL, JSON body, headers) -> the JSON answer. Raises DeviceFailed for any status but 2xx.
Post = Callable[[str, JSON, Mapping[str, str]], JSON]


class DeviceFailed(Exception):
    """The rejection of the SDK's promise. `code` is Prove's, or None."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Registration:
    """The SDK's entry in IndexedDB for a namespace. It keeps using the endpoint of the registration."""

    key: ec.EllipticCurvePrivateKey
    key_id: str
    endpoint: str
    device_id: str


@dataclass
class PretendDevice:
    """One browser profile on a page of `origin`."""

    origin: str = "http://127.0.0.1"
    registrations: dict[str, Registration] = field(default_factory=dict)

    def authenticate(self, auth_token: str, post: Post) -> bool:
        """Register or verify. Return whether the finish step would run. Raises DeviceFailed if the SDK rejects."""
        auth = claims(auth_token)["auth"]
        headers = {"Authorization": f"Bearer {auth_token}", "PA-Version": "ProveAuth/3.6.2 Contract/2.15.1 WEB/1"}
        step = auth["next"]
        for _ in range(MOST_STEPS):
            if step in ("done", ""):
                return bool(step)
            if step != "device/passive/silent":
                raise DeviceFailed(f"Unknown authentication step: {step}")
            act = self._verify if auth["ans"] in self.registrations else self._register
            step = self._next_step(act(auth, post, headers))
        raise DeviceFailed("too many steps", 10005)

    def forget(self) -> None:
        """Lose all keys, as when the site's data is cleared."""
        self.registrations.clear()

    def _register(self, auth: JSON, post: Post, headers: Mapping[str, str]) -> JSON:
        key, key_id = ec.generate_private_key(ec.SECP256R1()), str(uuid.uuid4())
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        public_key = {"id": key_id, "alg": "ES256", "key": public.decode(), "uvLevel": 0}
        body = {
            "deviceName": "Chrome 156.0 on Linux",
            "deviceCapabilities": ["webauthn"],
            "registrations": [{"publicKey": public_key, "signature": sign(key, auth["chlg"])}],
            "signals": {},
        }
        answer = post(self._url(auth["endp"], "register"), body, headers)
        if "error" not in answer and answer.get("data"):
            self.registrations[auth["ans"]] = Registration(key, key_id, auth["endp"], answer["data"]["deviceId"])
        return answer

    def _verify(self, auth: JSON, post: Post, headers: Mapping[str, str]) -> JSON:
        known = self.registrations[auth["ans"]]
        signature = sign(known.key, f"{known.device_id}:{auth['chlg']}")
        body = {"deviceId": known.device_id, "keyId": known.key_id, "signature": signature, "signals": {}}
        return post(self._url(known.endpoint, "verify"), body, headers)

    def _next_step(self, answer: JSON) -> str:
        error = answer.get("error")
        step = str(answer.get("next", ""))
        if error and error["code"] == NO_DEVICE_FOUND:
            self.forget()
        if error and not step:
            raise DeviceFailed(error["message"], error["code"])
        return step

    def _url(self, endpoint: str, call: str) -> str:
        origin = "" if "://" in endpoint else self.origin
        return f"{origin}{endpoint}/v1/client/device/passive/{call}"


def claims(token: str) -> dict[str, Any]:
    """Return the claims as the SDK reads them: atob() of the payload, so base64url raises ValueError."""
    payload = token.split(".")[1]
    decoded = json.loads(base64.b64decode(payload + "=" * (-len(payload) % 4), validate=True))
    return dict(decoded)


def sign(key: ec.EllipticCurvePrivateKey, text: str) -> str:
    return base64.b64encode(key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))).decode()


def read_answer(status: int, body: str) -> JSON:
    """Return the answer of the device API. Raises DeviceFailed for any status but 2xx."""
    if not 200 <= status < 300:
        raise DeviceFailed(f"Got {status} HTTP error")
    decoded = json.loads(body)
    return dict(decoded)
