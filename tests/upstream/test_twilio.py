"""The client of Twilio Verify: what it sends, and how it reads the responses that Twilio documents."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

import pytest
import requests
import responses
from django.conf import LazySettings

from onboarding.domain.errors import Busy, Garbled, Refused, Uncertain, Unreachable, UpstreamError
from onboarding.upstream import twilio as module
from onboarding.upstream.twilio import Refusal, Twilio, TwilioRefused, Verification
from tests.upstream.documented import twilio as documented
from tests.upstream.documented.response import DocumentedResponse

BASE = "https://verify.twilio.com"
START = f"{BASE}/v2/Services/{documented.SERVICE_SID}/Verifications"
CHECK = f"{BASE}/v2/Services/{documented.SERVICE_SID}/VerificationCheck"


@pytest.fixture
def twilio(vendor: responses.RequestsMock) -> Twilio:
    return Twilio(BASE, documented.ACCOUNT_SID, "the-token", documented.ACCOUNT_SID, documented.SERVICE_SID)


def sent(vendor: responses.RequestsMock) -> Mapping[str, list[str]]:
    return parse_qs(str(vendor.calls[-1].request.body))


def test_a_code_is_sent_by_text_message(twilio: Twilio, vendor: responses.RequestsMock) -> None:
    documented.SENT.register(vendor, START)
    assert twilio.start(documented.TO) == Verification(documented.SID, documented.TO, "pending")
    assert sent(vendor) == {"To": [documented.TO], "Channel": ["sms"]}
    assert vendor.calls[-1].request.headers["Authorization"].startswith("Basic ")


def test_a_code_is_sent_in_a_language_and_by_another_channel(twilio: Twilio, vendor: responses.RequestsMock) -> None:
    documented.SENT.register(vendor, START)
    twilio.start(documented.TO, channel="call", locale="es")
    assert sent(vendor) == {"To": [documented.TO], "Channel": ["call"], "Locale": ["es"]}


@pytest.mark.parametrize(("status", "approved"), [("approved", True), ("pending", False)])
def test_a_check_names_the_verification_by_its_sid_and_returns_whether_it_is_approved(
    twilio: Twilio, vendor: responses.RequestsMock, status: str, approved: bool
) -> None:
    documented.checked(status).register(vendor, CHECK)
    assert twilio.check(documented.SID, documented.TO, "123456") is approved
    assert sent(vendor) == {"VerificationSid": [documented.SID], "Code": ["123456"]}


@pytest.mark.parametrize(
    "response",
    [
        documented.checked("approved", to="+15005550006"),
        documented.checked("approved", sid="VE" + "f" * 32),
        documented.checked("postponed"),
        DocumentedResponse(documented.CHECK_PAGE, {"status": "approved"}),
        DocumentedResponse(documented.CHECK_PAGE, {"sid": documented.SID, "to": documented.TO, "valid": True}),
        DocumentedResponse(documented.CHECK_PAGE, {"sid": documented.SID, "to": documented.TO, "status": ["approved"]}),
        DocumentedResponse(documented.CHECK_PAGE, {"sid": documented.SID, "to": documented.TO, "status": True}),
        DocumentedResponse(documented.CHECK_PAGE, {}),
    ],
)
def test_an_approval_of_another_verification_is_garbled(
    twilio: Twilio, vendor: responses.RequestsMock, response: DocumentedResponse
) -> None:
    response.register(vendor, CHECK)
    with pytest.raises(Garbled):
        twilio.check(documented.SID, documented.TO, "123456")


@pytest.mark.parametrize("spelt", ["+1 (500) 555-0006", "+1-500-555-0006", "15005550006"])
def test_another_spelling_of_the_number_is_the_number(
    twilio: Twilio, vendor: responses.RequestsMock, spelt: str
) -> None:
    assert isinstance(documented.SENT.body, dict)
    DocumentedResponse(documented.VERIFICATION_PAGE, documented.SENT.body | {"to": spelt}, 201).register(vendor, START)
    documented.checked("approved", to=spelt).register(vendor, CHECK)
    assert twilio.start("+15005550006").to == "+15005550006"
    assert twilio.check(documented.SID, "+15005550006", "123456")


@pytest.mark.parametrize("code", [60238, 60410, 60605])
def test_the_operator_is_told_once_of_a_setting_in_twilios_console(
    twilio: Twilio,
    vendor: responses.RequestsMock,
    code: int,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_told", set())
    documented.error(code, 403).register(vendor, START)
    for _ in range(3):
        with pytest.raises(TwilioRefused):
            twilio.start(documented.TO)
    [told] = caplog.messages
    assert str(code) in told


@pytest.mark.parametrize("changed", [{"to": "+15005550006"}, {"sid": ""}, {"sid": 7}, {"sid": "../../Services"}])
def test_a_start_that_answers_about_something_else_is_garbled(
    twilio: Twilio, vendor: responses.RequestsMock, changed: dict[str, object]
) -> None:
    assert isinstance(documented.SENT.body, dict)
    DocumentedResponse(documented.VERIFICATION_PAGE, documented.SENT.body | changed, 201).register(vendor, START)
    with pytest.raises(Garbled):
        twilio.start(documented.TO)


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        ("max_attempts_reached", Refusal.TOO_MANY_CHECKS),
        ("canceled", Refusal.GONE),
        ("expired", Refusal.GONE),
        ("deleted", Refusal.GONE),
        ("failed", Refusal.GONE),
    ],
)
def test_a_verification_that_has_ended_is_a_refusal_even_with_a_2xx_status(
    twilio: Twilio, vendor: responses.RequestsMock, status: str, refusal: Refusal
) -> None:
    documented.checked(status).register(vendor, CHECK)
    with pytest.raises(TwilioRefused) as caught:
        twilio.check(documented.SID, documented.TO, "123456")
    assert caught.value.refusal is refusal


@pytest.mark.parametrize(
    ("code", "status", "refusal"),
    [
        (60200, 400, Refusal.NUMBER),
        (60436, 400, Refusal.NUMBER),
        (60006, 400, Refusal.NUMBER),
        (60033, 400, Refusal.NUMBER),
        (21211, 400, Refusal.NUMBER),
        (21614, 400, Refusal.NUMBER),
        (60205, 403, Refusal.LANDLINE),
        (21610, 400, Refusal.OPTED_OUT),
        (60410, 403, Refusal.BLOCKED),
        (60412, 403, Refusal.BLOCKED),
        (60413, 403, Refusal.BLOCKED),
        (60605, 403, Refusal.BLOCKED),
        (30450, 400, Refusal.BLOCKED),
        (21612, 400, Refusal.BLOCKED),
        (60238, 403, Refusal.BLOCKED),
        (60220, 400, Refusal.CONFIGURATION),
        (60223, 400, Refusal.CHANNEL),
        (60217, 400, Refusal.CONFIGURATION),
        (60204, 403, Refusal.CONFIGURATION),
        (60207, 429, Refusal.CONFIGURATION),
        (21608, 400, Refusal.CONFIGURATION),
        (21408, 400, Refusal.CONFIGURATION),
        (20003, 401, Refusal.CONFIGURATION),
        (20008, 403, Refusal.CONFIGURATION),
        (20404, 404, Refusal.CONFIGURATION),
        (99999, 403, Refusal.CONFIGURATION),
        (99999, 404, Refusal.CONFIGURATION),
        (99999, 400, Refusal.OTHER),
    ],
)
@pytest.mark.parametrize("shape", [documented.error, documented.problem])
def test_each_error_of_a_start_has_its_kind_of_refusal(
    twilio: Twilio,
    vendor: responses.RequestsMock,
    shape: Callable[[int, int], DocumentedResponse],
    code: int,
    status: int,
    refusal: Refusal,
) -> None:
    shape(code, status).register(vendor, START)
    with pytest.raises(TwilioRefused) as caught:
        twilio.start(documented.TO)
    assert (caught.value.refusal, caught.value.code, caught.value.status) == (refusal, code, status)


@pytest.mark.parametrize(
    ("code", "status", "refusal"),
    [
        (60200, 400, Refusal.CODE),
        (60202, 429, Refusal.TOO_MANY_CHECKS),
        (20404, 404, Refusal.GONE),
        (99999, 404, Refusal.GONE),
        (20003, 401, Refusal.CONFIGURATION),
        (99999, 401, Refusal.CONFIGURATION),
        (60204, 403, Refusal.CONFIGURATION),
        (99999, 400, Refusal.OTHER),
    ],
)
def test_each_error_of_a_check_has_its_kind_of_refusal(
    twilio: Twilio, vendor: responses.RequestsMock, code: int, status: int, refusal: Refusal
) -> None:
    documented.error(code, status).register(vendor, CHECK)
    with pytest.raises(TwilioRefused) as caught:
        twilio.check(documented.SID, documented.TO, "123456")
    error = caught.value
    assert isinstance(error, Refused)
    assert (error.refusal, error.code, error.request_id) == (refusal, code, documented.REQUEST_ID)


@pytest.mark.parametrize(
    ("response", "seconds"),
    [
        (documented.error(60203, 429), 600),
        (documented.error(60202, 429), 600),
        (documented.error(60212, 429), 30),
        (documented.error(60212, 429, Retry_After="45"), 45),
        (documented.error(20429, 429), 2),
        (documented.problem(20429, 429), 2),
        (documented.error(20429, 429, Retry_After="5"), 5),
        (documented.error(25109, 400), 2),
        (documented.error(99999, 429), 1),
    ],
)
def test_a_rate_limit_on_starts_says_how_long_to_wait(
    twilio: Twilio, vendor: responses.RequestsMock, response: DocumentedResponse, seconds: int
) -> None:
    response.register(vendor, START)
    with pytest.raises(Busy) as caught:
        twilio.start(documented.TO)
    assert caught.value.retry_after.total_seconds() == seconds


CALLS: list[tuple[str, Callable[[Twilio], object]]] = [
    (START, lambda twilio: twilio.start(documented.TO)),
    (CHECK, lambda twilio: twilio.check(documented.SID, documented.TO, "123456")),
]


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (documented.error(20500, 500), Uncertain),
        (documented.error(20503, 503), Uncertain),
        (documented.problem(20500, 500), Uncertain),
        (documented.error(99999, 400), Refused),
        (documented.error(20429, 429), Busy),
        (documented.error(25109, 400), Busy),
        (DocumentedResponse(documented.ERROR_PAGES, "<html>", 200), Garbled),
        (DocumentedResponse(documented.ERROR_PAGES, "", 201), Garbled),
    ],
)
@pytest.mark.parametrize(("url", "call"), CALLS)
def test_each_kind_of_failure_raises_its_error(
    twilio: Twilio,
    vendor: responses.RequestsMock,
    url: str,
    call: Callable[[Twilio], object],
    response: DocumentedResponse,
    error: type[UpstreamError],
) -> None:
    response.register(vendor, url)
    with pytest.raises(error):
        call(twilio)


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (requests.ConnectTimeout(), Unreachable),
        (requests.ReadTimeout(), Uncertain),
        (requests.ConnectionError("reset"), Uncertain),
    ],
)
@pytest.mark.parametrize(("url", "call"), CALLS)
def test_a_connection_that_was_never_made_and_one_that_broke_raise_different_errors(
    twilio: Twilio,
    vendor: responses.RequestsMock,
    url: str,
    call: Callable[[Twilio], object],
    broken: requests.RequestException,
    error: type[UpstreamError],
) -> None:
    vendor.post(url, body=broken)
    with pytest.raises(error):
        call(twilio)


def test_a_check_may_be_answered_with_200(twilio: Twilio, vendor: responses.RequestsMock) -> None:
    DocumentedResponse(documented.CHECK_PAGE, documented.checked("approved").body, 200).register(vendor, CHECK)
    assert twilio.check(documented.SID, documented.TO, "123456")


def test_edge_and_region_in_the_environment_do_not_change_the_address(
    vendor: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"EDGE": "dublin", "REGION": "ie1", "ACCOUNT_SID": "AC-other", "AUTH_TOKEN": "other"}.items():
        monkeypatch.setenv(f"TWILIO_{name}", value)
    documented.SENT.register(vendor, START)
    Twilio(BASE, documented.ACCOUNT_SID, "the-token", documented.ACCOUNT_SID, documented.SERVICE_SID).start(
        documented.TO
    )
    assert vendor.calls[-1].request.url == START


def test_the_settings_configure_the_client_of_this_process(
    vendor: responses.RequestsMock, settings: LazySettings
) -> None:
    settings.TWILIO_BASE_URL = BASE
    settings.TWILIO_VERIFY_SERVICE_SID = documented.SERVICE_SID
    module.twilio.cache_clear()
    try:
        assert module.twilio() is module.twilio()
        documented.checked("approved").register(vendor, CHECK)
        assert module.twilio().check(documented.SID, documented.TO, "123456")
    finally:
        module.twilio.cache_clear()
