"""A person who types a number cannot learn from the answers whether the number is known here (I22, T19)."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from onboarding.upstream.prove import prove
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Visitor, wrong

KNOWN, UNKNOWN, OTHER = "+12015550124", "+12015550125", "+12015550126"
TWO_DAYS_S = 2 * 86_400
OF_EACH_RESPONSE = ("Content-Length", "X-Request-ID")
RESEND_WAITS_S = (31, 61, 121)
ROUTES = ("prove.unify", "prove.unify_status", "prove.unify_bind", "twilio.verification", "twilio.verification_check")


# --- What may be known of a number -------------------------------------------------------------------------------


def bound_on_another_device(owner: Visitor) -> None:
    owner.links(KNOWN, KNOWN)


def remembered_by_another_browser(owner: Visitor) -> None:
    owner.links(KNOWN, KNOWN)
    owner.submits("/remember/")


def unlinked(owner: Visitor) -> None:
    owner.links(KNOWN, KNOWN)
    owner.submits("/unlink/")


def replaced_by_another_number_in_a_rebind(owner: Visitor) -> None:
    owner.links(KNOWN, KNOWN)
    owner.starts(OTHER)
    owner.rebinds()
    owner.types_code(owner.code(OTHER))


def with_five_wrong_codes(owner: Visitor) -> None:
    owner.starts(KNOWN)
    for _ in range(5):
        owner.types_code(wrong(owner.code(KNOWN)))


HISTORIES = (
    *(bound_on_another_device, remembered_by_another_browser, unlinked),
    *(replaced_by_another_number_in_a_rebind, with_five_wrong_codes),
)


@pytest.fixture(params=HISTORIES, ids=lambda history: history.__name__)
def known(request: pytest.FixtureRequest, db: None, later: Later, sandbox: Sandbox) -> None:
    """KNOWN has one of HISTORIES, which is two days old, so that no budget counts it any more."""
    request.param(Visitor())
    later(TWO_DAYS_S)
    sandbox.advance(TWO_DAYS_S)
    prove.cache_clear()  # or only one of two numbers would need a new access token


# --- The answers that a stranger gets ----------------------------------------------------------------------------


class RecordingClient(Client):
    """Keeps every response, redirects included, except those of the sandbox to the Web SDK."""

    def __init__(self, address: str) -> None:
        super().__init__(enforce_csrf_checks=True, REMOTE_ADDR=address)
        self.responses: list[Any] = []

    def request(self, **environ: Any) -> Any:
        response = super().request(**environ)
        if not environ["PATH_INFO"].startswith("/sandbox/"):
            self.responses.append(response)
        return response


class Stranger(Visitor):
    """A new browser that tries somebody's number."""

    def __init__(self, number: str) -> None:
        super().__init__()
        self.number = number
        self.client = RecordingClient(self.address)

    @property
    def answers(self) -> list[tuple[int, dict[str, str], str, str]]:
        """Return status, headers, cookies and body of each response."""
        assert isinstance(self.client, RecordingClient)
        return [
            (answer.status_code, self._headers(answer), self._normalized(answer.cookies.output()), self._body(answer))
            for answer in self.client.responses
        ]

    def _headers(self, answer: Any) -> dict[str, str]:
        return {name: self._normalized(value) for name, value in answer.items() if name not in OF_EACH_RESPONSE}

    def _body(self, answer: Any) -> str:
        text = self._normalized(answer.content.decode())
        for written in (self.number, f"+1 201-555-{self.number[-4:]}", self.number[-4:]):
            text = text.replace(written, "NUMBER")
        return text

    @staticmethod
    def _normalized(text: str) -> str:
        """Return the text without random values, dates and seconds."""
        for pattern in (
            r'(?<=name="csrfmiddlewaretoken" value=")[^"]+',
            r'(?<=name="start_key" value=")[^"]+',
            r'(?<="start_key": ")[^"]+',
            r'(?<="auth_token": ")[^"]+',
            r"(?<=csrftoken=)[^;]+",
            r"(?<=sessionid=)[^;]+",
            r"(?<=journey=)[^;]+",
            r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT",
            r'(?<=data-sent-at=")[^"]+',
            r'(?<=data-wait=")\d+|(?<=data-ending=")\d+|\b\d\d?:\d\d\b|\b\d+(?= seconds?\b)|^\d+$',
        ):
            text = re.sub(pattern, "…", text)
        return text

    def does_everything_without_a_code(self) -> None:
        """Send every request that is possible without the code."""
        self.opens()
        opened = self.fetches("/start/", phone=self.number).json()
        self.opens()  # a reload before the device check
        self.finishes(opened)
        self.types_code(wrong(self.code(self.number)))
        self.submits("/code/send/")  # too soon
        self.fetches("/start/", phone=self.number)
        for path in ("/code/", "/bind/", "/moved/", "/unverified/", "/expired/", "/done/"):
            self.opens(path)
        self.submits("/restart/")

    def asks_for_texts_until_refused(self, later: Later) -> None:
        self.starts(self.number)
        for wait_s in RESEND_WAITS_S:
            later(wait_s)
            self.opens("/code/")
            self.submits("/code/send/")


def test_a_known_number_gets_the_same_answers_as_an_unknown_one(known: None) -> None:
    one, other = Stranger(KNOWN), Stranger(UNKNOWN)
    one.does_everything_without_a_code()
    other.does_everything_without_a_code()
    for of_known, of_unknown in zip(one.answers, other.answers, strict=True):
        assert of_known == of_unknown


def test_the_compared_answers_include_the_code_page_and_no_other_number(known: None) -> None:
    """The test above must not compare two failures."""
    stranger = Stranger(KNOWN)
    stranger.does_everything_without_a_code()
    bodies = [body for *_, body in stranger.answers]
    assert any("Enter the code" in body and "NUMBER" in body for body in bodies)
    assert any("isn't right" in body or "isn&#x27;t right" in body for body in bodies)
    assert not any(OTHER[-4:] in body for body in bodies)


def test_both_numbers_cost_the_same_statements_and_calls(known: None, sandbox: Sandbox) -> None:
    """So the response time tells nothing either."""
    assert statements_and_calls(Stranger(KNOWN), sandbox) == statements_and_calls(Stranger(UNKNOWN), sandbox)


def statements_and_calls(stranger: Stranger, sandbox: Sandbox) -> tuple[int, list[int]]:
    before = [len(sandbox.calls(route)) for route in ROUTES]
    with CaptureQueriesContext(connection) as statements:
        stranger.starts(stranger.number)
    return len(statements), [len(sandbox.calls(route)) - had for route, had in zip(ROUTES, before, strict=True)]


# --- Limits ------------------------------------------------------------------------------------------------------


def test_too_many_texts_are_refused_in_the_same_way(known: None, later: Later) -> None:
    one, other = Stranger(KNOWN), Stranger(UNKNOWN)
    one.asks_for_texts_until_refused(later)
    other.asks_for_texts_until_refused(later)
    assert one.page.status == other.page.status == 429
    assert one.answers == other.answers


def test_the_code_of_another_browser_is_asked_for_in_the_same_way(known: None) -> None:
    for number in (KNOWN, UNKNOWN):
        Visitor().starts(number)
    one, other = Stranger(KNOWN), Stranger(UNKNOWN)
    assert {stranger.starts(stranger.number).path for stranger in (one, other)} == {"/code/"}
    assert one.answers == other.answers


def test_too_many_starts_are_refused_in_the_same_way_before_any_look_up(known: None, settings: Any) -> None:
    settings.LIMITS = {"starts_address": {"burst": 0}}
    one, other = Stranger(KNOWN), Stranger(UNKNOWN)
    for stranger in (one, other):
        stranger.opens()
        assert stranger.fetches("/start/", phone=stranger.number).status_code == 429
    assert one.answers == other.answers
