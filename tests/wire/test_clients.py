"""Do our clients understand what the sandbox was held to in tests/sandbox/test_wire.py? The same cases, written out."""

from collections.abc import Iterator
from typing import Any

import pytest
import responses

from onboarding.errors import Busy, Refused, UpstreamError
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

    assert understood == case.understood, f"see {case.page}; answered: {example(case.answer)}"


@pytest.mark.parametrize("case", twilio.CASES, ids=str)
def test_our_twilio_client_understands(case: Case, vendor: responses.RequestsMock) -> None:
    _answers(vendor, f"{TWILIO_URL}/v2/Services/{SERVICE}/{case.operation}", case)

    understood = _told(lambda: _ask_twilio(case.operation))

    assert understood == case.understood, f"see {case.page}; answered: {example(case.answer)}"


def _answers(vendor: responses.RequestsMock, url: str, case: Case) -> None:
    vendor.post(url, json=example(case.answer), status=case.status, headers=dict(case.headers))


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


def _ask_twilio(operation: str) -> str:
    client = Twilio(TWILIO_URL, ACCOUNT, "sandbox", ACCOUNT, SERVICE)
    if operation == "Verifications":
        started = client.start(twilio.ADA)
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
