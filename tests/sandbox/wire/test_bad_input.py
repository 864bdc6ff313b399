"""Whatever is sent, the sandbox answers as a vendor would: never an exception, never a 5xx that nobody ordered."""

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
some = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def post(sandbox: SandboxDriver, path: str, token: str, body: bytes) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return sandbox.send("POST", f"/sandbox/prove/{path}", data=body, headers=headers)


@some
@given(body=BODIES, call=st.sampled_from(SERVER_CALLS))
def test_prove_refuses_what_it_does_not_understand(embedded: SandboxDriver, body: Any, call: str) -> None:
    embedded.access_token = embedded.access_token or embedded.token().json()["access_token"]

    assert post(embedded, f"v3/{call}", embedded.access_token, json.dumps(body).encode()).status_code < 500


@some
@given(body=BODIES, call=st.sampled_from(DEVICE_CALLS))
def test_the_device_api_refuses_what_it_does_not_understand(embedded: SandboxDriver, body: Any, call: str) -> None:
    answer = post(embedded, f"v1/client/{call}", embedded.unify("+12025550101")["authToken"], json.dumps(body).encode())

    assert answer.status_code == 200
    assert isinstance(answer.json()["next"], str)


@some
@given(body=st.binary(max_size=40), call=st.sampled_from(SERVER_CALLS + DEVICE_CALLS))
def test_bytes_are_not_json(embedded: SandboxDriver, body: bytes, call: str) -> None:
    folder = "v3" if call in SERVER_CALLS else "v1/client"

    assert post(embedded, f"{folder}/{call}", "token", body).status_code < 500


@some
@given(form=st.dictionaries(st.sampled_from(TWILIO_FIELDS), st.text(st.characters(codec="utf-8"), max_size=14)))
def test_twilio_refuses_what_it_does_not_understand(embedded: SandboxDriver, form: dict[str, str]) -> None:
    for call in ("Verifications", "VerificationCheck"):
        answer = embedded.twilio(f"/v2/Services/{SERVICE}/{call}", form)
        assert answer.status_code < 500
        assert answer.json()["code"] > 0


CONTROLS = ("faults", "clock", "switches", "airplane", "revoke", "reset")
ORDERS = ("route", "kind", "times", "number", "status", "seconds", "body", "headers", "effect", "advance_s", "on",
          "deviceId", "region")  # fmt: skip
ODD = VALUES | st.floats() | st.sampled_from([10**30, "prove.unify", "answer", "latency", "9" * 5000, "\0"])


@some
@given(order=st.dictionaries(st.sampled_from(ORDERS), ODD, max_size=6) | ODD, control=st.sampled_from(CONTROLS))
def test_the_control_api_refuses_what_it_does_not_understand(client: Client, order: Any, control: str) -> None:
    url = f"/sandbox/control/{control}"
    answer = client.generic("POST", url, json.dumps(order), content_type="application/json")

    assert answer.status_code == 200 or (answer.status_code == 400 and answer.json()["error"])
    assert client.get("/sandbox/").status_code == 200


NO_ORDERS = (b"[]", b"null", b"NaN", b'"', b"{", b"\xff", b'{"a":"\\ud800"}', b"9" * 5000, b" " * 3_000_000,
             b"[" * 50_000, b'{"body":' * 900 + b"1" + b"}" * 900,
             b'{"route":"prove.unify","kind":"answer","body":' + b"[" * 600 + b"]" * 600 + b"}")  # fmt: skip


@pytest.mark.parametrize("control", [*CONTROLS, "faults/clear"])
@pytest.mark.parametrize("body", NO_ORDERS, ids=lambda body: body[:12].decode(errors="replace"))
def test_a_control_says_no_to_a_body_that_is_no_order(control: str, body: bytes, client: Client) -> None:
    answer = client.generic("POST", f"/sandbox/control/{control}", body, content_type="application/json")

    assert (answer.status_code, list(answer.json())) == (400, ["error"])


TOO_BIG = {
    "prove.token": ("/sandbox/prove/token", "application/x-www-form-urlencoded"),
    "prove.unify": ("/sandbox/prove/v3/unify", "application/json"),
    "prove.device_challenge": ("/sandbox/prove/v1/client/challenge", "application/json"),
    "twilio.verification": (
        f"/sandbox/twilio/v2/Services/{SERVICE}/Verifications",
        "application/x-www-form-urlencoded",
    ),
}


@pytest.mark.parametrize("route", TOO_BIG)
def test_a_call_too_big_to_read_is_refused_and_written_down(route: str, sandbox: SandboxDriver) -> None:
    (path, content_type), headers = TOO_BIG[route], {}
    if route == "prove.unify":
        headers = {"Authorization": f"Bearer {sandbox.token().json()['access_token']}"}
    auth = (ACCOUNT, TOKEN) if route.startswith("twilio.") else None

    answer = sandbox.send(
        "POST", path, data=b"x" * 3_000_000, headers={**headers, "Content-Type": content_type}, auth=auth
    )

    assert 400 <= answer.status_code < 500
    assert answer.json()["code"] > 0
    [*_, line] = sandbox.ledger(route)
    assert (line["status"], line["effect"]) == (answer.status_code, False)


def test_a_form_of_no_shape_is_refused_and_written_down(embedded: SandboxDriver) -> None:
    path, broken = f"/sandbox/twilio/v2/Services/{SERVICE}/Verifications", {"Content-Type": "multipart/form-data"}

    answer = embedded.send("POST", path, data=b"x", headers=broken, auth=(ACCOUNT, TOKEN))

    assert (answer.status_code, len(embedded.ledger("twilio.verification"))) == (400, 1)


def test_json_nested_too_deep_is_malformed(embedded: SandboxDriver) -> None:
    deep = b'{"a":' + b"[" * 3900

    assert post(embedded, "v3/unify", embedded.token().json()["access_token"], deep).json()["code"] == 8001


@pytest.mark.parametrize("number", ["+99912345678", "+8881234567", "+15555555555"])
def test_the_desk_shows_numbers_of_no_country(number: str, embedded: SandboxDriver, client: Client) -> None:
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
def test_a_wrong_path_or_verb_is_refused_as_the_vendor_would(
    method: str, path: str, status: int, sandbox: SandboxDriver
) -> None:
    assert sandbox.send(method, path, auth=(ACCOUNT, TOKEN)).status_code == status


def test_identities_can_be_looked_up(sandbox: SandboxDriver) -> None:
    sandbox.bound_flow("+12025550101")
    headers = {"Authorization": f"Bearer {sandbox.access_token}"}

    found = sandbox.send("GET", "/sandbox/prove/v3/identity/+12025550101/lookup", headers=headers).json()

    assert found["deviceId"]
    assert sandbox.send("GET", f"/sandbox/prove/v3/identity/{found['proveId']}", headers=headers).json() == found
    assert sandbox.send("GET", "/sandbox/prove/v3/identity/+12025550199/lookup", headers=headers).json()["code"] == 8011


def test_a_known_person_may_come_back_by_prove_id_alone(embedded: SandboxDriver) -> None:
    prove_id = embedded.status(embedded.bound_flow("+12025550101")).json()["proveId"]

    unified = embedded.prove("/v3/unify", possessionType="none", clientRequestId="r", proveId=prove_id).json()

    embedded.authenticate(unified["authToken"])
    assert embedded.status(unified["correlationId"]).json()["success"] == "true"


def test_a_flow_ends_with_its_hour(embedded: SandboxDriver) -> None:
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
def test_a_field_that_prove_would_not_take_is_named(field: str, value: str, embedded: SandboxDriver) -> None:
    assert embedded.unify("+12025550101", **{field: value})["message"] == f"field '{field}' is invalid"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_in_json_is_no_json(number: str, embedded: SandboxDriver) -> None:
    body = f'{{"rebind": {number}}}'.encode()
    answer = post(embedded, "v3/unify", embedded.token().json()["access_token"], body)

    assert (answer.status_code, answer.json()["code"]) == (400, 8001)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_prove_speaks_json_alone(content_type: str, embedded: SandboxDriver) -> None:
    headers = embedded.authorization() | {"Content-Type": content_type}

    assert embedded.send("POST", "/sandbox/prove/v3/unify", data=b"{}", headers=headers).status_code == 403
