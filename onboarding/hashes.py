"""Keyed hashes, which stand for numbers, addresses and names where these must not be stored or logged."""

import hmac
from functools import lru_cache
from hashlib import sha256

from django.conf import settings


def keyed_hash(purpose: str, text: str) -> str:
    """Return the HMAC-SHA-256 of `text` in hex, under a key of its own for each `purpose`."""
    return hmac.digest(_key(settings.SECRET_KEY, purpose), text.encode(), "sha256").hex()


@lru_cache(maxsize=32)
def _key(secret: str, purpose: str) -> bytes:
    """Return the key that `django.utils.crypto.salted_hmac` derives, so that what is stored stays valid."""
    return sha256((purpose + secret).encode()).digest()
