"""Keyed hashes, which stand for numbers, addresses and names where these must not be stored or logged; signed cookies.

Their key is LASTING_KEY, so that SECRET_KEY can be changed without a loss. What was made under a key of
LASTING_KEY_FALLBACKS stays valid.
"""

import hmac
from functools import lru_cache
from hashlib import sha256

from django.conf import settings
from django.core.signing import TimestampSigner

from onboarding.conf import conf


def keyed_hash(purpose: str, text: str) -> str:
    """Return the HMAC-SHA-256 of `text` in hex, under a key of its own for each `purpose`."""
    return digest(purpose, text, secrets()[0]).hex()


def former_hashes(purpose: str, text: str) -> list[str]:
    """Return what `keyed_hash` returned before a rotation; empty unless there are fallbacks."""
    return [digest(purpose, text, secret).hex() for secret in secrets()[1:]]


def digest(purpose: str, text: str, secret: str) -> bytes:
    """Return the HMAC-SHA-256 under the key that `secret` and `purpose` make."""
    return hmac.digest(_key(secret, purpose), text.encode(), "sha256")


def secrets() -> tuple[str, ...]:
    """Return the secret in use, then those of before. Without LASTING_KEY it is SECRET_KEY."""
    if conf.LASTING_KEY:
        return (conf.LASTING_KEY, *conf.LASTING_KEY_FALLBACKS)
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


def signer(purpose: str) -> TimestampSigner:
    """Return what signs a cookie of this purpose, and knows those signed under former secrets."""
    now, *former = secrets()
    return TimestampSigner(key=now, fallback_keys=list(former), salt=purpose)


@lru_cache(maxsize=64)
def _key(secret: str, purpose: str) -> bytes:
    """Return the key that `django.utils.crypto.salted_hmac` derives."""
    return sha256((purpose + secret).encode()).digest()
