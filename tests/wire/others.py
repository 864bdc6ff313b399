"""What none of our clients asks: the device API that the Web SDK speaks, and look-ups of identities.

No page of Prove's tells of the device API: it is as @prove-identity/prove-auth 3.6.2 was seen to need it.
"""

from collections.abc import Mapping
from typing import Any

import requests

from tests.sandbox.world import World
from tests.wire.case import UUID, Case, Like
from tests.wire.prove import ADA, BEN, ERRORS, NOBODY_ID, error

SDK = "https://www.npmjs.com/package/@prove-identity/prove-auth/v/3.6.2"
IDENTITY = "docs/identity-manager-implementation-guide"
HEAL = "device/passive/silent"
RECORD = {"success": True, "proveId": UUID, "phoneNumber": ADA, "lineType": "mobile", "isActive": True}


def failure(code: int, message: str, next_step: str = "") -> dict[str, Any]:
    """HTTP 200: the SDK reads no body of any other status."""
    return {"next": next_step, "error": {"code": code, "message": message}}


def device(world: World, call: str, token: str = "", **body: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return world.send("POST", f"/sandbox/prove/v1/client/{call}", json=body, headers=headers)


def in_a_flow(world: World, call: str, **body: Any) -> requests.Response:
    return device(world, f"device/passive/{call}", world.unify(ADA)["authToken"], **body)


def authenticated(world: World) -> requests.Response:
    """What the SDK is answered last."""
    answers: list[requests.Response] = []

    def post(url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Mapping[str, Any]:
        answers.append(world.session.post(url, json=body, headers=dict(headers), timeout=world.patience_s))
        answer: Mapping[str, Any] = answers[-1].json()
        return answer

    world.device.authenticate(world.unify(ADA)["authToken"], post)
    return answers[-1]


def verified(world: World) -> requests.Response:
    world.bound(ADA)
    return authenticated(world)


def after_the_bind(world: World, reuse: str) -> requests.Response:
    world.turn(auth_token_reuse=reuse)
    unified = world.unify(ADA)
    world.authenticate(unified["authToken"])
    world.status(unified["correlationId"])
    world.bind(unified["correlationId"], ADA)
    return device(world, "device/passive/error", unified["authToken"], code=1, message="once more")


def verify_unknown(world: World, unknown_device: str) -> requests.Response:
    world.turn(unknown_device=unknown_device)
    return in_a_flow(world, "verify", deviceId=NOBODY_ID, keyId="key-1", signature="")


def of_known_device(world: World, call: str) -> requests.Response:
    world.bound(ADA)
    [registration] = world.device.registrations.values()
    return device(world, call, deviceId=registration.device_id)


def identity_of(world: World, number: str, which: str) -> requests.Response:
    world.bound(ADA)
    return world.identity(f"{number}{which}")


def identity_too_fast(world: World) -> requests.Response:
    """All server calls count, of whatever kind."""
    world.turn(requests_per_second="25")
    for _ in range(200):
        response = world.identity(f"{ADA}/lookup")
        if response.status_code != 429:
            response = world.identity(NOBODY_ID)
        if response.status_code == 429:
            break
    return response


CASES = [
    Case("register", SDK, "register", authenticated, "", {"next": "done", "data": {"deviceId": UUID}}),
    Case("verify", SDK, "verify", verified, "", {"next": "done"}),
    Case("register without a token", SDK, "register", lambda w: device(w, "device/passive/register"), "",
         error(8002, "not authorized"), 401),
    Case("register of nothing", SDK, "register", lambda w: in_a_flow(w, "register"), "",
         failure(10002, "registration is malformed")),
    Case("verify by a device unknown", SDK, "verify", lambda w: verify_unknown(w, "heal"), "",
         failure(10006, "no device found", HEAL)),
    Case("verify by a device unknown, strictly", SDK, "verify", lambda w: verify_unknown(w, "strict"), "",
         failure(10006, "no device found")),
    Case("an error of the SDK's", SDK, "error", lambda w: in_a_flow(w, "error", code=1, message="so it is"), "",
         {"next": ""}),
    Case("an SDK that lost half of its key", SDK, "error",
         lambda w: in_a_flow(w, "error", message="DeviceId is missing"), "", failure(10006, "no device found", HEAL)),
    Case("a challenge", SDK, "challenge", lambda w: of_known_device(w, "challenge"), "",
         {"challenge": Like("[0-9a-f]{32}", "0" * 32), "deviceId": UUID, "ttl": 300}),
    Case("a challenge for nobody", SDK, "challenge", lambda w: device(w, "challenge", deviceId=NOBODY_ID), "",
         failure(10006, "no device found")),
    Case("unregister unsigned", SDK, "unregister", lambda w: of_known_device(w, "device/unregister"), "",
         failure(10003, "request is not signed")),
    Case("unregister nobody", SDK, "unregister", lambda w: device(w, "device/unregister", deviceId=NOBODY_ID), "",
         failure(10006, "no device found")),
    Case("an authToken after its bind", "assumed", "error", lambda w: after_the_bind(w, "refused"), "",
         error(8002, "not authorized"), 401),
    Case("an authToken after its bind, accepted", "assumed", "error",
         lambda w: after_the_bind(w, "accepted"), "", {"next": ""}),

    Case("look up an identity", IDENTITY, "lookup", lambda w: identity_of(w, ADA, "/lookup"), "",
         {**RECORD, "deviceId": UUID}),
    Case("look up nobody's identity", IDENTITY, "lookup", lambda w: identity_of(w, BEN, "/lookup"), "",
         error(8011, "Identity Not Found"), 404),
    Case("fetch nobody's identity", IDENTITY, "identity", lambda w: w.identity(NOBODY_ID), "",
         error(8011, "Identity Not Found"), 404),
    Case("look up an identity without a token", ERRORS, "lookup",
         lambda w: w.send("GET", f"/sandbox/prove/v3/identity/{ADA}/lookup"), "", error(8002, "not authorized"), 401),
    Case("look up identities too fast", ERRORS, "lookup", identity_too_fast, "", error(1000), 429,
         {"Retry-After": "1"}),
]  # fmt: skip
