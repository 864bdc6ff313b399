"""Wire cases of Prove's identity look-ups. No client of ours sends them."""

import requests

from tests.sandbox.driver import SandboxDriver
from tests.wire.case import NUMBER, UUID, Case, Like
from tests.wire.prove import ADA, BEN, ERRORS, UNKNOWN_ID, error

IDENTITY = "docs/identity-manager-implementation-guide"
CREATED = Like(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \+0000 UTC", "2025-05-19 16:23:12.475 +0000 UTC")
RECORD = {
    "active": True,
    "carrier": "Sandbox Wireless",
    "countryCode": "US",
    "createdAt": NUMBER,
    "creationString": CREATED,
    "deviceId": UUID,
    "lineType": "mobile",
    "phoneNumber": ADA,
    "proveId": UUID,
}


def look_up(sandbox: SandboxDriver, number: str) -> requests.Response:
    sandbox.bound_flow(ADA)
    return sandbox.identity(f"{number}/lookup")


def fetch(sandbox: SandboxDriver) -> requests.Response:
    sandbox.bound_flow(ADA)
    return sandbox.identity(sandbox.identity(f"{ADA}/lookup").json()["items"][0]["proveId"])


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
         {"items": [RECORD]}),
    Case("look up a number without an identity", "assumed", "lookup", lambda s: look_up(s, BEN), "", {}),
    Case("look up what is no number", "assumed", "lookup", lambda s: look_up(s, "hello"), "",
         error(1001, "field 'mobileNumber' is invalid"), 400),
    Case("fetch an identity", IDENTITY, "identity", fetch, "", RECORD),
    Case("fetch an unknown identity", IDENTITY, "identity", lambda s: s.identity(UNKNOWN_ID), "",
         error(8011, "Identity Not Found"), 404),
    Case("look up an identity without a token", ERRORS, "lookup",
         lambda s: s.send("GET", f"/sandbox/prove/v3/identity/{ADA}/lookup"), "", error(8002, "not authorized"), 401),
    Case("look up identities above the rate limit", ERRORS, "lookup", lookup_above_the_limit, "", error(1000), 429,
         {"Retry-After": "1"}),
]  # fmt: skip
