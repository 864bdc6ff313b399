"""Whatever Twilio's own client is answered is what Twilio's own document declares."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response

from tests.sandbox.driver import SERVICE, SandboxDriver
from tests.sandbox.twilio.test_twilio_client import ADA, client_of
from tests.specs.openapi import SPECS, Answer, Document

FILE = SPECS / "twilio_verify_v2.json"
LANDLINE, BUSY = "+12025550152", "+12025550155"
CHECK = f"/v2/Services/{SERVICE}/VerificationCheck"


@pytest.fixture(scope="module")
def document() -> Document:
    if not FILE.exists():
        pytest.skip(f"Twilio's OpenAPI document is not at {FILE}, where it lies beside this repository")
    return Document(FILE)


class Recorder(TwilioHttpClient):  # type: ignore[misc]  # the package has no types
    """Keeps every answer."""

    def __init__(self) -> None:
        super().__init__(timeout=5)
        self.answers: list[Answer] = []

    def request(self, method: str, url: str, *args: Any, **content: Any) -> Response:
        response: Response = super().request(method, url, *args, **content)
        path = urlsplit(url).path.partition("/twilio")[2]
        self.answers.append(Answer(method, path, response.status_code, json.loads(response.text)))
        return response


@dataclass(frozen=True)
class Phone:
    """A service of Twilio's client, and the phone that its codes come to."""

    service: Any
    sandbox: SandboxDriver

    def start(self, to: str = ADA, channel: str = "sms") -> str:
        return str(self.service.verifications.create(to=to, channel=channel).sid)

    def check(self, sid: str, code: str) -> None:
        self.service.verification_checks.create(verification_sid=sid, code=code)

    def right(self) -> str:
        return self.sandbox.code(ADA)

    def wrong(self) -> str:
        return self.sandbox.wrong_code(ADA)


def sends(phone: Phone, times: int) -> None:
    for _ in range(times):
        phone.start()


def wrong_codes(phone: Phone, times: int) -> None:
    sid = phone.start()
    for _ in range(times):
        phone.check(sid, phone.wrong())


def right_code(phone: Phone, times: int = 1) -> None:
    sid = phone.start()
    for _ in range(times):
        phone.check(sid, phone.right())


def update(phone: Phone, status: str) -> None:
    phone.service.verifications(phone.start()).update(status=status)


def fetch(phone: Phone, *, cancelled: bool = False) -> None:
    sid = phone.start()
    if cancelled:
        phone.service.verifications(sid).update(status="canceled")
    phone.service.verifications(sid).fetch()


# What is done, and the last answer's status.
ACTS: dict[str, tuple[Callable[[Phone], object], int]] = {
    "start": (lambda phone: phone.start(), 201),
    "call": (lambda phone: phone.start(LANDLINE, "call"), 201),
    "resend": (lambda phone: sends(phone, 2), 201),
    "a sixth send": (lambda phone: sends(phone, 6), 429),
    "others start": (lambda phone: phone.start(BUSY), 429),
    "the right code": (right_code, 200),
    "a wrong code": (lambda phone: wrong_codes(phone, 1), 200),
    "the fifth wrong code": (lambda phone: wrong_codes(phone, 5), 200),
    "fetch": (fetch, 200),
    "fetch what was cancelled": (lambda phone: fetch(phone, cancelled=True), 200),
    "cancel": (lambda phone: update(phone, "canceled"), 200),
    "approve": (lambda phone: update(phone, "approved"), 200),
}
UNDECLARED: dict[str, tuple[Callable[[Phone], object], int]] = {
    "a text to a landline": (lambda phone: phone.start(LANDLINE), 403),
    "a sixth code": (lambda phone: wrong_codes(phone, 6), 429),
    "the right code twice": (lambda phone: right_code(phone, 2), 404),
    "update to nonsense": (lambda phone: update(phone, "pending"), 400),
}


@pytest.mark.parametrize("name", ACTS)
def test_each_answer_is_one_that_twilio_declares(name: str, document: Document, embedded: SandboxDriver) -> None:
    act, status = ACTS[name]

    answers = recorded(act, embedded)

    assert [mistake for answer in answers for mistake in document.mistakes(answer)] == []
    assert answers[-1].status == status
    assert document.declares(answers[-1])


@pytest.mark.parametrize("name", UNDECLARED)
def test_errors_are_what_the_document_leaves_open(name: str, document: Document, embedded: SandboxDriver) -> None:
    """Should a newer one declare them, they belong above."""
    act, status = UNDECLARED[name]

    *before, last = recorded(act, embedded)

    assert [mistake for answer in before for mistake in document.mistakes(answer)] == []
    assert (last.status, document.declares(last)) == (status, False)


def recorded(act: Callable[[Phone], object], sandbox: SandboxDriver) -> list[Answer]:
    recorder = Recorder()
    service = client_of(sandbox, http_client=recorder).verify.v2.services(SERVICE)
    with suppress(TwilioRestException):
        act(Phone(service, sandbox))
    return recorder.answers


def test_the_judge_sees_what_is_wrong(document: Document, embedded: SandboxDriver) -> None:
    [good] = recorded(lambda phone: phone.start(), embedded)

    for wrong in ({"channel": "pigeon"}, {"sid": "VE1"}, {"to": 5}, {"more": "than that"}):
        assert document.mistakes(Answer(good.method, good.path, good.status, good.body | wrong)), wrong
    assert document.mistakes(Answer(good.method, good.path, 200, good.body))
    assert document.mistakes(Answer(good.method, good.path, good.status, {"sid": good.body["sid"]}))
