"""Wire cases of Prove's device API, which the Web SDK calls. No client of ours does.

Prove does not document it. The cases are what @prove-identity/prove-auth 3.6.2 was observed to need.
"""

from collections.abc import Mapping
from typing import Any

import requests

from tests.sandbox.driver import SandboxDriver
from tests.wire.case import UUID, Case, Like
from tests.wire.prove import ADA, UNKNOWN_ID, error

SDK = "@prove-identity/prove-auth 3.6.2"
REGISTER_AGAIN = "device/passive/silent"


def failure(code: int, message: str, next_step: str = "") -> dict[str, Any]:
    """An error with HTTP 200, because the SDK reads the body of no other status."""
    return {"next": next_step, "error": {"code": code, "message": message}}


def device(sandbox: SandboxDriver, call: str, token: str = "", **body: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return sandbox.send("POST", f"/sandbox/prove/v1/client/{call}", json=body, headers=headers)


def in_a_flow(sandbox: SandboxDriver, call: str, **body: Any) -> requests.Response:
    return device(sandbox, f"device/passive/{call}", sandbox.unify(ADA)["authToken"], **body)


def authenticated(sandbox: SandboxDriver) -> requests.Response:
    """The last response that the SDK gets in a flow."""
    answers: list[requests.Response] = []

    def post(url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Mapping[str, Any]:
        answers.append(sandbox.session.post(url, json=body, headers=dict(headers), timeout=sandbox.timeout_s))
        answer: Mapping[str, Any] = answers[-1].json()
        return answer

    sandbox.device.authenticate(sandbox.unify(ADA)["authToken"], post)
    return answers[-1]


def verified(sandbox: SandboxDriver) -> requests.Response:
    sandbox.bound_flow(ADA)
    return authenticated(sandbox)


def after_the_bind(sandbox: SandboxDriver, reuse: str) -> requests.Response:
    sandbox.set_switches(auth_token_reuse=reuse)
    unified = sandbox.unify(ADA)
    sandbox.authenticate(unified["authToken"])
    sandbox.status(unified["correlationId"])
    sandbox.bind(unified["correlationId"], ADA)
    return device(sandbox, "device/passive/error", unified["authToken"], code=1, message="once more")


def verify_by_unknown_device(sandbox: SandboxDriver, unknown_device: str) -> requests.Response:
    sandbox.set_switches(unknown_device=unknown_device)
    return in_a_flow(sandbox, "verify", deviceId=UNKNOWN_ID, keyId="key-1", signature="")


def of_known_device(sandbox: SandboxDriver, call: str) -> requests.Response:
    sandbox.bound_flow(ADA)
    [registration] = sandbox.device.registrations.values()
    return device(sandbox, call, deviceId=registration.device_id)


CASES = [
    Case("register", SDK, "register", authenticated, "", {"next": "done", "data": {"deviceId": UUID}}),
    Case("verify", SDK, "verify", verified, "", {"next": "done"}),
    Case("register without a token", SDK, "register", lambda s: device(s, "device/passive/register"), "",
         error(8002, "not authorized"), 401),
    Case("register with an empty body", SDK, "register", lambda s: in_a_flow(s, "register"), "",
         failure(10002, "registration is malformed")),
    Case("verify by an unknown device", SDK, "verify", lambda s: verify_by_unknown_device(s, "heal"), "",
         failure(10006, "no device found", REGISTER_AGAIN)),
    Case("verify by an unknown device, strict", SDK, "verify", lambda s: verify_by_unknown_device(s, "strict"), "",
         failure(10006, "no device found")),
    Case("a reported error", SDK, "error", lambda s: in_a_flow(s, "error", code=1, message="so it is"), "",
         {"next": ""}),
    Case("a reported error of an SDK without its deviceId", SDK, "error",
         lambda s: in_a_flow(s, "error", message="DeviceId is missing"), "",
         failure(10006, "no device found", REGISTER_AGAIN)),
    Case("a challenge", SDK, "challenge", lambda s: of_known_device(s, "challenge"), "",
         {"challenge": Like("[0-9a-f]{32}", "0" * 32), "deviceId": UUID, "ttl": 300}),
    Case("a challenge for an unknown device", SDK, "challenge",
         lambda s: device(s, "challenge", deviceId=UNKNOWN_ID), "", failure(10006, "no device found")),
    Case("unregister without a signature", SDK, "unregister", lambda s: of_known_device(s, "device/unregister"), "",
         failure(10003, "request is not signed")),
    Case("unregister an unknown device", SDK, "unregister",
         lambda s: device(s, "device/unregister", deviceId=UNKNOWN_ID), "", failure(10006, "no device found")),
    Case("an authToken after its bind", "assumed", "error", lambda s: after_the_bind(s, "refused"), "",
         error(8002, "not authorized"), 401),
    Case("an authToken after its bind, accepted", "assumed", "error",
         lambda s: after_the_bind(s, "accepted"), "", {"next": ""}),
]  # fmt: skip
