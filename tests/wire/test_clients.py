"""Our clients return or raise what the wire cases say, given the responses that the vendors document."""

from collections.abc import Iterator
from typing import Any

import pytest
import responses
from django.conf import LazySettings

from onboarding.domain.errors import Busy, Refused, UpstreamError
from onboarding.upstream.lookup import Lookup
from onboarding.upstream.messaging import Messaging
from onboarding.upstream.prove import Prove
from onboarding.upstream.twilio import FIND, Twilio, TwilioRefused
from tests.sandbox.driver import ACCOUNT, SERVICE
from tests.upstream.conftest import MOCKED
from tests.wire import prove, twilio
from tests.wire.case import Case, example

PROVE_URL, TWILIO_URL = "https://prove.example", "https://twilio.example"
PATHS = {"token": "/token", "revoke": "/v3/device/revoke"} | {
    name: f"/v3/{name}" for name in ("unify", "unify-status", "unify-bind")
}
TOKEN = {"access_token": "t", "token_type": "Bearer", "expires_in": 3600}
FLOW = "713189b8-5555-4b08-83ba-75d08780aebd"


@pytest.fixture
def vendor(settings: LazySettings) -> Iterator[responses.RequestsMock]:
    settings.UPSTREAM_ADAPTERS = MOCKED
    with responses.RequestsMock() as mock:
        yield mock


@pytest.mark.parametrize("case", prove.CASES, ids=str)
def test_the_prove_client_reports_each_documented_response(case: Case, vendor: responses.RequestsMock) -> None:
    if case.operation != "token":
        vendor.post(f"{PROVE_URL}/token", json=TOKEN)
    _respond(vendor, PROVE_URL + PATHS[case.operation], case)
    if case.operation == "token" and case.status == 200:
        vendor.post(f"{PROVE_URL}/v3/device/revoke", json={"success": True})

    result = _result(lambda: _call_prove(case.operation))

    assert result == case.client_result, _exchange(vendor, case)


@pytest.mark.parametrize("case", twilio.CASES, ids=str)
def test_the_twilio_clients_report_each_documented_response(case: Case, vendor: responses.RequestsMock) -> None:
    number = example(case.body).get("phone_number", twilio.ADA)
    urls = {
        "PhoneNumbers": f"{TWILIO_URL}/v2/PhoneNumbers/{number}",
        FIND: f"{TWILIO_URL}/v2/Services/{SERVICE}/Verifications/{number}",
        "Messages.json": f"{TWILIO_URL}/2010-04-01/Accounts/{ACCOUNT}/Messages.json",
    }
    _respond(vendor, urls.get(case.operation, f"{TWILIO_URL}/v2/Services/{SERVICE}/{case.operation}"), case)

    result = _result(lambda: _call_twilio(case.operation, example(case.body)))

    assert result == case.client_result, _exchange(vendor, case)


def _respond(vendor: responses.RequestsMock, url: str, case: Case) -> None:
    method = "GET" if case.operation in ("PhoneNumbers", FIND) else "POST"
    vendor.add(method, url, json=example(case.body), status=case.status, headers=example(case.headers))


def _exchange(vendor: responses.RequestsMock, case: Case) -> str:
    sent = "\n".join(
        f"request: {call.request.method} {call.request.url} {call.request.body!r}" for call in vendor.calls
    )
    return f"{sent}\nresponse: {case.status} {dict(case.headers)} {example(case.body)}\nsee {case.page}"


def _call_prove(operation: str) -> str:
    client = Prove(PROVE_URL, "sandbox", "sandbox")
    if operation == "unify":
        return type(client.unify(prove.ADA, "request-1")).__name__
    if operation in ("revoke", "token"):
        client.revoke_device("device", "request-1")
        return "Token" if operation == "token" else "revoked"
    calls: dict[str, Any] = {
        "unify-status": lambda: client.unify_status(FLOW, prove.ADA, "request-1"),
        "unify-bind": lambda: client.unify_bind(FLOW, prove.ADA, "request-1"),
    }
    reply = calls[operation]()
    return " ".join([reply.success, *reply.failure_reasons])


def _call_twilio(operation: str, body: dict[str, Any]) -> str:
    """Uses the number and the channel of the response's body, if it has any: the client compares them."""
    account = TWILIO_URL, ACCOUNT, "sandbox", ACCOUNT
    if operation == "PhoneNumbers":
        return Lookup(*account).line_type(body.get("phone_number", twilio.ADA))
    if operation == "Messages.json":
        Messaging(*account, twilio.SENDER).send(twilio.ADA, "Hello")
        return "sent"
    client = Twilio(*account, SERVICE)
    if operation == "Verifications":
        started = client.start(body.get("to", twilio.ADA), body.get("channel", "sms"))
        return f"{type(started).__name__} {started.status}"
    if operation == FIND:
        return f"{type(found := client.find(twilio.ADA)).__name__} {found.status}"
    return str(client.check(example(twilio.SID), twilio.ADA, "123456"))


def _result(call: Any) -> str:
    """What the call returns, or the name of the error that it raises and the error's code."""
    try:
        return str(call())
    except TwilioRefused as error:
        return str(error.refusal)
    except Refused as error:
        return f"Refused {error.code}"
    except Busy:
        return "Busy"
    except UpstreamError as error:
        return type(error).__name__
