"""The clients of Lookup and Programmable Messaging: what they send, and how they read the responses."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from onboarding.domain.errors import Busy, Garbled, Refused, Uncertain, UpstreamError
from onboarding.upstream.lookup import Lookup
from onboarding.upstream.messaging import Messaging
from tests.upstream.documented import twilio as documented

LOOKUPS, API = "https://lookups.twilio.com", "https://api.twilio.com"
NUMBER_URL = f"{LOOKUPS}/v2/PhoneNumbers/{documented.TO}"
MESSAGES_URL = f"{API}/2010-04-01/Accounts/{documented.ACCOUNT_SID}/Messages.json"
SERVICE = "MG" + "f" * 32
# https://www.twilio.com/docs/lookup/v2-api/line-type-intelligence
LINE = {"error_code": None, "type": "mobile", "carrier_name": "T-Mobile", "mobile_country_code": "310"}


@pytest.fixture
def lookup(vendor: responses.RequestsMock) -> Lookup:
    return Lookup(LOOKUPS, documented.ACCOUNT_SID, "the-token", documented.ACCOUNT_SID)


@pytest.fixture
def messaging(vendor: responses.RequestsMock) -> Messaging:
    return Messaging(API, documented.ACCOUNT_SID, "the-token", documented.ACCOUNT_SID, SERVICE)


def found(**changes: object) -> dict[str, object]:
    return {"phone_number": documented.TO, "valid": True, "line_type_intelligence": LINE, **changes}


def test_a_look_up_requests_the_line_type_only(lookup: Lookup, vendor: responses.RequestsMock) -> None:
    vendor.get(NUMBER_URL, json=found())
    assert lookup.line_type(documented.TO) == "mobile"
    request = vendor.calls[-1].request
    assert parse_qs(urlsplit(str(request.url)).query) == {"Fields": ["line_type_intelligence"]}
    assert request.headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize("line", [None, {"type": None, "error_code": 60600}])
def test_a_null_type_is_unknown(lookup: Lookup, vendor: responses.RequestsMock, line: object) -> None:
    vendor.get(NUMBER_URL, json=found(line_type_intelligence=line))
    assert lookup.line_type(documented.TO) == "unknown"


@pytest.mark.parametrize(
    "changed",
    [
        {"phone_number": "+15005550006"},
        {"line_type_intelligence": "mobile"},
        {"line_type_intelligence": {"type": 7}},
        {"line_type_intelligence": {"type": "+15005550006"}},
        {"line_type_intelligence": {"type": "x" * 25}},
    ],
)
def test_a_malformed_look_up_is_garbled(
    lookup: Lookup, vendor: responses.RequestsMock, changed: dict[str, object]
) -> None:
    vendor.get(NUMBER_URL, json=found(**changed))
    with pytest.raises(Garbled):
        lookup.line_type(documented.TO)


@pytest.mark.parametrize(("status", "kind"), [(404, Refused), (401, Refused), (429, Busy), (500, Uncertain)])
def test_no_error_holds_the_number(
    lookup: Lookup, vendor: responses.RequestsMock, status: int, kind: type[UpstreamError]
) -> None:
    vendor.get(NUMBER_URL, json={"code": 20404, "message": documented.TO}, status=status)
    with pytest.raises(kind) as raised:
        lookup.line_type(documented.TO)
    assert raised.value.operation == "PhoneNumbers" and documented.TO[1:] not in repr(raised.value) + str(raised.value)


def sent(vendor: responses.RequestsMock) -> dict[str, list[str]]:
    return parse_qs(str(vendor.calls[-1].request.body))


def test_a_text_is_sent_by_the_messaging_service(messaging: Messaging, vendor: responses.RequestsMock) -> None:
    vendor.post(MESSAGES_URL, json={"sid": "SM" + "1" * 32, "to": documented.TO, "status": "accepted"}, status=201)
    messaging.send(documented.TO, "Hello")
    assert sent(vendor) == {"To": [documented.TO], "Body": ["Hello"], "MessagingServiceSid": [SERVICE]}


def test_a_phone_number_as_the_sender_is_sent_as_from(vendor: responses.RequestsMock) -> None:
    vendor.post(MESSAGES_URL, json={"to": documented.TO, "status": "queued"}, status=201)
    Messaging(API, documented.ACCOUNT_SID, "the-token", documented.ACCOUNT_SID, "+15017122660").send(
        documented.TO, "Hello"
    )
    assert sent(vendor)["From"] == ["+15017122660"]


@pytest.mark.parametrize("changed", [{"to": "+15005550006"}, {"date_created": ["x"]}, {"to": None}])
def test_an_answer_about_something_else_is_garbled(
    messaging: Messaging, vendor: responses.RequestsMock, changed: dict[str, Any]
) -> None:
    vendor.post(MESSAGES_URL, json={"to": documented.TO, "status": "accepted"} | changed, status=201)
    with pytest.raises(Garbled):
        messaging.send(documented.TO, "Hello")
