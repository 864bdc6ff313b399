"""The sandbox's responses to Twilio's own client match Twilio's OpenAPI document of Verify v2."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response as HttpResponse

from tests.sandbox.driver import SERVICE, SandboxDriver
from tests.sandbox.twilio.test_twilio_client import ADA, client_of
from tests.specs.openapi import SPECS, Document, Response

FILE = SPECS / "twilio_verify_v2.json"
LANDLINE, BUSY = "+12025550152", "+12025550155"
CHECK = f"/v2/Services/{SERVICE}/VerificationCheck"


@pytest.fixture(scope="module")
def document() -> Document:
    if not FILE.exists():
        pytest.skip(f"Twilio's OpenAPI document is not at {FILE}")
    return Document(FILE)


class Recorder(TwilioHttpClient):  # type: ignore[misc]  # the package has no types
    """Records every response."""

    def __init__(self) -> None:
        super().__init__(timeout=5)
        self.responses: list[Response] = []

    def request(self, method: str, url: str, *args: Any, **content: Any) -> HttpResponse:
        response: HttpResponse = super().request(method, url, *args, **content)
        path = urlsplit(url).path.partition("/twilio")[2]
        self.responses.append(Response(method, path, response.status_code, json.loads(response.text)))
        return response


@dataclass(frozen=True)
class Phone:
    """Twilio's client for a Verify service, and the phone that gets the codes."""

    service: Any
    sandbox: SandboxDriver

    def start(self, to: str = ADA, channel: str = "sms") -> str:
        return str(self.service.verifications.create(to=to, channel=channel).sid)

    def check(self, sid: str, code: str) -> None:
        self.service.verification_checks.create(verification_sid=sid, code=code)

    def right_code(self) -> str:
        return self.sandbox.code(ADA)

    def wrong_code(self) -> str:
        return self.sandbox.wrong_code(ADA)


def sends(phone: Phone, times: int) -> None:
    for _ in range(times):
        phone.start()


def wrong_codes(phone: Phone, times: int) -> None:
    sid = phone.start()
    for _ in range(times):
        phone.check(sid, phone.wrong_code())


def right_code(phone: Phone, times: int = 1) -> None:
    sid = phone.start()
    for _ in range(times):
        phone.check(sid, phone.right_code())


def update(phone: Phone, status: str) -> None:
    phone.service.verifications(phone.start()).update(status=status)


def fetch(phone: Phone, *, cancelled: bool = False) -> None:
    sid = phone.start()
    if cancelled:
        phone.service.verifications(sid).update(status="canceled")
    phone.service.verifications(sid).fetch()


# What each case does, and the HTTP status of its last response.
DECLARED: dict[str, tuple[Callable[[Phone], object], int]] = {
    "start": (lambda phone: phone.start(), 201),
    "call": (lambda phone: phone.start(LANDLINE, "call"), 201),
    "resend": (lambda phone: sends(phone, 2), 201),
    "a sixth send": (lambda phone: sends(phone, 6), 429),
    "too many concurrent starts": (lambda phone: phone.start(BUSY), 429),
    "the right code": (right_code, 200),
    "a wrong code": (lambda phone: wrong_codes(phone, 1), 200),
    "the fifth wrong code": (lambda phone: wrong_codes(phone, 5), 200),
    "fetch": (fetch, 200),
    "fetch by number": (lambda phone: (phone.start(), phone.service.verifications(ADA).fetch()), 200),
    "fetch the service": (lambda phone: phone.service.fetch(), 200),
    "fetch a cancelled one": (lambda phone: fetch(phone, cancelled=True), 200),
    "cancel": (lambda phone: update(phone, "canceled"), 200),
    "approve": (lambda phone: update(phone, "approved"), 200),
}
UNDECLARED: dict[str, tuple[Callable[[Phone], object], int]] = {
    "a text to a landline": (lambda phone: phone.start(LANDLINE), 403),
    "a sixth code": (lambda phone: wrong_codes(phone, 6), 429),
    "the right code twice": (lambda phone: right_code(phone, 2), 404),
    "update to an invalid status": (lambda phone: update(phone, "pending"), 400),
}


@pytest.mark.parametrize("name", DECLARED)
def test_each_response_matches_twilios_schema(name: str, document: Document, embedded: SandboxDriver) -> None:
    run, status = DECLARED[name]

    responses = recorded(run, embedded)

    assert [mistake for response in responses for mistake in document.mistakes(response)] == []
    assert responses[-1].status == status
    assert document.declares(responses[-1])


@pytest.mark.parametrize("name", UNDECLARED)
def test_twilios_document_declares_no_schema_for_errors(name: str, document: Document, embedded: SandboxDriver) -> None:
    """If a newer document declares one of them, move it to DECLARED."""
    run, status = UNDECLARED[name]

    *before, last = recorded(run, embedded)

    assert [mistake for response in before for mistake in document.mistakes(response)] == []
    assert (last.status, document.declares(last)) == (status, False)


def recorded(run: Callable[[Phone], object], sandbox: SandboxDriver) -> list[Response]:
    recorder = Recorder()
    service = client_of(sandbox, http_client=recorder).verify.v2.services(SERVICE)
    with suppress(TwilioRestException):
        run(Phone(service, sandbox))
    return recorder.responses


def test_the_validation_finds_mistakes(document: Document, embedded: SandboxDriver) -> None:
    [good] = recorded(lambda phone: phone.start(), embedded)

    for wrong in ({"channel": "pigeon"}, {"sid": "VE1"}, {"to": 5}, {"more": "than that"}):
        assert document.mistakes(Response(good.method, good.path, good.status, good.body | wrong)), wrong
    assert document.mistakes(Response(good.method, good.path, 200, good.body))
    assert document.mistakes(Response(good.method, good.path, good.status, {"sid": good.body["sid"]}))
