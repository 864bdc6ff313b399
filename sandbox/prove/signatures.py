"""Verifies ES256 signatures of the Web SDK (@prove-identity/prove-auth 3.6.2): P-256, SHA-256, DER in base64."""

import base64
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from sandbox.state.records import Challenge, Device
from sandbox.wire.call import Call

SIGNED_PATHS_FROM = "/v1/client/"


def valid(public_key: str, signature: object, message: str) -> bool:
    """Whether the signature is by this PEM key. False for a malformed signature and for a key that is not P-256."""
    try:
        key = load_pem_public_key(public_key.encode())
        der = base64.b64decode(str(signature), validate=True)
    except (ValueError, UnsupportedAlgorithm):
        return False
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        return False
    try:
        key.verify(der, message.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def request_is_signed_by(call: Call, device: Device) -> bool:
    """Whether the request has a signature of version 3 by this device: over a challenge, the path and the body."""
    headers = call.request.headers
    challenge = call.store.get(Challenge, headers.get("PA-Challenge", ""))
    if challenge is None or challenge.device_id != device.device_id or call.now > challenge.expires_at:
        return False
    if headers.get("PA-Sig-Version") != "3" or headers.get("PA-KID") != device.key_id:
        return False
    return valid(device.public_key, headers.get("PA-Signature"), _string_to_sign(call, challenge.challenge))


def _string_to_sign(call: Call, challenge: str) -> str:
    """The SDK signs the path from /v1/client on, without the endpoint's prefix."""
    path = call.request.path
    lines = (
        call.request.method or "",
        path[path.index(SIGNED_PATHS_FROM) :],
        call.request.META.get("QUERY_STRING", ""),
        call.request.headers.get("Content-Type", ""),
        challenge,
        sha256(call.request.body).hexdigest(),
    )
    return "\n".join(lines)
