"""The client of Prove: what it sends, and how it reads the responses that Prove documents."""

import json
from typing import Any

import pytest
import responses
from django.conf import LazySettings

from onboarding.domain.errors import Busy, Garbled, Refused, Uncertain, Unreachable, UpstreamError
from onboarding.domain.policy import Success
from onboarding.upstream import prove as module
from onboarding.upstream.prove import Prove, StartedFlow, UnifyAnswer
from tests.upstream.documented import prove as documented
from tests.upstream.documented.response import DocumentedResponse

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
    documented.TOKEN.register(vendor, URLS["token"])
    return Prove(BASE, "the-client", "the-secret")


def call(prove: Prove, operation: str) -> Any:
    match operation:
        case "unify":
            return prove.unify(documented.NUMBER, documented.REQUEST_ID)
        case "unify-status":
            return prove.unify_status(documented.CORRELATION_ID, documented.NUMBER, documented.REQUEST_ID)
        case "unify-bind":
            return prove.unify_bind(documented.CORRELATION_ID, documented.NUMBER, documented.REQUEST_ID)
    return prove.revoke_device(documented.DEVICE_ID, documented.REQUEST_ID)


OPERATIONS = [operation for operation in URLS if operation != "token"]


def test_it_fetches_a_token_with_a_form_and_sends_it_in_each_call(prove: Prove, vendor: responses.RequestsMock) -> None:
    documented.UNIFIED.register(vendor, URLS["unify"])
    call(prove, "unify")
    asked, unify = (recorded.request for recorded in vendor.calls)
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.body == "client_id=the-client&client_secret=the-secret&grant_type=client_credentials"
    assert unify.headers["Authorization"] == "Bearer eyJhbGciOiJSUzI1NiJ9.first"


@pytest.mark.parametrize(
    ("operation", "response", "sent"),
    [
        (
            "unify",
            documented.UNIFIED,
            {"phoneNumber": documented.NUMBER, "possessionType": "none", "clientRequestId": documented.REQUEST_ID},
        ),
        (
            "unify-status",
            documented.PENDING,
            {"correlationId": documented.CORRELATION_ID, "clientRequestId": documented.REQUEST_ID},
        ),
        (
            "unify-bind",
            documented.BOUND,
            {
                "correlationId": documented.CORRELATION_ID,
                "phoneNumber": documented.NUMBER,
                "clientRequestId": documented.REQUEST_ID,
            },
        ),
        ("revoke", documented.REVOKED, {"deviceId": documented.DEVICE_ID, "clientRequestId": documented.REQUEST_ID}),
    ],
)
def test_it_sends_the_documented_fields_and_no_others(
    prove: Prove, vendor: responses.RequestsMock, operation: str, response: DocumentedResponse, sent: dict[str, str]
) -> None:
    response.register(vendor, URLS[operation])
    call(prove, operation)
    assert json.loads(vendor.calls[-1].request.body or "") == sent


def test_rebind_is_sent_only_for_a_rebind(prove: Prove, vendor: responses.RequestsMock) -> None:
    documented.UNIFIED.register(vendor, URLS["unify"])
    prove.unify(documented.NUMBER, documented.REQUEST_ID, rebind=True)
    assert json.loads(vendor.calls[-1].request.body or "")["rebind"] is True


@pytest.mark.parametrize("response", [documented.UNIFIED, documented.UNIFIED_APRIL_2025])
def test_a_flow_is_started(prove: Prove, vendor: responses.RequestsMock, response: DocumentedResponse) -> None:
    response.register(vendor, URLS["unify"])
    assert call(prove, "unify") == StartedFlow(documented.CORRELATION_ID, documented.AUTH_TOKEN)


@pytest.mark.parametrize("missing", ["correlationId", "authToken"])
def test_a_flow_without_its_id_or_its_token_is_garbled(
    prove: Prove, vendor: responses.RequestsMock, missing: str
) -> None:
    assert isinstance(documented.UNIFIED.body, dict)
    body = {name: value for name, value in documented.UNIFIED.body.items() if name != missing}
    DocumentedResponse(documented.UNIFY_PAGE, body).register(vendor, URLS["unify"])
    with pytest.raises(Garbled):
        call(prove, "unify")


@pytest.mark.parametrize(
    ("operation", "response", "success", "reasons"),
    [
        ("unify-status", documented.AUTHENTICATED, Success.TRUE, {}),
        ("unify-status", documented.ON_A_DESKTOP, Success.TRUE, {}),
        ("unify-status", documented.PENDING, Success.PENDING, {}),
        ("unify-status", documented.POSSESSION_REQUIRED, Success.POSSESSION_REQUIRED, {}),
        (
            "unify-status",
            documented.KEY_OF_ANOTHER_NUMBER,
            Success.FALSE,
            {"9101": "Phone number does not match the Prove Key."},
        ),
        (
            "unify-status",
            documented.SUSPECT,
            Success.FALSE,
            {"9135": "SIM swap in the last day", "9136": "port", "9999": "not in any list"},
        ),
        ("unify-status", documented.PLACEHOLDER_TEXT, Success.FALSE, {}),
        ("unify-status", documented.PLACEHOLDER_OBJECT, Success.FALSE, {}),
        (
            "unify-status",
            documented.STRAY_BOOLEAN,
            Success.FALSE,
            {"9101": "Phone number does not match the Prove Key."},
        ),
        ("unify-bind", documented.BOUND, Success.TRUE, {}),
        ("unify-bind", documented.BOUND_EVALUATED, Success.TRUE, {}),
        ("unify-bind", documented.NOT_BOUND, Success.FALSE, {}),
    ],
)
def test_each_documented_response_is_read_and_its_evaluation_kept_whole(
    prove: Prove,
    vendor: responses.RequestsMock,
    operation: str,
    response: DocumentedResponse,
    success: Success,
    reasons: dict[str, str],
) -> None:
    response.register(vendor, URLS[operation])
    read, written = call(prove, operation), response.body
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
def test_a_category_that_did_not_pass_is_a_reason_even_if_its_reasons_cannot_be_read(
    prove: Prove, vendor: responses.RequestsMock, evaluation: dict[str, Any]
) -> None:
    DocumentedResponse(
        documented.BIND_PAGE, {"success": "true", **documented.KNOWN, "evaluation": evaluation}
    ).register(vendor, URLS["unify-bind"])
    read = call(prove, "unify-bind")
    assert read.failure_reasons == {"risk": "not understood"} and read.evaluation == evaluation


def test_a_list_in_place_of_an_evaluation_is_a_reason(prove: Prove, vendor: responses.RequestsMock) -> None:
    DocumentedResponse(documented.BIND_PAGE, {"success": "true", **documented.KNOWN, "evaluation": ["9101"]}).register(
        vendor, URLS["unify-bind"]
    )
    read = call(prove, "unify-bind")
    assert read.failure_reasons == {"evaluation": "not understood"} and read.evaluation == {"evaluation": ["9101"]}


@pytest.mark.parametrize(
    "evaluation", ["", "{}", [], 7, True, None, {"key": "{}"}, {"key": {}}, {"key": []}, {"success": True}]
)
def test_a_placeholder_in_place_of_an_evaluation_is_ignored(
    prove: Prove, vendor: responses.RequestsMock, evaluation: Any
) -> None:
    DocumentedResponse(
        documented.BIND_PAGE, {"success": "true", **documented.KNOWN, "evaluation": evaluation}
    ).register(vendor, URLS["unify-bind"])
    assert call(prove, "unify-bind").failure_reasons == {}


@pytest.mark.parametrize("success", [True, False, "True", "TRUE", "yes", "success", "", 1, None, ["true"], {}])
@pytest.mark.parametrize("operation", ["unify-status", "unify-bind"])
def test_success_is_one_of_four_words_or_the_response_is_garbled(
    prove: Prove, vendor: responses.RequestsMock, operation: str, success: Any
) -> None:
    DocumentedResponse(documented.STATUS_PAGE, {"success": success, **documented.KNOWN}).register(
        vendor, URLS[operation]
    )
    with pytest.raises(Garbled):
        call(prove, operation)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"success": "true"},
        {"success": "true", "deviceId": documented.DEVICE_ID},
        {"success": "true", "proveId": ""},
        {"success": "true", "proveId": None},
        {"success": "true", "proveId": 7},
        {"success": "true", "proveId": "x" * 1000},
        {"success": "pending", "deviceId": ["x"]},
        {"success": "pending", "deviceId": True},
        {"success": "pending", "phoneNumber": {}},
        {"success": None},
        {"success": ""},
    ],
)
def test_a_success_without_a_prove_id_or_a_value_of_another_type_is_garbled(
    prove: Prove, vendor: responses.RequestsMock, body: dict[str, Any]
) -> None:
    DocumentedResponse(documented.STATUS_PAGE, body).register(vendor, URLS["unify-status"])
    with pytest.raises(Garbled):
        call(prove, "unify-status")


@pytest.mark.parametrize("nothing", [None, ""])
@pytest.mark.parametrize("operation", ["unify-status", "unify-bind"])
def test_null_and_empty_texts_that_may_be_left_out_are_left_out(
    prove: Prove, vendor: responses.RequestsMock, operation: str, nothing: str | None
) -> None:
    optional = dict.fromkeys(("phoneNumber", "deviceId", "clientRequestId", "clientHumanId", "evaluation"), nothing)
    body = {"success": "true", "proveId": "p", **optional}
    DocumentedResponse(documented.STATUS_PAGE, body).register(vendor, URLS[operation])
    assert call(prove, operation) == UnifyAnswer(Success.TRUE, prove_id="p")


def test_a_number_in_place_of_a_text_is_its_text(prove: Prove, vendor: responses.RequestsMock) -> None:
    body = {"success": "pending", "phoneNumber": 12001004014, "deviceId": 7}
    DocumentedResponse(documented.STATUS_PAGE, body).register(vendor, URLS["unify-status"])
    assert call(prove, "unify-status") == UnifyAnswer(Success.PENDING, phone_number="12001004014", device_id="7")


@pytest.mark.parametrize("success", ["true", "false", None, 1, False])
def test_a_key_is_revoked_only_if_success_is_the_boolean_true(
    prove: Prove, vendor: responses.RequestsMock, success: Any
) -> None:
    DocumentedResponse(documented.REVOKE_PAGE, {"success": success}).register(vendor, URLS["revoke"])
    with pytest.raises(Garbled):
        call(prove, "revoke")


@pytest.mark.parametrize(
    ("response", "kind", "code"),
    [
        (documented.INVALID, Refused, 1001),
        (documented.MALFORMED, Refused, 8001),
        (documented.OUT_OF_ORDER, Refused, 1003),
        (documented.FORBIDDEN, Refused, 8003),
        (documented.WRONG_PATH, Refused, None),
        (documented.NO_SUCH_DEVICE, Refused, 8011),
        (documented.TOO_FAST, Busy, None),
        (documented.BROKEN, Uncertain, 1000),
    ],
)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_documented_error_has_its_kind(
    prove: Prove,
    vendor: responses.RequestsMock,
    operation: str,
    response: DocumentedResponse,
    kind: type[UpstreamError],
    code: int | None,
) -> None:
    response.register(vendor, URLS[operation])
    with pytest.raises(kind) as caught:
        call(prove, operation)
    error = caught.value
    assert type(error) is kind
    assert (error.service, error.operation, error.status, error.code) == ("prove", operation, response.status, code)
    if isinstance(error, Busy):
        assert error.retry_after.total_seconds() == 7


@pytest.mark.parametrize(
    "response",
    [
        documented.INVALID,
        documented.UNAUTHORIZED,
        documented.WRONG_PATH,
        documented.BROKEN,
        DocumentedResponse(documented.TOKEN_PAGE, {}),
    ],
)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_without_a_token_nothing_is_sent(
    vendor: responses.RequestsMock, operation: str, response: DocumentedResponse
) -> None:
    response.register(vendor, URLS["token"])
    with pytest.raises(Unreachable) as caught:
        call(Prove(BASE, "the-client", "the-secret"), operation)
    assert caught.value.operation == "token"
    assert {recorded.request.url for recorded in vendor.calls} == {URLS["token"]}


def test_a_busy_token_endpoint_says_how_long_to_wait(vendor: responses.RequestsMock) -> None:
    documented.TOO_FAST.register(vendor, URLS["token"])
    with pytest.raises(Busy) as caught:
        call(Prove(BASE, "the-client", "the-secret"), "unify")
    assert caught.value.retry_after.total_seconds() == 7


def test_the_settings_configure_the_client_of_this_process(
    vendor: responses.RequestsMock, settings: LazySettings
) -> None:
    settings.PROVE_BASE_URL = BASE
    module.prove.cache_clear()
    try:
        assert module.prove("na") is module.prove("na")
        documented.TOKEN.register(vendor, URLS["token"])
        documented.UNIFIED.register(vendor, URLS["unify"])
        assert call(module.prove("na"), "unify").correlation_id == documented.CORRELATION_ID
    finally:
        module.prove.cache_clear()
