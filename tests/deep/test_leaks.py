"""Canaries: numbers, codes, authTokens, correlationIds, cookies and secrets, hunted wherever something leaves."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.utils.log import AdminEmailHandler

from onboarding.journey import flow
from onboarding.models import Event
from tests.deep.any_order import ledger
from tests.deep.any_order.bad_days import Bomb, Patience
from tests.deep.any_order.browser import Answer, Browser
from tests.deep.any_order.stage import NUMBERS
from tests.deep.any_order.watched import HANDS_OVER, LINK, Watched
from tests.deep.conftest import share, tell
from tests.deep.fleet.canaries import ENCODINGS, Canaries, credentials, hunt, listening, spelled, wire_tapped
from tests.deep.test_faults import PHASES, Phase, bad_days

__all__ = ["credentials"]

OURS = (Watched.from_a_computer, Watched.remembered, Watched.into_the_limits, Watched.to_the_desk)
SCENARIOS = share(deep=120, quick=16)


def scenarios() -> Iterator[tuple[str, dict[str, Any], int | None, Phase]]:
    """Each way without any fault, then with one."""
    for phase in (*PHASES, *OURS):
        yield ledger.BIND, {"kind": "latency", "seconds": 0}, 1, phase
    for route, fault, times, phase in bad_days((*PHASES, *OURS)):
        yield route, fault, times, phase


@pytest.mark.xdist_group("faults")
def test_no_canary_leaves_by_logs_pages_addresses_or_the_diary(db: None, credentials: Canaries) -> None:
    Watched.bomb, Watched.patience = Bomb(), Patience()
    kinds: set[str] = set()
    with Watched.bomb.planted(), Watched.patience.granted(), listening() as lines, wire_tapped() as authorizations:
        for _, (route, fault, times, phase) in zip(range(SCENARIOS), scenarios(), strict=False):
            journey = Watched()
            try:
                journey.order("faults", {"route": route, "times": times, **fault})
                phase(journey)
                ours = {**credentials, "Authorization": authorizations - {""}}
                hunt_all(journey, {**journey.secrets(), **ours}, lines)
                kinds |= {kind for kind, found in journey.secrets().items() if found} | set(ours)
            finally:
                journey.forget()
                lines.clear()
    assert len(kinds) == len(journey.secrets()) + len(ours), f"nothing of some kinds was hunted: {kinds}"
    tell(f"leaks: {SCENARIOS} scenarios, {len(kinds) + 2} kinds of canary, {len(ENCODINGS)} encodings: 0 found")


def hunt_all(journey: Watched, secrets: Canaries, lines: list[str]) -> None:
    anywhere = set().union(*secrets.values()) | journey.tokens()
    hunt("\n".join(lines), anywhere | journey.typed(), "a log line")
    diary = json.dumps(list(Event.objects.values("name", "facts")))
    hunt(diary, anywhere | journey.typed(), "the diary")
    kept = str([session.get_decoded() for session in Session.objects.all()])
    hunt(kept, anywhere | journey.typed(), "a browser's session")
    for browser, answer in journey.seen:
        addressed = answer.headers if answer.path.startswith(LINK) else answer.path + answer.headers
        hunt(addressed, anywhere | journey.typed(), f"the address or headers of {answer.path}")
        hunt(handed_over(answer, journey.tokens()), anywhere | journey.unknown_to(browser, answer.path), answer.path)


def handed_over(answer: Answer, tokens: set[str]) -> str:
    """The body; where the authToken belongs, without it. Prove puts what it likes into that."""
    body = answer.body
    for token in tokens if answer.path in HANDS_OVER else ():
        body = body.replace(token, "")
    return body


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
