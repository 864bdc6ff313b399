"""Prove's replies, as its pages show them, and what the client makes of them."""

import json
from typing import Any

import pytest
import responses
from django.conf import LazySettings

from onboarding.domain.errors import Busy, Garbled, Refused, Uncertain, Unreachable, UpstreamError
from onboarding.domain.policy import Success
from onboarding.upstream import prove as module
from onboarding.upstream.prove import Prove, StartedFlow
from tests.upstream.wire import prove as wire
from tests.upstream.wire.answers import Reply

BASE = "https://platform.uat.proveapis.com"
URLS = {
    "token": f"{BASE}/token",
    "unify": f"{BASE}/v3/unify",
    "unify-status": f"{BASE}/v3/unify-status",
    "unify-bind": f"{BASE}/v3/unify-bind",
    "revoke": f"{BASE}/v3/device/revoke",
}


@pytest.fixture
def prove(vendor: responses.RequestsMock) -> Prove:
    wire.TOKEN.answers(vendor, URLS["token"])
    return Prove(BASE, "the-client", "the-secret")


def call(prove: Prove, operation: str) -> Any:
    match operation:
        case "unify":
            return prove.unify(wire.NUMBER, wire.REQUEST_ID)
        case "unify-status":
            return prove.unify_status(wire.CORRELATION_ID, wire.REQUEST_ID)
        case "unify-bind":
            return prove.unify_bind(wire.CORRELATION_ID, wire.NUMBER, wire.REQUEST_ID)
    return prove.revoke_device(wire.DEVICE_ID, wire.REQUEST_ID)


OPERATIONS = [operation for operation in URLS if operation != "token"]


def test_it_asks_for_a_token_with_a_form_and_shows_it_in_each_call(
    prove: Prove, vendor: responses.RequestsMock
) -> None:
    wire.UNIFIED.answers(vendor, URLS["unify"])
    call(prove, "unify")
    asked, unify = (recorded.request for recorded in vendor.calls)
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.body == "client_id=the-client&client_secret=the-secret&grant_type=client_credentials"
    assert unify.headers["Authorization"] == "Bearer eyJhbGciOiJSUzI1NiJ9.first"


@pytest.mark.parametrize(
    ("operation", "reply", "sent"),
    [
        (
            "unify",
            wire.UNIFIED,
            {"phoneNumber": wire.NUMBER, "possessionType": "none", "clientRequestId": wire.REQUEST_ID},
        ),
        (
            "unify-status",
            wire.PENDING,
            {"correlationId": wire.CORRELATION_ID, "clientRequestId": wire.REQUEST_ID},
        ),
        (
            "unify-bind",
            wire.BOUND,
            {
                "correlationId": wire.CORRELATION_ID,
                "phoneNumber": wire.NUMBER,
                "clientRequestId": wire.REQUEST_ID,
            },
        ),
        ("revoke", wire.REVOKED, {"deviceId": wire.DEVICE_ID, "clientRequestId": wire.REQUEST_ID}),
    ],
)
def test_it_sends_what_the_page_asks_for_and_nothing_else(
    prove: Prove, vendor: responses.RequestsMock, operation: str, reply: Reply, sent: dict[str, str]
) -> None:
    reply.answers(vendor, URLS[operation])
    call(prove, operation)
    assert json.loads(vendor.calls[-1].request.body or "") == sent


def test_a_rebind_is_said_only_when_it_is_one(prove: Prove, vendor: responses.RequestsMock) -> None:
    wire.UNIFIED.answers(vendor, URLS["unify"])
    prove.unify(wire.NUMBER, wire.REQUEST_ID, rebind=True)
    assert json.loads(vendor.calls[-1].request.body or "")["rebind"] is True


@pytest.mark.parametrize("reply", [wire.UNIFIED, wire.UNIFIED_APRIL_2025])
def test_a_flow_is_started(prove: Prove, vendor: responses.RequestsMock, reply: Reply) -> None:
    reply.answers(vendor, URLS["unify"])
    assert call(prove, "unify") == StartedFlow(wire.CORRELATION_ID, wire.AUTH_TOKEN)


@pytest.mark.parametrize("missing", ["correlationId", "authToken"])
def test_a_flow_without_its_id_or_its_token_is_garbled(
    prove: Prove, vendor: responses.RequestsMock, missing: str
) -> None:
    assert isinstance(wire.UNIFIED.body, dict)
    body = {name: value for name, value in wire.UNIFIED.body.items() if name != missing}
    Reply(wire.UNIFY_PAGE, body).answers(vendor, URLS["unify"])
    with pytest.raises(Garbled):
        call(prove, "unify")


@pytest.mark.parametrize(
    ("operation", "reply", "success", "reasons"),
    [
        ("unify-status", wire.AUTHENTICATED, Success.TRUE, {}),
        ("unify-status", wire.ON_A_DESKTOP, Success.TRUE, {}),
        ("unify-status", wire.PENDING, Success.PENDING, {}),
        ("unify-status", wire.POSSESSION_REQUIRED, Success.POSSESSION_REQUIRED, {}),
        (
            "unify-status",
            wire.KEY_OF_ANOTHER_NUMBER,
            Success.FALSE,
            {"9101": "Phone number does not match the Prove Key."},
        ),
        (
            "unify-status",
            wire.SUSPECT,
            Success.FALSE,
            {"9135": "SIM swap in the last day", "9136": "port", "9999": "not in any list"},
        ),
        ("unify-status", wire.PLACEHOLDER_TEXT, Success.FALSE, {}),
        ("unify-status", wire.PLACEHOLDER_OBJECT, Success.FALSE, {}),
        (
            "unify-status",
            wire.STRAY_BOOLEAN,
            Success.FALSE,
            {"9101": "Phone number does not match the Prove Key."},
        ),
        ("unify-bind", wire.BOUND, Success.TRUE, {}),
        ("unify-bind", wire.BOUND_EVALUATED, Success.TRUE, {}),
        ("unify-bind", wire.NOT_BOUND, Success.FALSE, {}),
    ],
)
def test_each_documented_reply_is_read_and_its_evaluation_kept_whole(
    prove: Prove,
    vendor: responses.RequestsMock,
    operation: str,
    reply: Reply,
    success: Success,
    reasons: dict[str, str],
) -> None:
    reply.answers(vendor, URLS[operation])
    read, written = call(prove, operation), reply.body
    assert isinstance(written, dict)
    assert (read.success, read.failure_reasons) == (success, reasons)
    assert read.evaluation == written.get("evaluation", {})
    assert (read.phone_number, read.prove_id) == (written.get("phoneNumber"), written.get("proveId"))
    assert (read.device_id, read.client_request_id) == (written.get("deviceId"), written.get("clientRequestId"))


@pytest.mark.parametrize(
    "evaluation",
    [
        {"risk": {"result": "fail"}},
        {"risk": {"result": "fail", "failureReasons": {}}},
        {"risk": {"result": "fail", "failureReasons": ["9135"]}},
        {"risk": {"result": "fail", "failureReasons": "9135"}},
        {"risk": {"failureReasons": ["9135"]}},
        {"risk": {"result": "unheard of"}},
        {"risk": [{"failureReasons": {"9135": "SIM swap"}}]},
        {"risk": ["9135"], "authentication": {"result": "pass"}},
    ],
)
def test_a_category_that_did_not_pass_is_a_reason_even_if_its_reasons_can_not_be_read(
    prove: Prove, vendor: responses.RequestsMock, evaluation: dict[str, Any]
) -> None:
    Reply(wire.BIND_PAGE, {"success": "true", **wire.KNOWN, "evaluation": evaluation}).answers(
        vendor, URLS["unify-bind"]
    )
    read = call(prove, "unify-bind")
    assert read.failure_reasons == {"risk": "not understood"} and read.evaluation == evaluation


def test_a_list_in_place_of_an_evaluation_is_a_reason(prove: Prove, vendor: responses.RequestsMock) -> None:
    Reply(wire.BIND_PAGE, {"success": "true", **wire.KNOWN, "evaluation": ["9101"]}).answers(vendor, URLS["unify-bind"])
    read = call(prove, "unify-bind")
    assert read.failure_reasons == {"evaluation": "not understood"} and read.evaluation == {"evaluation": ["9101"]}


@pytest.mark.parametrize(
    "evaluation", ["", "{}", [], 7, True, None, {"key": "{}"}, {"key": {}}, {"key": []}, {"success": True}]
)
def test_a_stub_in_place_of_an_evaluation_costs_nobody_their_answer(
    prove: Prove, vendor: responses.RequestsMock, evaluation: Any
) -> None:
    Reply(wire.BIND_PAGE, {"success": "true", **wire.KNOWN, "evaluation": evaluation}).answers(
        vendor, URLS["unify-bind"]
    )
    assert call(prove, "unify-bind").failure_reasons == {}


@pytest.mark.parametrize("success", [True, False, "True", "TRUE", "yes", "success", "", 1, None, ["true"], {}])
@pytest.mark.parametrize("operation", ["unify-status", "unify-bind"])
def test_success_is_one_of_four_words_or_the_reply_is_garbled(
    prove: Prove, vendor: responses.RequestsMock, operation: str, success: Any
) -> None:
    Reply(wire.STATUS_PAGE, {"success": success, **wire.KNOWN}).answers(vendor, URLS[operation])
    with pytest.raises(Garbled):
        call(prove, operation)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"success": "true"},
        {"success": "true", "deviceId": wire.DEVICE_ID},
        {"success": "true", "proveId": ""},
        {"success": "true", "proveId": None},
        {"success": "true", "proveId": 7},
        {"success": "true", "proveId": "x" * 1000},
        {"success": "pending", "deviceId": ["x"]},
        {"success": "pending", "phoneNumber": 12001004014},
    ],
)
def test_a_success_of_nobody_or_a_value_of_another_type_is_garbled(
    prove: Prove, vendor: responses.RequestsMock, body: dict[str, Any]
) -> None:
    Reply(wire.STATUS_PAGE, body).answers(vendor, URLS["unify-status"])
    with pytest.raises(Garbled):
        call(prove, "unify-status")


@pytest.mark.parametrize("success", ["true", "false", None, 1, False])
def test_a_key_is_revoked_only_if_prove_says_so_with_a_boolean(
    prove: Prove, vendor: responses.RequestsMock, success: Any
) -> None:
    Reply(wire.REVOKE_PAGE, {"success": success}).answers(vendor, URLS["revoke"])
    with pytest.raises(Garbled):
        call(prove, "revoke")


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (wire.INVALID, Refused, 1001),
        (wire.MALFORMED, Refused, 8001),
        (wire.OUT_OF_ORDER, Refused, 1003),
        (wire.FORBIDDEN, Refused, 8003),
        (wire.WRONG_PATH, Refused, None),
        (wire.NO_SUCH_DEVICE, Refused, 8011),
        (wire.TOO_FAST, Busy, None),
        (wire.BROKEN, Uncertain, 1000),
    ],
)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_documented_error_is_of_the_kind_that_says_what_to_do(
    prove: Prove,
    vendor: responses.RequestsMock,
    operation: str,
    reply: Reply,
    kind: type[UpstreamError],
    code: int | None,
) -> None:
    reply.answers(vendor, URLS[operation])
    with pytest.raises(kind) as caught:
        call(prove, operation)
    error = caught.value
    assert type(error) is kind
    assert (error.service, error.operation, error.status, error.code) == ("prove", operation, reply.status, code)
    if isinstance(error, Busy):
        assert error.retry_after.total_seconds() == 7


@pytest.mark.parametrize(
    "reply", [wire.INVALID, wire.UNAUTHORIZED, wire.WRONG_PATH, wire.BROKEN, Reply(wire.TOKEN_PAGE, {})]
)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_without_a_token_nothing_is_sent(vendor: responses.RequestsMock, operation: str, reply: Reply) -> None:
    reply.answers(vendor, URLS["token"])
    with pytest.raises(Unreachable) as caught:
        call(Prove(BASE, "the-client", "the-secret"), operation)
    assert caught.value.operation == "token"
    assert {recorded.request.url for recorded in vendor.calls} == {URLS["token"]}


def test_a_busy_token_endpoint_says_when_to_come_back(vendor: responses.RequestsMock) -> None:
    wire.TOO_FAST.answers(vendor, URLS["token"])
    with pytest.raises(Busy) as caught:
        call(Prove(BASE, "the-client", "the-secret"), "unify")
    assert caught.value.retry_after.total_seconds() == 7


def test_the_settings_name_the_one_of_this_process(vendor: responses.RequestsMock, settings: LazySettings) -> None:
    settings.PROVE_BASE_URL = BASE
    module.prove.cache_clear()
    try:
        assert module.prove() is module.prove()
        wire.TOKEN.answers(vendor, URLS["token"])
        wire.UNIFIED.answers(vendor, URLS["unify"])
        assert call(module.prove(), "unify").correlation_id == wire.CORRELATION_ID
    finally:
        module.prove.cache_clear()
