"""Canaries: numbers, codes, authTokens, correlationIds, cookies and secrets, hunted wherever something leaves."""

import base64
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.utils.log import AdminEmailHandler

from onboarding import flow
from onboarding.models import Event
from sandbox.records import TABLES, Flow, Message
from sandbox.store import transaction
from tests.deep import ledger
from tests.deep.browser import Answer, Browser
from tests.deep.conftest import share, tell
from tests.deep.machine import NUMBERS, SPELLINGS, Bomb
from tests.deep.test_faults import PHASES, Journeys, bad_days

SCENARIOS = share(deep=120, quick=12)
HANDS_OVER = ("/start/", "/moved/")  # the authToken


class Watched(Journeys):
    """Keeps all that its browsers got, and every cookie that they ever had."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Answer] = []
        self.cookies: set[str] = set()

    def _as(self, who: int, act: Callable[[Browser], object]) -> None:
        super()._as(who, act)
        self.answers += self.browsers[who].seen
        self.cookies |= {morsel.value for morsel in self.browsers[who].client.cookies.values() if len(morsel.value) > 8}

    def secrets(self) -> dict[str, set[str]]:
        """What may be nowhere, by kind."""
        with transaction(django_settings.SANDBOX_STORE, TABLES) as store:
            flows = store.find(Flow)
            codes = {message.code for message in store.find(Message) if message.code}  # notices have none
        return {
            "code": codes,
            "correlationId": {flow.correlation_id for flow in flows},
            "authId": {flow.auth_id for flow in flows},
            "cookie": self.cookies,
            "secret key": {django_settings.SECRET_KEY},
        }

    def tokens(self) -> set[str]:
        return {token for browser in self.browsers for token in browser.tokens}

    def typed(self) -> set[str]:
        return {spelling for browser in self.browsers for number in browser.typed for spelling in spelled(number)}


def spelled(number: str) -> set[str]:
    display = f"+1 {SPELLINGS[number][2]}"
    return {*SPELLINGS[number], number[1:], display}


def encoded(canary: str) -> set[str]:
    raw = canary.encode()
    return {canary, quote(canary), raw.hex(), base64.b64encode(raw).decode().rstrip("="), canary[::-1]}


def hunt(text: str, canaries: set[str], what: str) -> None:
    found = [canary for canary in canaries for form in encoded(canary) if form in text]
    assert not found, f"{what}: {found[0]!r} in ...{text[:300]!r}"


@contextmanager
def listening() -> Iterator[list[str]]:
    """Every line of every logger, at any level, as it would be written, exceptions included."""
    lines: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(logging.Formatter("%(name)s %(message)s").format(record))

    ear = Ear(logging.DEBUG)
    known = [logging.getLogger(), *(logging.getLogger(name) for name in logging.root.manager.loggerDict)]
    levels = [(logger, logger.level) for logger in known]
    for logger in known:
        logger.setLevel(logging.DEBUG)
        if logger is logging.root or not logger.propagate:
            logger.addHandler(ear)
    try:
        yield lines
    finally:
        for logger, level in levels:
            logger.setLevel(level)
            logger.removeHandler(ear)


def scenarios() -> Iterator[tuple[str, dict[str, Any], int | None, Callable[[Journeys], None]]]:
    """Each way without any fault, then with one."""
    for phase in PHASES:
        yield ledger.BIND, {"kind": "latency", "seconds": 0}, 1, phase
    for _, scenario in zip(range(SCENARIOS - len(PHASES)), bad_days(), strict=False):
        yield scenario


@pytest.mark.xdist_group("faults")
def test_no_canary_leaves_by_logs_pages_addresses_or_the_diary(db: None, impatient: None) -> None:
    Watched.bomb = Bomb()
    with Watched.bomb.planted(), listening() as lines:
        for route, fault, times, phase in scenarios():
            journey = Watched()
            try:
                journey.order("faults", {"route": route, "times": times, **fault})
                phase(journey)
                hunt_all(journey, lines)
            finally:
                journey.forget()
                lines.clear()
    tell(f"leaks: {SCENARIOS} scenarios, 7 kinds of canary in 5 encodings: 0 found")


def hunt_all(journey: Watched, lines: list[str]) -> None:
    secrets = journey.secrets()
    anywhere = set().union(*secrets.values()) | journey.tokens()
    written = "\n".join(lines)
    hunt(written, anywhere | journey.typed(), "a log line")
    diary = json.dumps(list(Event.objects.values("name", "facts")))
    hunt(diary, anywhere | journey.typed(), "the diary")
    kept = str([session.get_decoded() for session in Session.objects.all()])
    hunt(kept, (anywhere - secrets["secret key"]) | journey.typed(), "a browser's session")
    for answer in journey.answers:
        hunt(answer.path + answer.headers, anywhere | journey.typed(), f"the address or headers of {answer.path}")
        hands_over = journey.tokens() if answer.path in HANDS_OVER else set()
        hunt(answer.body, anywhere - hands_over, f"the page {answer.path}")


@pytest.mark.django_db
def test_an_error_report_and_its_page_name_nobody(
    settings: Any, monkeypatch: pytest.MonkeyPatch, sandbox: object
) -> None:
    settings.DEBUG, settings.ADMINS = False, [("Ops", "ops@example.com")]
    handler = AdminEmailHandler(include_html=True)
    log = logging.getLogger("django.request")
    monkeypatch.setattr(flow, "check_code", broken)
    browser = Browser("one", Client(raise_request_exception=False))
    browser.starts(NUMBERS[0])
    browser.runs_the_sdk()
    browser.posts("/device/", script=True)
    code = Client().get("/sandbox/messages.json", {"to": NUMBERS[0]}).json()[0]["code"]
    log.addHandler(handler)
    try:
        with listening() as lines:
            page = browser.client.post("/code/", {"code": code})
    finally:
        log.removeHandler(handler)
    canaries = {code, *browser.tokens, browser.client.cookies["sessionid"].value} | spelled(NUMBERS[0])
    letter = mail.outbox[0]
    assert isinstance(letter, mail.EmailMultiAlternatives)
    report = str(letter.body) + str(letter.alternatives[0][0])
    assert "ZeroDivisionError" in report and "broken" in report
    assert page.status_code == 500
    hunt(page.content.decode(), canaries, "the error page")
    hunt(report, canaries, "the error report")
    hunt("\n".join(lines), canaries, "the log")


def broken(*, session: Any, code: str) -> None:
    """A bug of the kind that nobody foresees, with all that it should not tell at hand."""
    number, text = session.number, f"{code} for {session.number}"
    raise ZeroDivisionError(f"{len(number)} {len(text)}")
