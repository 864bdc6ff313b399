"""Invalid input gets the vendor's error: never an exception, and never a 5xx unless a fault orders it."""

import json
from typing import Any

import pytest
import requests
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.prove import jwts
from tests.sandbox.driver import ACCOUNT, SERVICE, TOKEN, SandboxDriver

SERVER_CALLS = ("unify", "unify-status", "unify-bind", "device/revoke")
DEVICE_CALLS = ("device/passive/register", "device/passive/verify", "device/passive/error", "challenge",
                "device/unregister", "stepup/unregister")  # fmt: skip
TWILIO_FIELDS = ("To", "Channel", "Code", "VerificationSid", "Status")
FIELDS = ("possessionType", "clientRequestId", "phoneNumber", "proveId", "correlationId", "deviceId", "rebind",
          "registrations", "publicKey", "signature", "keyId", "message", "code")  # fmt: skip
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["none", "+12025550101", "\ud800"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3),
    max_leaves=6,
)
BODIES = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6) | VALUES
examples = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def post(sandbox: SandboxDriver, path: str, token: str, body: bytes) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return sandbox.send("POST", f"/sandbox/prove/{path}", data=body, headers=headers)


@examples
@given(body=BODIES, call=st.sampled_from(SERVER_CALLS))
def test_prove_never_fails_on_any_json(embedded: SandboxDriver, body: Any, call: str) -> None:
    embedded.access_token = embedded.access_token or embedded.token().json()["access_token"]

    assert post(embedded, f"v3/{call}", embedded.access_token, json.dumps(body).encode()).status_code < 500


@examples
@given(body=BODIES, call=st.sampled_from(DEVICE_CALLS))
def test_the_device_api_never_fails_on_any_json(embedded: SandboxDriver, body: Any, call: str) -> None:
    answer = post(embedded, f"v1/client/{call}", embedded.unify("+12025550101")["authToken"], json.dumps(body).encode())

    assert answer.status_code == 200
    assert isinstance(answer.json()["next"], str)


@examples
@given(body=st.binary(max_size=40), call=st.sampled_from(SERVER_CALLS + DEVICE_CALLS))
def test_prove_never_fails_on_any_bytes(embedded: SandboxDriver, body: bytes, call: str) -> None:
    folder = "v3" if call in SERVER_CALLS else "v1/client"

    assert post(embedded, f"{folder}/{call}", "token", body).status_code < 500


@examples
@given(form=st.dictionaries(st.sampled_from(TWILIO_FIELDS), st.text(st.characters(codec="utf-8"), max_size=14)))
def test_twilio_never_fails_on_any_form(embedded: SandboxDriver, form: dict[str, str]) -> None:
    for call in ("Verifications", "VerificationCheck"):
        answer = embedded.twilio(f"/v2/Services/{SERVICE}/{call}", form)
        assert answer.status_code < 500
        assert answer.json()["code"] > 0


CONTROLS = ("faults", "clock", "switches", "airplane", "revoke", "reset")
ARGUMENTS = ("route", "kind", "times", "number", "status", "seconds", "body", "headers", "effect", "advance_s", "on",
          "deviceId", "region")  # fmt: skip
ANY_VALUE = VALUES | st.floats() | st.sampled_from([10**30, "prove.unify", "answer", "latency", "9" * 5000, "\0"])


@examples
@given(
    order=st.dictionaries(st.sampled_from(ARGUMENTS), ANY_VALUE, max_size=6) | ANY_VALUE,
    control=st.sampled_from(CONTROLS),
)
def test_the_control_api_never_fails_on_any_json(client: Client, order: Any, control: str) -> None:
    url = f"/sandbox/control/{control}"
    answer = client.generic("POST", url, json.dumps(order), content_type="application/json")

    assert answer.status_code == 200 or (answer.status_code == 400 and answer.json()["error"])
    assert client.get("/sandbox/").status_code == 200


INVALID_BODIES = (b"[]", b"null", b"NaN", b'"', b"{", b"\xff", b'{"a":"\\ud800"}', b"9" * 5000, b" " * 3_000_000,
             b"[" * 50_000, b'{"body":' * 900 + b"1" + b"}" * 900,
             b'{"route":"prove.unify","kind":"answer","body":' + b"[" * 600 + b"]" * 600 + b"}")  # fmt: skip


@pytest.mark.parametrize("control", [*CONTROLS, "faults/clear"])
@pytest.mark.parametrize("body", INVALID_BODIES, ids=lambda body: body[:12].decode(errors="replace"))
def test_the_control_api_refuses_a_body_that_is_no_json_object(control: str, body: bytes, client: Client) -> None:
    answer = client.generic("POST", f"/sandbox/control/{control}", body, content_type="application/json")

    assert (answer.status_code, list(answer.json())) == (400, ["error"])


FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@pytest.mark.parametrize(
    ("route", "path", "content_type", "status"),
    [
        ("prove.token", "/prove/token", FORM, 413),
        ("prove.unify", "/prove/v3/unify", JSON, 400),
        ("prove.device_revoke", "/prove/v3/device/revoke", JSON, 400),
        ("prove.device_challenge", "/prove/v1/client/challenge", JSON, 413),
        ("twilio.verification", f"/twilio/v2/Services/{SERVICE}/Verifications", FORM, 413),
    ],
)
def test_a_body_of_3_mb_gets_the_vendors_error_and_a_ledger_entry(
    route: str, path: str, content_type: str, status: int, sandbox: SandboxDriver
) -> None:
    headers = {"Content-Type": content_type} | (sandbox.authorization() if "/v3/" in path else {})
    auth = (ACCOUNT, TOKEN) if route.startswith("twilio.") else None

    answer = sandbox.send("POST", f"/sandbox{path}", data=b"x" * 3_000_000, headers=headers, auth=auth)

    assert (answer.status_code, type(answer.json()["code"])) == (status, int)
    entry = sandbox.ledger(route)[-1]
    assert (entry["status"], entry["effect"]) == (status, False)


def test_a_malformed_form_is_refused_and_gets_a_ledger_entry(embedded: SandboxDriver) -> None:
    path, broken = f"/sandbox/twilio/v2/Services/{SERVICE}/Verifications", {"Content-Type": "multipart/form-data"}

    answer = embedded.send("POST", path, data=b"x", headers=broken, auth=(ACCOUNT, TOKEN))

    assert (answer.status_code, len(embedded.ledger("twilio.verification"))) == (400, 1)


def test_json_that_is_nested_too_deep_is_refused(embedded: SandboxDriver) -> None:
    deep = b'{"a":' + b"[" * 3900

    assert post(embedded, "v3/unify", embedded.token().json()["access_token"], deep).json()["code"] == 8001


@pytest.mark.parametrize("number", ["+99912345678", "+8881234567", "+15555555555"])
def test_the_page_shows_numbers_without_a_country(number: str, embedded: SandboxDriver, client: Client) -> None:
    embedded.unify(number)

    assert client.get("/sandbox/").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/sandbox/prove/v3/unify", 403),
        ("PUT", "/sandbox/prove/token", 403),
        ("POST", "/sandbox/prove/unify", 403),
        ("POST", "/sandbox/prove/", 403),
        ("GET", "/sandbox/prove/v1/client/challenge", 403),
        ("DELETE", f"/sandbox/twilio/v2/Services/{SERVICE}/Verifications", 405),
        ("GET", f"/sandbox/twilio/v2/Services/{SERVICE}/VerificationCheck", 405),
        ("GET", "/sandbox/twilio/v2/Nonsense", 404),
        ("GET", f"/sandbox/twilio/v2/Services/{SERVICE}/Verifications/VEnonsense", 404),
    ],
)
def test_a_wrong_path_or_method_gets_the_vendors_status(
    method: str, path: str, status: int, sandbox: SandboxDriver
) -> None:
    assert sandbox.send(method, path, auth=(ACCOUNT, TOKEN)).status_code == status


def test_identities_can_be_looked_up_by_number_and_fetched_by_prove_id(sandbox: SandboxDriver) -> None:
    sandbox.bound_flow("+12025550101")
    headers = {"Authorization": f"Bearer {sandbox.access_token}"}

    looked_up = sandbox.send("GET", "/sandbox/prove/v3/identity/+12025550101/lookup", headers=headers).json()
    [found] = looked_up["items"]

    assert found["deviceId"]
    assert sandbox.send("GET", f"/sandbox/prove/v3/identity/{found['proveId']}", headers=headers).json() == found
    assert sandbox.send("GET", "/sandbox/prove/v3/identity/+12025550199/lookup", headers=headers).json() == {}


def test_a_flow_can_be_started_with_a_prove_id_only(embedded: SandboxDriver) -> None:
    prove_id = embedded.status(embedded.bound_flow("+12025550101")).json()["proveId"]

    unified = embedded.prove("/v3/unify", possessionType="none", clientRequestId="r", proveId=prove_id).json()

    embedded.authenticate(unified["authToken"])
    assert embedded.status(unified["correlationId"]).json()["success"] == "true"


def test_a_flow_expires_after_an_hour(embedded: SandboxDriver) -> None:
    correlation_id = embedded.checked_flow("+12025550101")
    embedded.advance_clock(jwts.ACCESS_TOKEN_LIFE_S + 1)
    embedded.access_token = ""

    assert embedded.status(correlation_id).json()["code"] == 8008


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("smsMessage", "x" * 161),
        ("finalTargetUrl", "https://example.com/?a=1&b=2"),
        ("finalTargetUrl", "x" * 129),
        ("emailAddress", "not an e-mail!"),
        ("ipAddress", "§§"),
    ],
)
def test_an_invalid_field_is_named_in_the_error(field: str, value: str, embedded: SandboxDriver) -> None:
    assert embedded.unify("+12025550101", **{field: value})["message"] == f"field '{field}' is invalid"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_nan_and_infinity_are_refused_as_json(number: str, embedded: SandboxDriver) -> None:
    body = f'{{"rebind": {number}}}'.encode()
    answer = post(embedded, "v3/unify", embedded.token().json()["access_token"], body)

    assert (answer.status_code, answer.json()["code"]) == (400, 8001)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_prove_refuses_other_content_types_than_json(content_type: str, embedded: SandboxDriver) -> None:
    headers = embedded.authorization() | {"Content-Type": content_type}

    assert embedded.send("POST", "/sandbox/prove/v3/unify", data=b"{}", headers=headers).status_code == 403
