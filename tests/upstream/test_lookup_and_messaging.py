"""Lookup and Programmable Messaging: what goes over the wire, and what the clients make of the answers."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from onboarding.domain.errors import Busy, Garbled, Refused, Uncertain, UpstreamError
from onboarding.upstream.lookup import Lookup
from onboarding.upstream.messaging import Messaging
from tests.upstream.wire import twilio as wire

LOOKUPS, API = "https://lookups.twilio.com", "https://api.twilio.com"
NUMBER_URL = f"{LOOKUPS}/v2/PhoneNumbers/{wire.TO}"
MESSAGES_URL = f"{API}/2010-04-01/Accounts/{wire.ACCOUNT_SID}/Messages.json"
SERVICE = "MG" + "f" * 32
# https://www.twilio.com/docs/lookup/v2-api/line-type-intelligence
LINE = {"error_code": None, "type": "mobile", "carrier_name": "T-Mobile", "mobile_country_code": "310"}


@pytest.fixture
def lookup(vendor: responses.RequestsMock) -> Lookup:
    return Lookup(LOOKUPS, wire.ACCOUNT_SID, "the-token", wire.ACCOUNT_SID)


@pytest.fixture
def messaging(vendor: responses.RequestsMock) -> Messaging:
    return Messaging(API, wire.ACCOUNT_SID, "the-token", wire.ACCOUNT_SID, SERVICE)


def known(**changes: object) -> dict[str, object]:
    return {"phone_number": wire.TO, "valid": True, "line_type_intelligence": LINE, **changes}


def test_a_line_is_looked_up_by_its_package_alone(lookup: Lookup, vendor: responses.RequestsMock) -> None:
    vendor.get(NUMBER_URL, json=known())
    assert lookup.line_type(wire.TO) == "mobile"
    request = vendor.calls[-1].request
    assert parse_qs(urlsplit(str(request.url)).query) == {"Fields": ["line_type_intelligence"]}
    assert request.headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize("line", [None, {"type": None, "error_code": 60600}])
def test_null_is_unknown(lookup: Lookup, vendor: responses.RequestsMock, line: object) -> None:
    vendor.get(NUMBER_URL, json=known(line_type_intelligence=line))
    assert lookup.line_type(wire.TO) == "unknown"


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
def test_what_makes_no_sense_is_garbled(
    lookup: Lookup, vendor: responses.RequestsMock, changed: dict[str, object]
) -> None:
    vendor.get(NUMBER_URL, json=known(**changed))
    with pytest.raises(Garbled):
        lookup.line_type(wire.TO)


@pytest.mark.parametrize(("status", "kind"), [(404, Refused), (401, Refused), (429, Busy), (500, Uncertain)])
def test_no_error_names_the_number(
    lookup: Lookup, vendor: responses.RequestsMock, status: int, kind: type[UpstreamError]
) -> None:
    vendor.get(NUMBER_URL, json={"code": 20404, "message": wire.TO}, status=status)
    with pytest.raises(kind) as raised:
        lookup.line_type(wire.TO)
    assert raised.value.operation == "PhoneNumbers" and wire.TO[1:] not in repr(raised.value) + str(raised.value)


def sent(vendor: responses.RequestsMock) -> dict[str, list[str]]:
    return parse_qs(str(vendor.calls[-1].request.body))


def test_a_text_goes_out_by_the_messaging_service(messaging: Messaging, vendor: responses.RequestsMock) -> None:
    vendor.post(MESSAGES_URL, json={"sid": "SM" + "1" * 32, "to": wire.TO, "status": "accepted"}, status=201)
    messaging.send(wire.TO, "Hello")
    assert sent(vendor) == {"To": [wire.TO], "Body": ["Hello"], "MessagingServiceSid": [SERVICE]}


def test_a_number_as_the_sender_is_the_from(vendor: responses.RequestsMock) -> None:
    vendor.post(MESSAGES_URL, json={"to": wire.TO, "status": "queued"}, status=201)
    Messaging(API, wire.ACCOUNT_SID, "the-token", wire.ACCOUNT_SID, "+15017122660").send(wire.TO, "Hello")
    assert sent(vendor)["From"] == ["+15017122660"]


@pytest.mark.parametrize("changed", [{"to": "+15005550006"}, {"date_created": ["x"]}, {"to": None}])
def test_an_answer_about_something_else_is_garbled(
    messaging: Messaging, vendor: responses.RequestsMock, changed: dict[str, Any]
) -> None:
    vendor.post(MESSAGES_URL, json={"to": wire.TO, "status": "accepted"} | changed, status=201)
    with pytest.raises(Garbled):
        messaging.send(wire.TO, "Hello")
