"""What clients hold: the client_secret of a verification, and the session token of a person. Neither is stored.

Both are derived, so that a repeated request gets the same ones: the client_secret from the Idempotency-Key, of which
only a keyed hash is stored; the session token from the hash of the client_secret.
"""

import base64
import hashlib
import re
import uuid
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.utils.crypto import constant_time_compare

from onboarding.api.models import ApiVerification
from onboarding.hashes import digest, secrets

TOKEN = re.compile("(pfc|pfs)_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")


def keyed_hashes(purpose: str, value: str) -> list[str]:
    """Return the hashes under keys derived from the secret in use and those of before, in hexadecimal."""
    return [_mac(purpose, value, secret).hex() for secret in secrets()]


def hash_of(client_secret: str) -> str:
    """Return the SHA-256 that is stored in place of the client_secret, which has 256 random bits."""
    return hashlib.sha256(client_secret.encode()).hexdigest()


def client_secret(row: ApiVerification, idempotency_key: uuid.UUID) -> str:
    """Return the client_secret of the verification, also if it was made under a secret of before."""
    made = [_client_secret(row.pk, idempotency_key, secret) for secret in secrets()]
    return next((each for each in made if hash_of(each) == row.secret_hash), made[0])


def _client_secret(pk: uuid.UUID, idempotency_key: uuid.UUID, secret: str) -> str:
    return f"pfc_{pk.hex}_{_text(_mac('client_secret', f'{pk.hex} {idempotency_key.hex}', secret))}"


def session_token(row: ApiVerification, secret: str | None = None) -> str:
    """Return the token of the person, under the secret in use or the given one."""
    return f"pfs_{row.pk.hex}_{_text(_mac('session_token', row.secret_hash, secret))}"


def _is_session_token(token: str, row: ApiVerification) -> bool:
    return any(constant_time_compare(token, session_token(row, secret)) for secret in secrets())


def find(token: str, kind: str) -> ApiVerification | None:
    """Return the verification of this client_secret (`pfc`) or session token (`pfs`), or None."""
    match = TOKEN.fullmatch(token)
    if not match or match[1] != kind:
        return None
    row = ApiVerification.objects.select_related("key").filter(pk=uuid.UUID(match[2])).first()
    if row is None:
        return None
    same = hash_of(token) == row.secret_hash if kind == "pfc" else _is_session_token(token, row)
    return row if same else None


def seal(auth_token: str, row: ApiVerification, idempotency_key: uuid.UUID) -> str:
    """Return the authToken encrypted, so that only who has the Idempotency-Key can read it again."""
    return _ciphers(row, idempotency_key).encrypt(auth_token.encode()).decode()


def unseal(row: ApiVerification, idempotency_key: uuid.UUID) -> str | None:
    """Return the authToken of the verification, or None if none is kept."""
    try:
        return _ciphers(row, idempotency_key).decrypt(row.sealed_auth_token.encode()).decode()
    except InvalidToken:
        return None


def idempotency_hashes(scope: str, idempotency_key: uuid.UUID) -> list[str]:
    return keyed_hashes("idempotency", f"{scope} {idempotency_key.hex}")


def ids(idempotency_hash: str) -> tuple[uuid.UUID, uuid.UUID]:
    """Return the ids of the verification and of its first session, which the same request gets each time."""
    made = _mac("ids", idempotency_hash)
    return uuid.UUID(bytes=made[:16], version=4), uuid.UUID(bytes=made[16:], version=4)


def request_hashes(content: Mapping[str, object]) -> list[str]:
    return keyed_hashes("request", repr(sorted(content.items())))


def _ciphers(row: ApiVerification, idempotency_key: uuid.UUID) -> MultiFernet:
    about = f"{row.pk.hex} {idempotency_key.hex}"
    keys = (_mac("auth_token", about, secret) for secret in secrets())
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


def _mac(purpose: str, value: str, secret: str | None = None) -> bytes:
    return digest(f"onboarding.api.{purpose}", value, secret or secrets()[0])


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
