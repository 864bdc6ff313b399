"""The codes of an authenticator app (RFC 6238), implemented here independently of the library that checks them."""

import hmac
import time


def code_of(key: bytes, *, step_s: int = 30) -> str:
    """Return the six digits for the current time."""
    digest = hmac.digest(key, int(time.time() // step_s).to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"
