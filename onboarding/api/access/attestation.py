"""Verifies App Attest offline: no call to Apple is made.

https://developer.apple.com/documentation/devicecheck/validating-apps-that-connect-to-your-server
"""

import base64
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import cbor2
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner

from onboarding.api.models import AttestedKey

ROOT = Path(__file__).with_name("apple_root.pem")  # https://www.apple.com/certificateauthority/private/
NONCE = x509.ObjectIdentifier("1.2.840.113635.100.8.2")
NONCE_PREFIX = bytes.fromhex("3024a1220420")  # DER: SEQUENCE { [1] { OCTET STRING of 32 bytes } }
PRODUCTION, DEVELOPMENT = b"appattest\0\0\0\0\0\0\0", b"appattestdevelop"
CHALLENGE_LIFE = timedelta(minutes=5)
UNREADABLE = (
    cbor2.CBORDecodeError,
    InvalidSignature,
    x509.ExtensionNotFound,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
)


class NotAttested(Exception):
    """The proof is not one of an allowed app, or not for this request."""


@dataclass(frozen=True)
class AuthenticatorData:
    """The authenticator data of WebAuthn: https://www.w3.org/TR/webauthn-2/#sctn-authenticator-data"""

    raw: bytes

    @property
    def app_hash(self) -> bytes:
        return self.raw[:32]

    @property
    def counter(self) -> int:
        return int.from_bytes(self.raw[33:37], "big")

    @property
    def aaguid(self) -> bytes:
        return self.raw[37:53]

    @property
    def credential_id(self) -> bytes:
        return self.raw[55 : 55 + int.from_bytes(self.raw[53:55], "big")]


def new_challenge() -> str:
    """Return a challenge that is good for CHALLENGE_LIFE. It is signed, and therefore not stored."""
    return _signer().sign(secrets.token_urlsafe(16))


def client_data_hash(challenge: str, idempotency_key: str, phone_number: str) -> bytes:
    """Return what the app has its key attest or sign: it binds the proof to the request that it is sent with."""
    return hashlib.sha256(f"{challenge}.{idempotency_key}.{phone_number}".encode()).digest()


def verify(proof: dict[str, Any], client_data: bytes, app_ids: Iterable[str]) -> None:
    """Verify that a key of one of the apps made the proof. Raises NotAttested.

    `proof` is an `AppAttest`. The counter of the key does not go down; the same request may be sent twice.
    """
    try:
        _signer().unsign(proof["challenge"], max_age=CHALLENGE_LIFE)
        key_id = _decoded(proof["key_id"])
        if proof.get("attestation"):
            _attest(cbor2.loads(_decoded(proof["attestation"])), key_id, client_data, app_ids)
        else:
            _assert(cbor2.loads(_decoded(proof["assertion"] or "")), key_id, client_data, app_ids)
    except (BadSignature, *UNREADABLE) as error:
        raise NotAttested from error


def _attest(attestation: dict[str, Any], key_id: bytes, client_data: bytes, app_ids: Iterable[str]) -> None:
    """Verify the attestation of a key, and keep the key."""
    data, (leaf, *issuers) = AuthenticatorData(attestation["authData"]), attestation["attStmt"]["x5c"]
    certificate = _verified(leaf, issuers)
    nonce = hashlib.sha256(data.raw + client_data).digest()
    _require(attestation["fmt"] == "apple-appattest")
    extension = certificate.extensions.get_extension_for_oid(NONCE).value
    _require(isinstance(extension, x509.UnrecognizedExtension) and extension.value == NONCE_PREFIX + nonce)
    key = certificate.public_key()
    _require(isinstance(key, ec.EllipticCurvePublicKey))
    point = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    _require(hashlib.sha256(point).digest() == key_id == data.credential_id)
    _require(data.counter == 0 and data.aaguid in ((PRODUCTION, DEVELOPMENT) if settings.DEBUG else (PRODUCTION,)))
    app_id = _app_of(data, app_ids)
    known = {"public_key": point.hex(), "app_id": app_id}
    AttestedKey.objects.get_or_create(key_id=key_id.hex(), defaults=known)


def _assert(assertion: dict[str, Any], key_id: bytes, client_data: bytes, app_ids: Iterable[str]) -> None:
    """Verify a signature of a key that was attested before."""
    data, known = (
        AuthenticatorData(assertion["authenticatorData"]),
        AttestedKey.objects.filter(key_id=key_id.hex()).first(),
    )
    if known is None:
        raise NotAttested
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes.fromhex(known.public_key))
    nonce = hashlib.sha256(data.raw + client_data).digest()
    key.verify(assertion["signature"], nonce, ec.ECDSA(hashes.SHA256()))
    _require(_app_of(data, app_ids) == known.app_id and data.counter > 0)
    _require(AttestedKey.objects.filter(pk=known.pk, counter__lte=data.counter).update(counter=data.counter) == 1)


def _verified(leaf: bytes, issuers: list[bytes]) -> x509.Certificate:
    """Return the certificate, if its chain ends at Apple's root and is valid now."""
    chain = [x509.load_der_x509_certificate(each) for each in (leaf, *issuers)]
    now = datetime.now(UTC)  # also in a project without USE_TZ
    for certificate, issuer in zip(chain, [*chain[1:], root()], strict=True):
        certificate.verify_directly_issued_by(issuer)
        _require(certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc)
    for issuer in chain[1:]:
        _require(issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    return chain[0]


def _app_of(data: AuthenticatorData, app_ids: Iterable[str]) -> str:
    found = [each for each in app_ids if hashlib.sha256(each.encode()).digest() == data.app_hash]
    _require(len(found) > 0)
    return found[0]


@cache
def root() -> x509.Certificate:
    """Return Apple's root certificate for App Attest."""
    return x509.load_pem_x509_certificate(ROOT.read_bytes())


def _require(holds: bool) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise NotAttested


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="onboarding.api.challenge")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
