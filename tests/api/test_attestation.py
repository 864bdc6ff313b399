"""App Attest is verified offline: only a key of an allowed app, under Apple's root, for this request, is a proof."""

import base64
import hashlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from onboarding import hooks
from onboarding.api.access import attestation
from onboarding.api.models import AttestedKey, PublishableKey
from tests.api.app import NUMBER, App

APP_ID = "ABCDE12345.com.example.app"
APPLES_ROOT = "1cb9823ba28ba6ad2d33a006941de2ae4f513ef1d4e831b9f7e0fa7b6242c932"  # SHA-256, as Apple publishes it
CONSTRAINTS = x509.BasicConstraints(ca=True, path_length=None)


class PretendApple:
    """A root and an intermediate certificate in the place of Apple's, and a phone with its Secure Enclave."""

    def __init__(self) -> None:
        self.root_key, self.middle_key = (ec.generate_private_key(ec.SECP384R1()) for _ in range(2))
        self.root = self.certifies("root", self.root_key, "root", self.root_key, CONSTRAINTS)
        self.middle = self.certifies("middle", self.middle_key, "root", self.root_key, CONSTRAINTS)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.counter = 0

    def certifies(
        self, name: str, key: Any, by: str, by_key: Any, extension: Any, *, lasts: timedelta = timedelta(days=1)
    ) -> x509.Certificate:
        names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, by)]
        begins = datetime.now(UTC) - timedelta(hours=1)
        builder = x509.CertificateBuilder(names[1], names[0], key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(begins).not_valid_after(begins + lasts)
        return builder.add_extension(extension, critical=False).sign(by_key, hashes.SHA256())

    @property
    def point(self) -> bytes:
        kind = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        return self.key.public_key().public_bytes(*kind)

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.point).digest()

    def data(self, app_id: str, counter: int) -> bytes:
        return hashlib.sha256(app_id.encode()).digest() + b"\x40" + counter.to_bytes(4, "big")

    def attests(self, client_data: bytes, app_id: str = APP_ID, **wrong: Any) -> dict[str, Any]:
        credential = attestation.PRODUCTION + (32).to_bytes(2, "big") + self.key_id
        data = self.data(app_id, wrong.get("counter", 0)) + wrong.get("credential", credential)
        nonce = hashlib.sha256(data + client_data).digest()
        extension = x509.UnrecognizedExtension(attestation.NONCE, attestation.NONCE_PREFIX + nonce)
        lasts = wrong.get("lasts", timedelta(days=1))
        leaf = self.certifies("leaf", self.key, "middle", self.middle_key, extension, lasts=lasts)
        x5c = [each.public_bytes(serialization.Encoding.DER) for each in (leaf, self.middle)]
        statement = {"fmt": wrong.get("fmt", "apple-appattest"), "attStmt": {"x5c": x5c}, "authData": data}
        return {"key_id": encoded(self.key_id), "attestation": encoded(cbor2.dumps(statement))}

    def asserts(self, client_data: bytes, app_id: str = APP_ID, counter: int | None = None) -> dict[str, Any]:
        self.counter += 1
        data = self.data(app_id, self.counter if counter is None else counter)
        signature = self.key.sign(hashlib.sha256(data + client_data).digest(), ec.ECDSA(hashes.SHA256()))
        signed = cbor2.dumps({"signature": signature, "authenticatorData": data})
        return {"key_id": encoded(self.key_id), "assertion": encoded(signed)}


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@pytest.fixture
def apple(key: PublishableKey, monkeypatch: pytest.MonkeyPatch) -> PretendApple:
    PublishableKey.objects.update(app_ids=f"com.example.android\n{APP_ID}", needs_proof=True)
    apple = PretendApple()
    monkeypatch.setattr(attestation, "root", lambda: apple.root)
    return apple


def begins(app: App, make: Any, number: str = NUMBER, **other: str) -> Any:
    """Begin with the proof that `make` makes of the client data. Other data than the request's is in `other`."""
    idempotency_key = str(uuid.uuid4())
    challenge = other.get("challenge") or app.calls("post", "attest/challenges", bearer=app.key).json()["challenge"]
    signed = attestation.client_data_hash(challenge, other.get("idempotency_key", idempotency_key), number)
    proof = make(signed) | {"challenge": challenge}
    return app.begins(idempotency_key=idempotency_key, platform="ios", app_id="com.example.app", app_attest=proof)


def test_the_certificate_is_the_one_that_apple_publishes() -> None:
    root = attestation.root()
    root.verify_directly_issued_by(root)
    assert root.fingerprint(hashes.SHA256()).hex() == APPLES_ROOT


def test_a_key_is_attested_once_and_signs_from_then_on(app: App, apple: PretendApple) -> None:
    assert begins(app, apple.attests).status_code == 201
    assert begins(app, apple.asserts).status_code == 201
    assert AttestedKey.objects.get().counter == 1


def test_a_key_is_attested_in_a_project_without_time_zones_too(settings: Any, app: App, apple: PretendApple) -> None:
    settings.USE_TZ = False
    assert begins(app, apple.attests).status_code == 201


def test_without_a_proof_a_key_that_needs_one_refuses(app: App, apple: PretendApple) -> None:
    assert app.begins(app_id="com.example.app").json()["code"] == "proof_refused"


WRONG: dict[str, Callable[[PretendApple, bytes], dict[str, Any]]] = {
    "another app": lambda apple, data: apple.attests(data, "ABCDE12345.com.example.evil"),
    "another request": lambda apple, data: apple.attests(data[::-1]),
    "another format": lambda apple, data: apple.attests(data, fmt="packed"),
    "a key that was used": lambda apple, data: apple.attests(data, counter=1),
    "another credential": lambda apple, data: apple.attests(data, credential=attestation.PRODUCTION + b"\0\x20" * 17),
    "the development environment": lambda apple, data: apple.attests(
        data, credential=attestation.DEVELOPMENT + b"\0\x20" + apple.key_id
    ),
    "an expired certificate": lambda apple, data: apple.attests(data, lasts=timedelta(minutes=1)),
    "another root": lambda _apple, data: PretendApple().attests(data),
    "no key that was attested": lambda apple, data: apple.asserts(data),
    "no CBOR": lambda apple, _data: {"key_id": encoded(apple.key_id), "attestation": "AAAA"},
    "neither": lambda apple, _data: {"key_id": encoded(apple.key_id)},
    "a list": lambda apple, _data: {"key_id": encoded(apple.key_id), "attestation": encoded(cbor2.dumps([1]))},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_attestation_is_refused(app: App, apple: PretendApple, settings: Any, what: str) -> None:
    settings.DEBUG = False
    refused = begins(app, lambda data: WRONG[what](apple, data))
    assert refused.status_code == 403 and refused.json()["code"] == "proof_refused"
    assert not AttestedKey.objects.exists()


def test_a_wrong_signature_is_refused(app: App, apple: PretendApple) -> None:
    begins(app, apple.attests)
    begins(app, apple.asserts)
    begins(app, apple.asserts)
    assert AttestedKey.objects.get().counter == 2
    assert begins(app, lambda data: apple.asserts(data, counter=1)).status_code == 403
    assert begins(app, lambda data: apple.asserts(data[::-1])).status_code == 403
    assert begins(app, lambda data: apple.asserts(data, "ABCDE12345.com.example.evil")).status_code == 403
    assert begins(app, apple.asserts, idempotency_key=str(uuid.uuid4())).status_code == 403
    assert begins(app, apple.asserts, challenge="x:y:z").status_code == 403


def test_a_challenge_is_good_for_five_minutes(app: App, apple: PretendApple, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attestation, "CHALLENGE_LIFE", timedelta(seconds=-1))
    assert begins(app, apple.attests, challenge=attestation.new_challenge()).status_code == 403


class WithPlayIntegrity(hooks.Hooks):
    """A host project that decodes the token itself."""

    def may_begin(self, request: Any, claims: hooks.Claims) -> bool:  # noqa: ARG002
        return claims.is_attested or claims.play_integrity == f"genuine {claims.request_hash}"


def test_play_integrity_is_judged_by_a_hook(app: App, apple: PretendApple, settings: Any) -> None:
    key = str(uuid.uuid4())
    genuine = "genuine " + hashlib.sha256(key.encode()).hexdigest()
    fields = {"app_id": "com.example.android", "play_integrity": genuine}
    assert app.begins(idempotency_key=key, **fields).status_code == 403
    settings.HOOKS = "tests.api.test_attestation.WithPlayIntegrity"
    assert app.begins(idempotency_key=key, **fields).status_code == 201
    assert app.begins(**fields).status_code == 403
    key = str(uuid.uuid4())
    fields["play_integrity"] = "genuine " + hashlib.sha256(key.encode()).hexdigest()
    refused = app.begins(idempotency_key=key, platform="ios", **fields)
    assert refused.status_code == 403 and refused.json()["code"] == "proof_refused"
    assert app.begins(idempotency_key=key, **fields).status_code == 201
