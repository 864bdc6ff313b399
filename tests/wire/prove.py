"""Prove's wire. Pages are below https://developer.prove.com; `assumed` marks what no page tells: docs/sandbox.md."""

from collections.abc import Callable
from functools import partial
from typing import Any

import requests

from sandbox.state.people import PEOPLE, REASONS
from tests.sandbox.world import World
from tests.wire.case import JWT, TEXT, UUID, Case, Like

TOKEN, UNIFY = "reference/token-request", "reference/unify-request"
STATUS, BIND, REVOKE = "reference/unify-status-request", "reference/unify-bind-request", "reference/revoke-request"
ERRORS, TESTING = "reference/status-and-error-codes", "docs/unify-sandbox-testing"
FLOW, POLICY = "docs/unify-flow", "docs/global-fraud-policy"
STEPS = {"unify-status": "/v3/unify-status", "unify-bind": "/v3/unify-bind"}

Ask = Callable[[World], requests.Response]

ADA, BEN = "+12025550101", "+12025550102"
NOBODY_ID = "00000000-0000-4000-8000-000000000000"
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


def unify(world: World, **body: Any) -> requests.Response:
    return world.prove("/v3/unify", **({"possessionType": "none", "clientRequestId": "request-1"} | body))


def without_token(world: World) -> requests.Response:
    return world.send("POST", "/sandbox/prove/v3/unify", json={"possessionType": "none"})


def malformed(world: World, body: bytes) -> requests.Response:
    headers = {"Authorization": f"Bearer {world.token().json()['access_token']}", "Content-Type": "application/json"}
    return world.send("POST", "/sandbox/prove/v3/unify", data=body, headers=headers)


def token(world: World, **form: str) -> requests.Response:
    return world.send("POST", "/sandbox/prove/token", data=form)


def token_without(world: World, name: str) -> requests.Response:
    form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}
    return token(world, **{field: value for field, value in form.items() if field != name})


def too_fast(world: World) -> requests.Response:
    """Twilio is asked in between, which counts for nothing."""
    world.turn(requests_per_second="25")
    for _ in range(200):
        response = unify(world, phoneNumber=ADA)
        if response.status_code == 429:
            break
        for _ in range(2):
            world.twilio("/v2/Nonsense", auth=("nobody", "guess"))
    return response


def stale_token(world: World) -> requests.Response:
    world.unify(ADA)
    world.passes(60 * 60)
    return unify(world, phoneNumber=ADA)


def stale_token_at(world: World, path: str) -> requests.Response:
    correlation_id = world.checked(ADA)
    world.passes(60 * 60)
    return world.prove(path, correlationId=correlation_id, phoneNumber=ADA)


def elsewhere(world: World) -> requests.Response:
    world.turn(region="eu")
    return unify(world, phoneNumber=ADA)


def with_status(world: World, status: str, ask: Ask) -> requests.Response:
    world.turn(status_of_8007_to_8009=status)
    return ask(world)


def status_of(world: World, number: str, **more: Any) -> requests.Response:
    return world.status(world.checked(number, **more))


def status_after(world: World, bound: str, number: str, **more: Any) -> requests.Response:
    world.bound(bound)
    return status_of(world, number, **more)


def status_of_abandoned(world: World) -> requests.Response:
    status_of(world, ADA)
    return status_of(world, ADA)


def status_of_revoked(world: World) -> requests.Response:
    world.bound(ADA)
    [registration] = world.device.registrations.values()
    world.prove("/v3/device/revoke", deviceId=registration.device_id, clientRequestId="request-1")
    return status_of(world, ADA)


def status_after_a_year(world: World) -> requests.Response:
    world.bound(ADA)
    world.passes(366 * 24 * 60 * 60)
    world.access_token = ""
    return status_of(world, ADA)


def status_without_request_id(world: World) -> requests.Response:
    return world.prove("/v3/unify-status", correlationId=world.checked(ADA))


def status_after_bind(world: World) -> requests.Response:
    return world.status(world.bound(ADA))


def bind_of(world: World, number: str, to: str) -> requests.Response:
    correlation_id = world.checked(number)
    world.status(correlation_id)
    return world.bind(correlation_id, to)


def bind_without_status(world: World) -> requests.Response:
    return world.bind(world.checked(ADA), ADA)


def bind_without_number(world: World) -> requests.Response:
    return world.prove("/v3/unify-bind", correlationId=world.checked(ADA))


def bind_out_of_order_as_8003(world: World) -> requests.Response:
    world.turn(out_of_order="8003")
    return bind_without_status(world)


def bind_of_recognised(world: World) -> requests.Response:
    world.bound(ADA)
    return bind_of(world, ADA, ADA)


def revoke(world: World) -> requests.Response:
    world.bound(ADA)
    [registration] = world.device.registrations.values()
    return world.prove("/v3/device/revoke", deviceId=registration.device_id, clientRequestId="request-1")


CASES = [
    Case("a token", TOKEN, "token", lambda w: w.token(), "Token",
         {"access_token": JWT, "token_type": "Bearer", "expires_in": 3600}),
    Case("a token of another grant", TOKEN, "token", lambda w: token(w, grant_type="password"), "Unreachable",
         error(1001, "invalid request"), 400),
    *(Case(f"a token without {name}", TOKEN, "token", partial(token_without, name=name), "Unreachable",
           error(1001, f"field '{name}' is missing"), 400) for name in ("client_id", "client_secret", "grant_type")),
    Case("a token for a wrong secret", TOKEN, "token", lambda w: w.token("guess"), "Unreachable", error(8002), 401),
    Case("a token asked for in JSON", TOKEN, "token", lambda w: w.send("POST", "/sandbox/prove/token", json={}),
         "Unreachable", {"message": TEXT}, 403),
    Case("a token below /v3", ERRORS, "token", lambda w: w.send("POST", "/sandbox/prove/v3/token", data={}),
         "Unreachable", {"message": TEXT}, 403),

    Case("unify", UNIFY, "unify", lambda w: unify(w, phoneNumber=ADA), "StartedFlow",
         {"success": "pending", "correlationId": UUID, "authToken": JWT}),
    Case("unify without possessionType", TESTING, "unify",
         lambda w: w.prove("/v3/unify", clientRequestId="request-1", phoneNumber=ADA),
         "Refused 1001", error(1001, "field 'possessionType' is missing"), 400),
    Case("unify without clientRequestId", UNIFY, "unify", lambda w: w.prove("/v3/unify", possessionType="none"),
         "Refused 1001", error(1001, "field 'clientRequestId' is missing"), 400),
    Case("unify without a number", UNIFY, "unify", unify,
         "Refused 1001", error(1001, "field 'phoneNumber' is missing"), 400),
    *(Case(f"unify for {kind}", FLOW, "unify", partial(unify, possessionType=kind, phoneNumber=ADA),
           "Refused 1001", error(1001, Like(".*not offered.*", "not offered")), 400) for kind in ("mobile", "desktop")),
    Case("unify with a rebind that is no boolean", UNIFY, "unify", lambda w: unify(w, phoneNumber=ADA, rebind="true"),
         "Refused 1001", error(1001, "field 'rebind' is not a boolean"), 400),
    *(Case(f"unify with a {name} of a wrong type", UNIFY, "unify", partial(unify, phoneNumber=ADA, **{name: value}),
           "Refused 1001", error(1001, f"field '{name}' is not a {kind}"), 400)
      for name, value, kind in WRONG_TYPES),
    Case("unify of garbage", ERRORS, "unify", lambda w: malformed(w, b"{"), "Refused 8001", error(8001), 400),
    Case("unify of 4 KB", ERRORS, "unify", lambda w: unify(w, phoneNumber=ADA, padding="x" * 4096),
         "Refused 8001", error(8001), 400),
    Case("unify of 3 MB", ERRORS, "unify", lambda w: unify(w, phoneNumber=ADA, padding="x" * 3_000_000),
         "Refused 8001", error(8001), 400),
    Case("unify on the other region's host", ERRORS, "unify", elsewhere, "Refused None", {"message": TEXT}, 403),
    Case("unify without a token", ERRORS, "unify", without_token, "Refused 8002", error(8002), 401),
    Case("unify with a stale token", ERRORS, "unify", stale_token, "Refused 8002", error(8002), 401),
    Case("unify too fast", ERRORS, "unify", too_fast, "Busy", error(1000), 429, {"Retry-After": "1"}),
    Case("unify for a number unknown to Prove", ERRORS, "unify", lambda w: unify(w, phoneNumber="+12025550107"),
         "Refused 8007", error(8007), 400),
    Case("unify for another product's user", ERRORS, "unify", lambda w: unify(w, phoneNumber="2001004011"),
         "Refused 8009", error(8009), 403),

    *(Case(f"unify for a number unknown to Prove, with {status}", "assumed", "unify",
           partial(with_status, status=status, ask=partial(unify, phoneNumber="+12025550107")),
           "Refused 8007", error(8007), int(status)) for status in ("401", "403")),
    Case("status of a flow that never was, with 403", "assumed", "unify-status",
         lambda w: with_status(w, "403", lambda world: world.status(NOBODY_ID)), "Refused 8008", error(8008), 403),

    *(Case(f"{operation} without correlationId", TESTING, operation, partial(World.prove, path=path),
           "Refused 1001", error(1001, "field 'correlationId' is missing"), 400) for operation, path in STEPS.items()),
    *(Case(f"{operation} with a stale token", ERRORS, operation, partial(stale_token_at, path=path),
           "Refused 8002", error(8002), 401) for operation, path in STEPS.items()),

    Case("status without a key", FLOW, "unify-status", lambda w: status_of(w, ADA), "possession_required", ASK),
    Case("status with the number's key", FLOW, "unify-status", lambda w: status_after(w, ADA, ADA), "true", YES),
    Case("status with another number's key", FLOW, "unify-status", lambda w: status_after(w, BEN, ADA),
         "false 9101", failed("9101")),
    Case("status without clientRequestId", STATUS, "unify-status", status_without_request_id, "possession_required",
         ASK),
    Case("status of a rebind", FLOW, "unify-status", lambda w: status_after(w, BEN, ADA, rebind=True),
         "possession_required", ASK),
    Case("status of a forced check", FLOW, "unify-status", lambda w: status_after(w, ADA, ADA, rebind=True),
         "possession_required", ASK),
    Case("status with a key that was never bound", "assumed", "unify-status", status_of_abandoned,
         "possession_required", ASK),
    Case("status after a revoke", REVOKE, "unify-status", status_of_revoked, "possession_required", ASK),
    Case("status after an idle year", FLOW, "unify-status", status_after_a_year, "possession_required", ASK),
    Case("status after the bind", "assumed", "unify-status", status_after_bind, "true", YES),
    Case("status before the Web SDK", TESTING, "unify-status", lambda w: w.status(w.unify(ADA)["correlationId"]),
         "false", {"success": "false", **ECHO}),
    Case("status while Prove thinks", STATUS, "unify-status", lambda w: status_of(w, "+12025550121"),
         "pending", {"success": "pending", **ECHO, "phoneNumber": "+12025550121"}),
    Case("status of a short-term user", TESTING, "unify-status",
         lambda w: w.status(w.unify("2001004018")["correlationId"]), "true",
         {"success": "true", **ECHO, "phoneNumber": "2001004018", "proveId": UUID, "evaluation": PASS}),
    Case("status of a flow that never was", ERRORS, "unify-status", lambda w: w.status(NOBODY_ID),
         "Refused 8008", error(8008), 400),
    *(reason(code) for code in REASONS if code != "9101"),
    Case("status with two reasons", POLICY, "unify-status", lambda w: status_of(w, "+12025550139"),
         "false 9134 9137", failed("9134", "9137", number="+12025550139")),
    Case("status with a reason unheard of", POLICY, "unify-status", lambda w: status_of(w, "+12025550199"),
         "false 9999", failed("9999", number="+12025550199")),

    Case("bind", BIND, "unify-bind", lambda w: bind_of(w, ADA, ADA), "true", YES),
    Case("bind of another number", TESTING, "unify-bind", lambda w: bind_of(w, ADA, BEN),
         "false", {"success": "false", **ECHO}),
    Case("bind refused", POLICY, "unify-bind", lambda w: bind_of(w, "+12025550140", "+12025550140"),
         "false 9100", failed("9100", number="+12025550140")),
    Case("bind before status", TESTING, "unify-bind", bind_without_status, "Refused 1003", error(1003), 403),
    Case("bind before status, told as 8003", ERRORS, "unify-bind", bind_out_of_order_as_8003, "Refused 8003",
         error(8003), 403),
    Case("bind without a number", BIND, "unify-bind", bind_without_number, "Refused 1001",
         error(1001, "field 'phoneNumber' is missing"), 400),
    Case("bind where none is due", TESTING, "unify-bind", bind_of_recognised, "Refused 1003", error(1003), 403),
    Case("bind twice", "assumed", "unify-bind", lambda w: w.bind(w.bound(ADA), ADA), "Refused 1003", error(1003), 403),
    Case("bind of a flow that never was", ERRORS, "unify-bind", lambda w: w.bind(NOBODY_ID, ADA),
         "Refused 8008", error(8008), 400),

    Case("revoke", REVOKE, "revoke", revoke, "revoked", {"success": True}),
    Case("revoke of nothing", REVOKE, "revoke",
         lambda w: w.prove("/v3/device/revoke", deviceId=NOBODY_ID, clientRequestId="request-1"),
         "Refused 8011", error(8011, "Identity Not Found"), 404),
]  # fmt: skip
