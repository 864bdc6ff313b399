"""Twilio Verify's replies, as its pages show them, and what the client makes of them."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

import pytest
import requests
import responses
from django.conf import LazySettings

from onboarding.domain.errors import Busy, Garbled, Refused, Uncertain, Unreachable, UpstreamError
from onboarding.upstream import twilio as module
from onboarding.upstream.twilio import Refusal, Twilio, TwilioRefused, Verification
from tests.upstream.wire import twilio as wire
from tests.upstream.wire.answers import Reply

BASE = "https://verify.twilio.com"
START = f"{BASE}/v2/Services/{wire.SERVICE_SID}/Verifications"
CHECK = f"{BASE}/v2/Services/{wire.SERVICE_SID}/VerificationCheck"


@pytest.fixture
def twilio(vendor: responses.RequestsMock) -> Twilio:
    return Twilio(BASE, wire.ACCOUNT_SID, "the-token", wire.ACCOUNT_SID, wire.SERVICE_SID)


def sent(vendor: responses.RequestsMock) -> Mapping[str, list[str]]:
    return parse_qs(str(vendor.calls[-1].request.body))


def test_a_code_is_sent_by_text_message(twilio: Twilio, vendor: responses.RequestsMock) -> None:
    wire.SENT.answers(vendor, START)
    assert twilio.start(wire.TO) == Verification(wire.SID, wire.TO, "pending")
    assert sent(vendor) == {"To": [wire.TO], "Channel": ["sms"]}
    assert vendor.calls[-1].request.headers["Authorization"].startswith("Basic ")


def test_a_code_is_sent_in_a_language_and_by_another_channel(twilio: Twilio, vendor: responses.RequestsMock) -> None:
    wire.SENT.answers(vendor, START)
    twilio.start(wire.TO, channel="call", locale="es")
    assert sent(vendor) == {"To": [wire.TO], "Channel": ["call"], "Locale": ["es"]}


@pytest.mark.parametrize(("status", "approved"), [("approved", True), ("pending", False)])
def test_a_check_is_made_by_the_verifications_sid_and_is_yes_or_no(
    twilio: Twilio, vendor: responses.RequestsMock, status: str, approved: bool
) -> None:
    wire.checked(status).answers(vendor, CHECK)
    assert twilio.check(wire.SID, wire.TO, "123456") is approved
    assert sent(vendor) == {"VerificationSid": [wire.SID], "Code": ["123456"]}


@pytest.mark.parametrize(
    "reply",
    [
        wire.checked("approved", to="+15005550006"),
        wire.checked("approved", sid="VE" + "f" * 32),
        wire.checked("postponed"),
        Reply(wire.CHECK_PAGE, {"status": "approved"}),
        Reply(wire.CHECK_PAGE, {"sid": wire.SID, "to": wire.TO, "valid": True}),
        Reply(wire.CHECK_PAGE, {"sid": wire.SID, "to": wire.TO, "status": ["approved"]}),
        Reply(wire.CHECK_PAGE, {"sid": wire.SID, "to": wire.TO, "status": True}),
        Reply(wire.CHECK_PAGE, {}),
    ],
)
def test_an_approval_of_anything_else_than_what_was_asked_is_garbled(
    twilio: Twilio, vendor: responses.RequestsMock, reply: Reply
) -> None:
    reply.answers(vendor, CHECK)
    with pytest.raises(Garbled):
        twilio.check(wire.SID, wire.TO, "123456")


@pytest.mark.parametrize("changed", [{"to": "+15005550006"}, {"sid": ""}, {"sid": 7}, {"sid": "../../Services"}])
def test_a_start_that_answers_about_something_else_is_garbled(
    twilio: Twilio, vendor: responses.RequestsMock, changed: dict[str, object]
) -> None:
    assert isinstance(wire.SENT.body, dict)
    Reply(wire.VERIFICATION_PAGE, wire.SENT.body | changed, 201).answers(vendor, START)
    with pytest.raises(Garbled):
        twilio.start(wire.TO)


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
def test_a_verification_that_is_over_is_a_refusal_even_in_a_success(
    twilio: Twilio, vendor: responses.RequestsMock, status: str, refusal: Refusal
) -> None:
    wire.checked(status).answers(vendor, CHECK)
    with pytest.raises(TwilioRefused) as caught:
        twilio.check(wire.SID, wire.TO, "123456")
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
        (60238, 403, Refusal.CONFIGURATION),
        (60220, 400, Refusal.CONFIGURATION),
        (60223, 400, Refusal.CONFIGURATION),
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
@pytest.mark.parametrize("shape", [wire.error, wire.problem])
def test_a_refused_start_says_what_kind_of_no_it_is(
    twilio: Twilio,
    vendor: responses.RequestsMock,
    shape: Callable[[int, int], Reply],
    code: int,
    status: int,
    refusal: Refusal,
) -> None:
    shape(code, status).answers(vendor, START)
    with pytest.raises(TwilioRefused) as caught:
        twilio.start(wire.TO)
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
def test_a_refused_check_says_what_kind_of_no_it_is(
    twilio: Twilio, vendor: responses.RequestsMock, code: int, status: int, refusal: Refusal
) -> None:
    wire.error(code, status).answers(vendor, CHECK)
    with pytest.raises(TwilioRefused) as caught:
        twilio.check(wire.SID, wire.TO, "123456")
    error = caught.value
    assert isinstance(error, Refused)
    assert (error.refusal, error.code, error.request_id) == (refusal, code, wire.REQUEST_ID)


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (wire.error(60203, 429), 600),
        (wire.error(60202, 429), 600),
        (wire.error(60212, 429), 30),
        (wire.error(60212, 429, Retry_After="45"), 45),
        (wire.error(20429, 429), 2),
        (wire.problem(20429, 429), 2),
        (wire.error(20429, 429, Retry_After="5"), 5),
        (wire.error(25109, 400), 2),
        (wire.error(99999, 429), 1),
    ],
)
def test_a_limit_on_starts_tells_how_long_to_wait(
    twilio: Twilio, vendor: responses.RequestsMock, reply: Reply, seconds: int
) -> None:
    reply.answers(vendor, START)
    with pytest.raises(Busy) as caught:
        twilio.start(wire.TO)
    assert caught.value.retry_after.total_seconds() == seconds


CALLS: list[tuple[str, Callable[[Twilio], object]]] = [
    (START, lambda twilio: twilio.start(wire.TO)),
    (CHECK, lambda twilio: twilio.check(wire.SID, wire.TO, "123456")),
]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (wire.error(20500, 500), Uncertain),
        (wire.error(20503, 503), Uncertain),
        (wire.problem(20500, 500), Uncertain),
        (wire.error(99999, 400), Refused),
        (wire.error(20429, 429), Busy),
        (wire.error(25109, 400), Busy),
        (Reply(wire.ERROR_PAGES, "<html>", 200), Garbled),
        (Reply(wire.ERROR_PAGES, "", 201), Garbled),
    ],
)
@pytest.mark.parametrize(("url", "call"), CALLS)
def test_each_call_tells_the_kinds_of_failure_apart(
    twilio: Twilio,
    vendor: responses.RequestsMock,
    url: str,
    call: Callable[[Twilio], object],
    reply: Reply,
    error: type[UpstreamError],
) -> None:
    reply.answers(vendor, url)
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
def test_each_call_tells_a_line_that_never_stood_from_one_that_broke(
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


def test_a_check_may_be_answered_with_200_as_well(twilio: Twilio, vendor: responses.RequestsMock) -> None:
    Reply(wire.CHECK_PAGE, wire.checked("approved").body, 200).answers(vendor, CHECK)
    assert twilio.check(wire.SID, wire.TO, "123456")


def test_edge_and_region_of_the_environment_do_not_bend_the_address(
    vendor: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"EDGE": "dublin", "REGION": "ie1", "ACCOUNT_SID": "AC-other", "AUTH_TOKEN": "other"}.items():
        monkeypatch.setenv(f"TWILIO_{name}", value)
    wire.SENT.answers(vendor, START)
    Twilio(BASE, wire.ACCOUNT_SID, "the-token", wire.ACCOUNT_SID, wire.SERVICE_SID).start(wire.TO)
    assert vendor.calls[-1].request.url == START


def test_the_settings_name_the_one_of_this_process(vendor: responses.RequestsMock, settings: LazySettings) -> None:
    settings.TWILIO_BASE_URL = BASE
    settings.TWILIO_VERIFY_SERVICE_SID = wire.SERVICE_SID
    module.twilio.cache_clear()
    try:
        assert module.twilio() is module.twilio()
        wire.checked("approved").answers(vendor, CHECK)
        assert module.twilio().check(wire.SID, wire.TO, "123456")
    finally:
        module.twilio.cache_clear()
