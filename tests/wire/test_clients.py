"""Our clients understand what tests/sandbox/wire/test_wire.py holds the sandbox to: the same cases, written out."""

from collections.abc import Iterator
from typing import Any

import pytest
import responses

from onboarding.domain.errors import Busy, Refused, UpstreamError
from onboarding.upstream.lookup import Lookup
from onboarding.upstream.messaging import Messaging
from onboarding.upstream.prove import Prove
from onboarding.upstream.twilio import Twilio, TwilioRefused
from tests.sandbox.world import ACCOUNT, SERVICE
from tests.wire import prove, twilio
from tests.wire.case import Case, example

PROVE_URL, TWILIO_URL = "https://prove.example", "https://twilio.example"
PATHS = {"token": "/token", "revoke": "/v3/device/revoke"} | {
    name: f"/v3/{name}" for name in ("unify", "unify-status", "unify-bind")
}
TOKEN = {"access_token": "t", "token_type": "Bearer", "expires_in": 3600}
FLOW = "713189b8-5555-4b08-83ba-75d08780aebd"


@pytest.fixture
def vendor() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.mark.parametrize("case", prove.CASES, ids=str)
def test_our_prove_client_understands(case: Case, vendor: responses.RequestsMock) -> None:
    if case.operation != "token":
        vendor.post(f"{PROVE_URL}/token", json=TOKEN)
    _answers(vendor, PROVE_URL + PATHS[case.operation], case)
    if case.operation == "token" and case.status == 200:
        vendor.post(f"{PROVE_URL}/v3/device/revoke", json={"success": True})

    understood = _told(lambda: _ask_prove(case.operation))

    assert understood == case.understood, _exchange(vendor, case)


@pytest.mark.parametrize("case", twilio.CASES, ids=str)
def test_our_twilio_clients_understand(case: Case, vendor: responses.RequestsMock) -> None:
    number = example(case.answer).get("phone_number", twilio.ADA)
    urls = {
        "PhoneNumbers": f"{TWILIO_URL}/v2/PhoneNumbers/{number}",
        "Messages.json": f"{TWILIO_URL}/2010-04-01/Accounts/{ACCOUNT}/Messages.json",
    }
    _answers(vendor, urls.get(case.operation, f"{TWILIO_URL}/v2/Services/{SERVICE}/{case.operation}"), case)

    understood = _told(lambda: _ask_twilio(case.operation, example(case.answer)))

    assert understood == case.understood, _exchange(vendor, case)


def _answers(vendor: responses.RequestsMock, url: str, case: Case) -> None:
    method = "GET" if case.operation == "PhoneNumbers" else "POST"
    vendor.add(method, url, json=example(case.answer), status=case.status, headers=dict(case.headers))


def _exchange(vendor: responses.RequestsMock, case: Case) -> str:
    asked = "\n".join(f"asked: {call.request.method} {call.request.url} {call.request.body!r}" for call in vendor.calls)
    return f"{asked}\nanswered: {case.status} {dict(case.headers)} {example(case.answer)}\nsee {case.page}"


def _ask_prove(operation: str) -> str:
    client = Prove(PROVE_URL, "sandbox", "sandbox")
    if operation == "unify":
        return type(client.unify(prove.ADA, "request-1")).__name__
    if operation in ("revoke", "token"):
        client.revoke_device("device", "request-1")
        return "Token" if operation == "token" else "revoked"
    ask: dict[str, Any] = {
        "unify-status": lambda: client.unify_status(FLOW, "request-1"),
        "unify-bind": lambda: client.unify_bind(FLOW, prove.ADA, "request-1"),
    }
    reply = ask[operation]()
    return " ".join([reply.success, *reply.failure_reasons])


def _ask_twilio(operation: str, answer: dict[str, Any]) -> str:
    """For the number and by the channel that `answer` is about, if it tells."""
    account = TWILIO_URL, ACCOUNT, "sandbox", ACCOUNT
    if operation == "PhoneNumbers":
        return Lookup(*account).line_type(answer.get("phone_number", twilio.ADA))
    if operation == "Messages.json":
        Messaging(*account, twilio.SENDER).send(twilio.ADA, "Hello")
        return "sent"
    client = Twilio(*account, SERVICE)
    if operation == "Verifications":
        started = client.start(answer.get("to", twilio.ADA), answer.get("channel", "sms"))
        return f"{type(started).__name__} {started.status}"
    return str(client.check(example(twilio.SID), twilio.ADA, "123456"))


def _told(ask: Any) -> str:
    """In a word: what came back, or which of our errors, with what tells them apart."""
    try:
        return str(ask())
    except TwilioRefused as error:
        return str(error.refusal)
    except Refused as error:
        return f"Refused {error.code}"
    except Busy:
        return "Busy"
    except UpstreamError as error:
        return type(error).__name__
