"""Wire cases of Prove's API for servers. Pages are below https://developer.prove.com.

docs/sandbox.md lists what is "assumed".
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import requests

from sandbox.state.people import PEOPLE, REASONS
from tests.sandbox.driver import SandboxDriver
from tests.wire.case import JWT, TEXT, UUID, Case, Like

TOKEN, UNIFY = "reference/token-request", "reference/unify-request"
STATUS, BIND, REVOKE = "reference/unify-status-request", "reference/unify-bind-request", "reference/revoke-request"
ERRORS, TESTING = "reference/status-and-error-codes", "docs/unify-sandbox-testing"
FLOW, POLICY = "docs/unify-flow", "docs/global-fraud-policy"
STEPS = {"unify-status": "/v3/unify-status", "unify-bind": "/v3/unify-bind"}

Send = Callable[[SandboxDriver], requests.Response]

ADA, BEN = "+12025550101", "+12025550102"
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
PASS = {"authentication": {"result": "pass"}, "risk": {"result": "pass"}}
ECHO = {"phoneNumber": ADA, "clientRequestId": "request-1"}
WRONG_TYPES: list[tuple[str, Any, str]] = [
    ("emailAddress", 5, "string"),
    ("proveId", 5, "string"),
    ("deviceId", {}, "string"),
    ("allowOTPRetry", "yes", "boolean"),
]
YES = {"success": "true", **ECHO, "proveId": UUID, "deviceId": UUID, "evaluation": PASS}
ASK = {"success": "possession_required", **ECHO, "evaluation": PASS}


def error(code: int, message: str | Like = TEXT) -> dict[str, Any]:
    return {"code": code, "message": message}


def failed(*codes: str, number: str = ADA, category: str = "authentication") -> dict[str, Any]:
    evaluation = {**PASS, category: {"result": "fail", "failureReasons": dict.fromkeys(codes, TEXT)}}
    return {"success": "false", **ECHO, "phoneNumber": number, "evaluation": evaluation}


def reason(code: str) -> Case:
    [number] = (person.number for person in PEOPLE.values() if list(person.status_reasons) == [code])
    category = "identification" if code.startswith("90") else "authentication"
    return Case(f"status with reason {code}", POLICY, "unify-status", partial(status_of, number=number),
                f"false {code}", failed(code, number=number, category=category))  # fmt: skip


def unify(sandbox: SandboxDriver, **body: Any) -> requests.Response:
    return sandbox.prove("/v3/unify", **({"possessionType": "none", "clientRequestId": "request-1"} | body))


def without_token(sandbox: SandboxDriver) -> requests.Response:
    return sandbox.send("POST", "/sandbox/prove/v3/unify", json={"possessionType": "none"})


def malformed(sandbox: SandboxDriver, body: bytes) -> requests.Response:
    headers = {"Authorization": f"Bearer {sandbox.token().json()['access_token']}", "Content-Type": "application/json"}
    return sandbox.send("POST", "/sandbox/prove/v3/unify", data=body, headers=headers)


def token(sandbox: SandboxDriver, **form: str) -> requests.Response:
    return sandbox.send("POST", "/sandbox/prove/token", data=form)


def token_without(sandbox: SandboxDriver, name: str) -> requests.Response:
    form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}
    return token(sandbox, **{field: value for field, value in form.items() if field != name})


def unify_above_the_limit(sandbox: SandboxDriver) -> requests.Response:
    sandbox.set_switches(requests_per_second="25")
    for _ in range(200):
        response = unify(sandbox, phoneNumber=ADA)
        if response.status_code == 429:
            break
    return response


def stale_token(sandbox: SandboxDriver) -> requests.Response:
    sandbox.unify(ADA)
    sandbox.advance_clock(60 * 60)
    return unify(sandbox, phoneNumber=ADA)


def stale_token_at(sandbox: SandboxDriver, path: str) -> requests.Response:
    correlation_id = sandbox.checked_flow(ADA)
    sandbox.advance_clock(60 * 60)
    return sandbox.prove(path, correlationId=correlation_id, phoneNumber=ADA)


def unify_in_another_region(sandbox: SandboxDriver) -> requests.Response:
    sandbox.set_switches(region="own")
    return unify(sandbox, phoneNumber="+447700900123")


def with_status(sandbox: SandboxDriver, status: str, send: Send) -> requests.Response:
    sandbox.set_switches(status_of_8007_to_8009=status)
    return send(sandbox)


def status_of(sandbox: SandboxDriver, number: str, **more: Any) -> requests.Response:
    return sandbox.status(sandbox.checked_flow(number, **more))


def status_after(sandbox: SandboxDriver, bound: str, number: str, **more: Any) -> requests.Response:
    sandbox.bound_flow(bound)
    return status_of(sandbox, number, **more)


def status_of_never_bound(sandbox: SandboxDriver) -> requests.Response:
    status_of(sandbox, ADA)
    return status_of(sandbox, ADA)


def status_of_revoked(sandbox: SandboxDriver) -> requests.Response:
    sandbox.bound_flow(ADA)
    [registration] = sandbox.device.registrations.values()
    sandbox.prove("/v3/device/revoke", deviceId=registration.device_id, clientRequestId="request-1")
    return status_of(sandbox, ADA)


def status_after_a_year(sandbox: SandboxDriver) -> requests.Response:
    sandbox.bound_flow(ADA)
    sandbox.advance_clock(366 * 24 * 60 * 60)
    sandbox.access_token = ""
    return status_of(sandbox, ADA)


def status_without_request_id(sandbox: SandboxDriver) -> requests.Response:
    return sandbox.prove("/v3/unify-status", correlationId=sandbox.checked_flow(ADA))


def status_after_bind(sandbox: SandboxDriver) -> requests.Response:
    return sandbox.status(sandbox.bound_flow(ADA))


def bind_of(sandbox: SandboxDriver, number: str, to: str) -> requests.Response:
    correlation_id = sandbox.checked_flow(number)
    sandbox.status(correlation_id)
    return sandbox.bind(correlation_id, to)


def bind_without_status(sandbox: SandboxDriver) -> requests.Response:
    return sandbox.bind(sandbox.checked_flow(ADA), ADA)


def bind_without_number(sandbox: SandboxDriver) -> requests.Response:
    return sandbox.prove("/v3/unify-bind", correlationId=sandbox.checked_flow(ADA))


def bind_out_of_order_as_8003(sandbox: SandboxDriver) -> requests.Response:
    sandbox.set_switches(out_of_order="8003")
    return bind_without_status(sandbox)


def bind_of_recognised(sandbox: SandboxDriver) -> requests.Response:
    sandbox.bound_flow(ADA)
    return bind_of(sandbox, ADA, ADA)


def revoke(sandbox: SandboxDriver) -> requests.Response:
    sandbox.bound_flow(ADA)
    [registration] = sandbox.device.registrations.values()
    return sandbox.prove("/v3/device/revoke", deviceId=registration.device_id, clientRequestId="request-1")


CASES = [
    Case("a token", TOKEN, "token", lambda s: s.token(), "Token",
         {"access_token": JWT, "token_type": "Bearer", "expires_in": 3600}),
    Case("a token for another grant type", TOKEN, "token", lambda s: token(s, grant_type="password"), "Unreachable",
         error(1001, "invalid request"), 400),
    *(Case(f"a token without {name}", TOKEN, "token", partial(token_without, name=name), "Unreachable",
           error(1001, f"field '{name}' is missing"), 400) for name in ("client_id", "client_secret", "grant_type")),
    Case("a token for a wrong secret", TOKEN, "token", lambda s: s.token("guess"), "Unreachable", error(8002), 401),
    Case("a token requested in JSON", TOKEN, "token", lambda s: s.send("POST", "/sandbox/prove/token", json={}),
         "Unreachable", {"message": TEXT}, 403),
    Case("a token from /v3/token", ERRORS, "token", lambda s: s.send("POST", "/sandbox/prove/v3/token", data={}),
         "Unreachable", {"message": TEXT}, 403),

    Case("unify", UNIFY, "unify", lambda s: unify(s, phoneNumber=ADA), "StartedFlow",
         {"success": "pending", "correlationId": UUID, "authToken": JWT}),
    Case("unify without possessionType", TESTING, "unify",
         lambda s: s.prove("/v3/unify", clientRequestId="request-1", phoneNumber=ADA),
         "Refused 1001", error(1001, "field 'possessionType' is missing"), 400),
    Case("unify without clientRequestId", UNIFY, "unify", lambda s: s.prove("/v3/unify", possessionType="none"),
         "Refused 1001", error(1001, "field 'clientRequestId' is missing"), 400),
    Case("unify without a number", UNIFY, "unify", unify,
         "Refused 1001", error(1001, "field 'phoneNumber' is missing"), 400),
    *(Case(f"unify with possessionType {kind}", FLOW, "unify", partial(unify, possessionType=kind, phoneNumber=ADA),
           "Refused 1001", error(1001, Like(".*not offered.*", "not offered")), 400) for kind in ("mobile", "desktop")),
    Case("unify with a rebind that is no boolean", UNIFY, "unify", lambda s: unify(s, phoneNumber=ADA, rebind="true"),
         "Refused 1001", error(1001, "field 'rebind' is not a boolean"), 400),
    *(Case(f"unify with a {name} of a wrong type", UNIFY, "unify", partial(unify, phoneNumber=ADA, **{name: value}),
           "Refused 1001", error(1001, f"field '{name}' is not a {kind}"), 400)
      for name, value, kind in WRONG_TYPES),
    Case("unify with malformed JSON", ERRORS, "unify", lambda s: malformed(s, b"{"), "Refused 8001", error(8001), 400),
    Case("unify with a body of 4 KB", ERRORS, "unify", lambda s: unify(s, phoneNumber=ADA, padding="x" * 4096),
         "Refused 8001", error(8001), 400),
    Case("unify with a body of 3 MB", ERRORS, "unify", lambda s: unify(s, phoneNumber=ADA, padding="x" * 3_000_000),
         "Refused 8001", error(8001), 400),
    Case("unify on the other region's host", ERRORS, "unify", unify_in_another_region, "Refused None",
         {"message": TEXT}, 403),
    Case("unify without a token", ERRORS, "unify", without_token, "Refused 8002", error(8002), 401),
    Case("unify with a stale token", ERRORS, "unify", stale_token, "Refused 8002", error(8002), 401),
    Case("unify above the rate limit", ERRORS, "unify", unify_above_the_limit, "Busy", error(1000), 429,
         {"Retry-After": "1"}),
    Case("unify for a number unknown to Prove", ERRORS, "unify", lambda s: unify(s, phoneNumber="+12025550107"),
         "Refused 8007", error(8007), 400),
    Case("unify for a test user of another product", ERRORS, "unify", lambda s: unify(s, phoneNumber="2001004011"),
         "Refused 8009", error(8009), 403),

    *(Case(f"unify for a number unknown to Prove, with {status}", "assumed", "unify",
           partial(with_status, status=status, send=partial(unify, phoneNumber="+12025550107")),
           "Refused 8007", error(8007), int(status)) for status in ("401", "403")),
    Case("status of an unknown flow, with 403", "assumed", "unify-status",
         lambda s: with_status(s, "403", lambda sandbox: sandbox.status(UNKNOWN_ID)), "Refused 8008", error(8008), 403),

    *(Case(f"{operation} without correlationId", TESTING, operation, partial(SandboxDriver.prove, path=path),
           "Refused 1001", error(1001, "field 'correlationId' is missing"), 400) for operation, path in STEPS.items()),
    *(Case(f"{operation} with a stale token", ERRORS, operation, partial(stale_token_at, path=path),
           "Refused 8002", error(8002), 401) for operation, path in STEPS.items()),

    Case("status without a key", FLOW, "unify-status", lambda s: status_of(s, ADA), "possession_required", ASK),
    Case("status with the number's key", FLOW, "unify-status", lambda s: status_after(s, ADA, ADA), "true", YES),
    Case("status with another number's key", FLOW, "unify-status", lambda s: status_after(s, BEN, ADA),
         "false 9101", failed("9101")),
    Case("status without clientRequestId", STATUS, "unify-status", status_without_request_id, "possession_required",
         ASK),
    Case("status of a rebind to another number", FLOW, "unify-status", lambda s: status_after(s, BEN, ADA, rebind=True),
         "possession_required", ASK),
    Case("status of a rebind to the same number", FLOW, "unify-status",
         lambda s: status_after(s, ADA, ADA, rebind=True), "possession_required", ASK),
    Case("status with a key that was never bound", "assumed", "unify-status", status_of_never_bound,
         "possession_required", ASK),
    Case("status after a revoke", REVOKE, "unify-status", status_of_revoked, "possession_required", ASK),
    Case("status after an idle year", FLOW, "unify-status", status_after_a_year, "possession_required", ASK),
    Case("status after the bind", "assumed", "unify-status", status_after_bind, "true", YES),
    Case("status before the Web SDK", TESTING, "unify-status", lambda s: s.status(s.unify(ADA)["correlationId"]),
         "false", {"success": "false", **ECHO}),
    Case("status of a pending number", STATUS, "unify-status", lambda s: status_of(s, "+12025550121"),
         "pending", {"success": "pending", **ECHO, "phoneNumber": "+12025550121"}),
    Case("status of a short-term user", TESTING, "unify-status",
         lambda s: s.status(s.unify("2001004018")["correlationId"]), "true",
         {"success": "true", **ECHO, "phoneNumber": "2001004018", "proveId": UUID, "evaluation": PASS}),
    Case("status of an unknown flow", ERRORS, "unify-status", lambda s: s.status(UNKNOWN_ID),
         "Refused 8008", error(8008), 400),
    *(reason(code) for code in REASONS if code != "9101"),
    Case("status with two reasons", POLICY, "unify-status", lambda s: status_of(s, "+12025550139"),
         "false 9134 9137", failed("9134", "9137", number="+12025550139")),
    Case("status with an unknown reason", POLICY, "unify-status", lambda s: status_of(s, "+12025550199"),
         "false 9999", failed("9999", number="+12025550199")),

    Case("bind", BIND, "unify-bind", lambda s: bind_of(s, ADA, ADA), "true", YES),
    Case("bind of another number than unify's", TESTING, "unify-bind", lambda s: bind_of(s, ADA, BEN),
         "false", {"success": "false", **ECHO}),
    Case("bind refused", POLICY, "unify-bind", lambda s: bind_of(s, "+12025550140", "+12025550140"),
         "false 9100", failed("9100", number="+12025550140")),
    Case("bind before status", TESTING, "unify-bind", bind_without_status, "Refused 1003", error(1003), 403),
    Case("bind before status, with 8003", ERRORS, "unify-bind", bind_out_of_order_as_8003, "Refused 8003",
         error(8003), 403),
    Case("bind without a number", BIND, "unify-bind", bind_without_number, "Refused 1001",
         error(1001, "field 'phoneNumber' is missing"), 400),
    Case("bind with a recognised key", TESTING, "unify-bind", bind_of_recognised, "Refused 1003", error(1003), 403),
    Case("bind a second time", "assumed", "unify-bind", lambda s: s.bind(s.bound_flow(ADA), ADA), "Refused 1003",
         error(1003), 403),
    Case("bind of an unknown flow", ERRORS, "unify-bind", lambda s: s.bind(UNKNOWN_ID, ADA),
         "Refused 8008", error(8008), 400),

    Case("revoke", REVOKE, "revoke", revoke, "revoked", {"success": True}),
    Case("revoke of an unknown device", REVOKE, "revoke",
         lambda s: s.prove("/v3/device/revoke", deviceId=UNKNOWN_ID, clientRequestId="request-1"),
         "Refused 8011", error(8011, "Identity Not Found"), 404),
]  # fmt: skip
