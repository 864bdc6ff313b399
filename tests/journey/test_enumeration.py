"""Whoever types a number does not learn from us whether we know it (UX 28, I22, T19)."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from onboarding.upstream.prove import prove
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor, wrong

KNOWN, UNKNOWN, OTHER = "+12015550124", "+12015550125", "+12015550126"
LATER = Callable[[int], None]
TWO_DAYS_S = 2 * 86_400
RESEND_WAITS_S = (31, 61, 121)
ROUTES = ("prove.unify", "prove.unify_status", "prove.unify_bind", "twilio.verification", "twilio.verification_check")


# --- What we may know of a number --------------------------------------------------------------------------------


def bound_on_another_device(owner: Visitor) -> None:
    owner.links(KNOWN, KNOWN)


def remembered_by_another_browser(owner: Visitor) -> None:
    owner.links(KNOWN, KNOWN)
    owner.submits("/remember/")


def unlinked_again(owner: Visitor) -> None:
    owner.links(KNOWN, KNOWN)
    owner.submits("/unlink/")


def left_by_its_device_for_another_number(owner: Visitor) -> None:
    owner.links(KNOWN, KNOWN)
    owner.starts(OTHER)
    owner.moves_the_device()
    owner.types_code(owner.code(OTHER))


def guessed_at_by_somebody(owner: Visitor) -> None:
    owner.starts(KNOWN)
    for _ in range(5):
        owner.types_code(wrong(owner.code(KNOWN)))


HISTORIES = (
    *(bound_on_another_device, remembered_by_another_browser, unlinked_again),
    *(left_by_its_device_for_another_number, guessed_at_by_somebody),
)


@pytest.fixture(params=HISTORIES, ids=lambda history: history.__name__)
def known(request: pytest.FixtureRequest, db: None, later: LATER, sandbox: Sandbox) -> None:
    """KNOWN has a history; what counts have to say about it is two days old."""
    request.param(Visitor())
    later(TWO_DAYS_S)
    sandbox.advance(TWO_DAYS_S)
    prove.cache_clear()  # the token has run out meanwhile, whoever asks


# --- What a stranger gets to see ---------------------------------------------------------------------------------


class Ears(Client):
    """A browser that keeps every answer, redirects included; the device's own talk with Prove is not ours."""

    def __init__(self) -> None:
        super().__init__(enforce_csrf_checks=True)
        self.heard: list[Any] = []

    def request(self, **environ: Any) -> Any:
        response = super().request(**environ)
        if not environ["PATH_INFO"].startswith("/sandbox/"):
            self.heard.append(response)
        return response


class Stranger(Visitor):
    """A fresh browser on somebody's number."""

    def __init__(self, number: str) -> None:
        super().__init__()
        self.number = number
        self.client = Ears()

    @property
    def was_told(self) -> list[tuple[int, dict[str, str], str, str]]:
        """Each answer's status, headers, cookies and body."""
        assert isinstance(self.client, Ears)
        return [
            (answer.status_code, self._headers(answer), self._nameless(answer.cookies.output()), self._body(answer))
            for answer in self.client.heard
        ]

    def _headers(self, answer: Any) -> dict[str, str]:
        return {name: self._nameless(value) for name, value in answer.items() if name != "Content-Length"}

    def _body(self, answer: Any) -> str:
        text = self._nameless(answer.content.decode())
        for written in (self.number, f"+1 201-555-{self.number[-4:]}", self.number[-4:]):
            text = text.replace(written, "NUMBER")
        return text

    @staticmethod
    def _nameless(text: str) -> str:
        """Without what is drawn by lot for each answer, and the seconds that pass."""
        for lot in (
            r'(?<=name="csrfmiddlewaretoken" value=")[^"]+',
            r'(?<=name="start_key" value=")[^"]+',
            r'(?<="start_key": ")[^"]+',
            r'(?<="auth_token": ")[^"]+',
            r"(?<=csrftoken=)[^;]+",
            r"(?<=sessionid=)[^;]+",
            r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT",
            r'(?<=data-wait=")\d+|(?<=data-ending=")\d+|\b\d:\d\d\b|\b\d+(?= seconds?\b)|^\d+$',
        ):
            text = re.sub(lot, "…", text)
        return text

    def tries_everything(self) -> None:
        """That can be done without the code."""
        self.opens()
        opened = self.asks("/start/", phone=self.number).json()
        self.opens()  # a reload, before the device was asked
        self.finishes(opened)
        self.types_code(wrong(self.code(self.number)))
        self.submits("/code/send/")  # too soon
        self.asks("/start/", phone=self.number)
        for path in ("/code/", "/bind/", "/moved/", "/unverified/", "/expired/", "/done/"):
            self.opens(path)
        self.submits("/restart/")

    def asks_for_texts_until_refused(self, later: LATER) -> None:
        self.starts(self.number)
        for wait_s in RESEND_WAITS_S:
            later(wait_s)
            self.opens("/code/")
            self.submits("/code/send/")


def test_a_number_that_we_know_looks_like_one_that_we_do_not(known: None) -> None:
    one, other = Stranger(KNOWN), Stranger(UNKNOWN)
    one.tries_everything()
    other.tries_everything()
    for of_known, of_unknown in zip(one.was_told, other.was_told, strict=True):
        assert of_known == of_unknown


def test_the_way_led_through_the_code_page_and_named_no_other_number(known: None) -> None:
    """The likeness is not that of two failures."""
    stranger = Stranger(KNOWN)
    stranger.tries_everything()
    bodies = [body for *_, body in stranger.was_told]
    assert any("Enter the code" in body and "NUMBER" in body for body in bodies)
    assert any("isn't right" in body or "isn&#x27;t right" in body for body in bodies)
    assert not any(OTHER[-4:] in body for body in bodies)


def test_either_takes_the_same_work(known: None, sandbox: Sandbox) -> None:
    """Hence the same time: as many statements, and the same calls."""
    assert work(Stranger(KNOWN), sandbox) == work(Stranger(UNKNOWN), sandbox)


def work(stranger: Stranger, sandbox: Sandbox) -> tuple[int, list[int]]:
    before = [len(sandbox.calls(route)) for route in ROUTES]
    with CaptureQueriesContext(connection) as statements:
        stranger.starts(stranger.number)
    return len(statements), [len(sandbox.calls(route)) - had for route, had in zip(ROUTES, before, strict=True)]


# --- Too often ---------------------------------------------------------------------------------------------------


def test_too_many_texts_are_refused_alike(known: None, later: LATER) -> None:
    one, other = Stranger(KNOWN), Stranger(UNKNOWN)
    one.asks_for_texts_until_refused(later)
    other.asks_for_texts_until_refused(later)
    assert one.page.status == other.page.status == 429
    assert one.was_told == other.was_told


def test_a_number_that_somebody_else_is_busy_with_is_refused_alike(known: None) -> None:
    for number in (KNOWN, UNKNOWN):
        Visitor().starts(number)
    one, other = Stranger(KNOWN), Stranger(UNKNOWN)
    refused = [stranger.starts_in_vain(stranger.number) for stranger in (one, other)]
    assert [answer.status_code for answer in refused] == [429, 429]
    assert one.was_told == other.was_told


def test_too_many_starts_are_refused_alike_before_anything_is_looked_up(known: None, settings: Any) -> None:
    settings.LIMITS = {"starts_address": {"burst": 1}}
    Visitor().starts(OTHER)
    one, other = Stranger(KNOWN), Stranger(UNKNOWN)
    for stranger in (one, other):
        stranger.opens()
        assert stranger.asks("/start/", phone=stranger.number).status_code == 429
    assert one.was_told == other.was_told
