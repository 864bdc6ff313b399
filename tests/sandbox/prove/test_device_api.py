"""The device API: signatures, tokens, origins, and the states of keys and numbers."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec

from tests.device import PretendDevice, claims, over_http, sign
from tests.sandbox.driver import SandboxDriver

ADA, BEN = "+12025550101", "+12025550102"
DEVICE_API = "/sandbox/prove/v1/client"
UNKNOWN_KEY_TYPE = "-----BEGIN PUBLIC KEY-----\nMBAwBQYDKgMEAwcAAQIDBAUG\n-----END PUBLIC KEY-----\n"
Change = Callable[[dict[str, Any]], object]


def post(sandbox: SandboxDriver, call: str, body: Mapping[str, Any], token: str = "") -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return sandbox.send("POST", f"{DEVICE_API}/{call}", json=body, headers=headers)


def response_to_changed(sandbox: SandboxDriver, change: Change) -> dict[str, Any]:
    """The body of the response if the Web SDK's request is changed on its way."""
    answers = []
    send = over_http(sandbox.session)

    def send_changed(url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Mapping[str, Any]:
        changed = dict(body)
        change(changed)
        answers.append(send(url, changed, headers))
        return {"next": ""}

    sandbox.device.authenticate(sandbox.unify(ADA)["authToken"], send_changed)
    return dict(answers[0])


def other_signature(_: Any = None) -> str:
    return sign(ec.generate_private_key(ec.SECP256R1()), "something")


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body["registrations"][0].update(signature=other_signature()),
        lambda body: body["registrations"][0].update(signature="not base64!"),
        lambda body: body["registrations"][0]["publicKey"].update(key="a malformed key"),
        lambda body: body["registrations"][0]["publicKey"].update(key=UNKNOWN_KEY_TYPE),
        lambda body: body["registrations"][0]["publicKey"].update(alg="RS256"),
        lambda body: body.update(registrations=[]),
        lambda body: body.clear(),
    ],
    ids=[
        "signed by another key",
        "a malformed signature",
        "a malformed key",
        "an unknown type of key",
        "another algorithm",
        "no registration",
        "an empty body",
    ],
)
def test_register_requires_a_signature_by_the_registered_key(change: Change, embedded: SandboxDriver) -> None:
    answer = response_to_changed(embedded, change)

    assert (answer["next"], answer["error"]["code"]) == ("", 10002)
    [line] = embedded.ledger("prove.device_register")
    assert (line["outcome"], line["effect"]) == ("10002", False)


def test_verify_requires_a_signature_by_the_device(embedded: SandboxDriver) -> None:
    embedded.bound_flow(ADA)

    answer = response_to_changed(embedded, lambda body: body.update(signature=other_signature()))

    assert answer["error"]["code"] == 10002


def test_verify_with_the_key_id_of_another_device_finds_no_device(embedded: SandboxDriver) -> None:
    embedded.bound_flow(ADA)

    answer = response_to_changed(embedded, lambda body: body.update(keyId="another"))

    assert (answer["next"], answer["error"]["code"]) == ("device/passive/silent", 10006)


def test_a_signature_is_not_valid_in_another_flow(embedded: SandboxDriver) -> None:
    embedded.bound_flow(ADA)
    seen: list[Mapping[str, Any]] = []
    send = over_http(embedded.session)

    def send_and_record(url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Mapping[str, Any]:
        seen.append(body)
        return send(url, body, headers)

    assert embedded.device.authenticate(embedded.unify(ADA)["authToken"], send_and_record)

    replayed = post(embedded, "device/passive/verify", seen[0], embedded.unify(ADA)["authToken"])

    assert replayed.json()["error"]["code"] == 10002


@pytest.mark.parametrize("token", ["", "abc", "a.b.c", "eyJhbGciOiJub25lIn0.eyJhdXRoIjp7ImlkIjoiMSJ9fQ."])
def test_an_invalid_token_is_refused(token: str, embedded: SandboxDriver) -> None:
    assert post(embedded, "device/passive/register", {}, token).status_code == 401


def test_a_token_signed_by_another_sandbox_is_refused(embedded: SandboxDriver) -> None:
    header, payload, signature = embedded.unify(ADA)["authToken"].split(".")

    forged = f"{header}.{payload}.{signature[::-1]}"

    assert post(embedded, "device/passive/register", {}, forged).status_code == 401


def test_an_access_token_is_no_auth_token(embedded: SandboxDriver) -> None:
    assert post(embedded, "device/passive/register", {}, embedded.token().json()["access_token"]).status_code == 401


@pytest.mark.parametrize("number", ["2001004014", "+2001004025", "+447700900123", ADA])
def test_the_payload_of_an_auth_token_has_no_characters_that_atob_rejects(number: str, sandbox: SandboxDriver) -> None:
    for _ in range(20):
        payload = sandbox.unify(number)["authToken"].split(".")[1]
        assert not {"-", "_"} & set(payload)


def test_an_auth_token_names_the_endpoint_and_a_namespace_for_it(
    embedded: SandboxDriver, standalone: SandboxDriver
) -> None:
    of_embedded, of_standalone = (claims(sandbox.unify(ADA)["authToken"])["auth"] for sandbox in (embedded, standalone))

    assert of_embedded["endp"] == "/sandbox/prove"
    assert of_standalone["endp"] == f"{standalone.origin}/sandbox/prove"
    assert of_embedded["ans"] != of_standalone["ans"]  # the SDK stores one endpoint per namespace for ever


def test_pages_of_other_origins_may_call_the_device_api(standalone: SandboxDriver) -> None:
    url = f"{standalone.origin}{DEVICE_API}/device/passive/register"
    asking = {
        "Origin": "https://app.example",
        "Access-Control-Request-Headers": "authorization,content-type,pa-version",
    }

    preflight = requests.options(url, headers=asking, timeout=5)
    refused = requests.post(url, headers={"Origin": "https://app.example"}, timeout=5)

    allowed = preflight.headers["Access-Control-Allow-Headers"].split(", ")
    assert {"authorization", "content-type", "pa-version", "pa-kid", "pa-signature", "pa-challenge"} <= set(allowed)
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, "*")


def test_pages_of_other_origins_may_not_call_the_api_for_servers(standalone: SandboxDriver) -> None:
    answer = requests.options(
        f"{standalone.origin}/sandbox/prove/v3/unify", headers={"Origin": "https://app.example"}, timeout=5
    )

    assert "Access-Control-Allow-Origin" not in answer.headers


def test_unregister_requires_a_signature(embedded: SandboxDriver) -> None:
    embedded.bound_flow(ADA)
    [registration] = embedded.device.registrations.values()

    refused = post(embedded, "device/unregister", {"deviceId": registration.device_id})

    assert refused.json()["error"]["code"] == 10003
    assert embedded.status(embedded.checked_flow(ADA)).json()["success"] == "true"


def test_each_browser_has_a_key_of_its_own(embedded: SandboxDriver) -> None:
    embedded.bound_flow(ADA)
    first, embedded.device = embedded.device, PretendDevice(embedded.origin)
    assert embedded.status(embedded.checked_flow(ADA)).json()["success"] == "possession_required"

    embedded.device = first

    assert embedded.status(embedded.checked_flow(ADA)).json()["success"] == "true"


def test_a_key_bound_by_another_flow_after_the_status_is_not_moved_without_rebind(embedded: SandboxDriver) -> None:
    late = embedded.checked_flow(ADA)
    embedded.status(late)
    embedded.bound_flow(BEN)

    answer = embedded.bind(late, ADA).json()

    assert list(answer["evaluation"]["authentication"]["failureReasons"]) == ["9101"]
    assert embedded.status(embedded.checked_flow(BEN)).json()["success"] == "true"


def test_a_key_revoked_after_the_status_is_not_bound(embedded: SandboxDriver) -> None:
    correlation_id = embedded.checked_flow(ADA)
    embedded.status(correlation_id)
    [registration] = embedded.device.registrations.values()
    embedded.control("POST", "control/revoke", {"deviceId": registration.device_id})

    assert embedded.bind(correlation_id, ADA).status_code == 403
    assert embedded.status(correlation_id).json()["success"] == "false"


def test_a_recycled_number_gets_a_new_prove_id_at_each_bind(embedded: SandboxDriver) -> None:
    number = "+12025550103"
    first = embedded.status(embedded.bound_flow(number)).json()["proveId"]
    embedded.device.forget()

    assert embedded.status(embedded.bound_flow(number)).json()["proveId"] != first


def test_a_number_keeps_its_prove_id(embedded: SandboxDriver) -> None:
    first = embedded.status(embedded.bound_flow(ADA)).json()["proveId"]
    embedded.device.forget()

    assert embedded.status(embedded.bound_flow(ADA)).json()["proveId"] == first


def test_a_pending_status_ends_after_its_time(embedded: SandboxDriver) -> None:
    correlation_id = embedded.checked_flow("+12025550120")
    assert embedded.status(correlation_id).json()["success"] == "pending"

    embedded.advance_clock(6)

    assert embedded.status(correlation_id).json()["success"] == "possession_required"


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", "", "?"])
def test_an_invalid_origin_header_is_ignored(origin: str, standalone: SandboxDriver) -> None:
    token = standalone.unify(ADA)["authToken"]
    headers = {"Authorization": f"Bearer {token}", "Origin": origin}
    answer = standalone.send("POST", f"{DEVICE_API}/device/passive/register", json={}, headers=headers)
    assert answer.status_code == 200 and answer.json()["error"]["code"] == 10002
