"""Wire cases of Prove's identity look-ups. No client of ours sends them."""

import requests

from tests.sandbox.driver import SandboxDriver
from tests.wire.case import UUID, Case
from tests.wire.prove import ADA, BEN, ERRORS, UNKNOWN_ID, error

IDENTITY = "docs/identity-manager-implementation-guide"
RECORD = {"success": True, "proveId": UUID, "phoneNumber": ADA, "lineType": "mobile", "isActive": True}


def look_up(sandbox: SandboxDriver, number: str) -> requests.Response:
    sandbox.bound_flow(ADA)
    return sandbox.identity(f"{number}/lookup")


def lookup_above_the_limit(sandbox: SandboxDriver) -> requests.Response:
    """Look-ups and fetches count towards one limit."""
    sandbox.set_switches(requests_per_second="25")
    for _ in range(200):
        response = sandbox.identity(f"{ADA}/lookup")
        if response.status_code != 429:
            response = sandbox.identity(UNKNOWN_ID)
        if response.status_code == 429:
            break
    return response


CASES = [
    Case("look up an identity", IDENTITY, "lookup", lambda s: look_up(s, ADA), "",
         {**RECORD, "deviceId": UUID}),
    Case("look up an unknown identity", IDENTITY, "lookup", lambda s: look_up(s, BEN), "",
         error(8011, "Identity Not Found"), 404),
    Case("fetch an unknown identity", IDENTITY, "identity", lambda s: s.identity(UNKNOWN_ID), "",
         error(8011, "Identity Not Found"), 404),
    Case("look up an identity without a token", ERRORS, "lookup",
         lambda s: s.send("GET", f"/sandbox/prove/v3/identity/{ADA}/lookup"), "", error(8002, "not authorized"), 401),
    Case("look up identities above the rate limit", ERRORS, "lookup", lookup_above_the_limit, "", error(1000), 429,
         {"Retry-After": "1"}),
]  # fmt: skip
