"""Prove's two regions: each has a host, here a path, with credentials, tokens, flows and devices of its own.

https://developer.prove.com/reference/unify-request
"""

from collections.abc import Mapping

NORTH_AMERICA, EUROPE = "na", "eu"
PATHS: Mapping[str, str] = {NORTH_AMERICA: "prove", EUROPE: "prove-eu"}  # below /sandbox/
CREDENTIALS: Mapping[str, str] = {NORTH_AMERICA: "sandbox", EUROPE: "sandbox-eu"}  # client id and secret alike


def region_of(number: str) -> str:
    """The region that serves this number, in E.164."""
    return NORTH_AMERICA if number.startswith("+1") else EUROPE
