"""Canaries (numbers, codes, authTokens, ids, cookies, secrets) are in no log, page, address or event."""

import json
import logging
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.utils import timezone
from django.utils.log import AdminEmailHandler

from onboarding.domain.states import State
from onboarding.journey import flow, possession
from onboarding.models import Binding, Event, OnboardingSession
from tests.deep.any_order import invariants
from tests.deep.any_order.browser import Browser, Response
from tests.deep.any_order.canaries import (
    ENCODINGS,
    Canaries,
    assert_absent,
    credentials,
    recorded_credentials,
    recorded_log,
    spellings,
)
from tests.deep.any_order.faults import CrashPoint, FakeClock
from tests.deep.any_order.harness import NUMBERS
from tests.deep.any_order.recording import LINK, WITH_AUTH_TOKEN, RecordingMachine
from tests.deep.conftest import report, share
from tests.deep.test_faults import JOURNEYS, Journey, combinations

__all__ = ["credentials"]

MORE_JOURNEYS = (
    RecordingMachine.handoff,
    RecordingMachine.remembered,
    RecordingMachine.beyond_the_limits,
    RecordingMachine.at_the_desk,
)
SCENARIOS = share(deep=120, quick=16)


def scenarios() -> Iterator[tuple[str, dict[str, Any], int | None, Journey]]:
    """Yield each journey without a fault, then random combinations of fault, call and journey."""
    for journey in (*JOURNEYS, *MORE_JOURNEYS):
        yield invariants.BIND, {"kind": "latency", "seconds": 0}, 1, journey
    for route, fault, times, journey in combinations((*JOURNEYS, *MORE_JOURNEYS)):
        yield route, fault, times, journey


@pytest.mark.xdist_group("faults")
def test_no_canary_is_in_logs_pages_addresses_or_events(db: None, credentials: Canaries) -> None:
    RecordingMachine.crash_point, RecordingMachine.clock = CrashPoint(), FakeClock()
    kinds: set[str] = set()
    with (
        RecordingMachine.crash_point.installed(),
        RecordingMachine.clock.installed(),
        recorded_log() as lines,
        recorded_credentials() as authorizations,
    ):
        for _, (route, fault, times, journey) in zip(range(SCENARIOS), scenarios(), strict=False):
            machine = RecordingMachine()
            try:
                machine.control("faults", {"route": route, "times": times, **fault})
                journey(machine)
                ours = {**credentials, "Authorization": authorizations - {""}}
                check_everything(machine, {**machine.secrets(), **ours}, lines)
                kinds |= {kind for kind, found in machine.secrets().items() if found} | set(ours)
            finally:
                machine.roll_back()
                lines.clear()
    assert len(kinds) == len(machine.secrets()) + len(ours), f"some kinds of canary did not occur: {kinds}"
    report(f"leaks: {SCENARIOS} scenarios, {len(kinds) + 2} kinds of canary, {len(ENCODINGS)} encodings: 0 found")


def check_everything(machine: RecordingMachine, secrets: Canaries, lines: list[str]) -> None:
    anywhere = set().union(*secrets.values()) | machine.tokens()
    assert_absent("\n".join(lines), anywhere | machine.typed(), "a log line")
    facts = json.dumps(list(Event.objects.values("name", "facts")))
    assert_absent(facts, anywhere | machine.typed(), "the event log")
    sessions = str([session.get_decoded() for session in Session.objects.all()])
    assert_absent(sessions, anywhere | machine.typed(), "a browser's session")
    for browser, response in machine.seen:
        address_and_headers = response.headers if response.path.startswith(LINK) else response.path + response.headers
        assert_absent(address_and_headers, anywhere | machine.typed(), f"the address or headers of {response.path}")
        assert_absent(
            body_without_tokens(response, machine.tokens()),
            anywhere | machine.unknown_to(browser, response.path),
            response.path,
        )


def body_without_tokens(response: Response, tokens: set[str]) -> str:
    """Return the body without the authToken, where it belongs: Prove may put anything into that."""
    body = response.body
    for token in tokens if response.path in WITH_AUTH_TOKEN else ():
        body = body.replace(token, "")
    return body


@pytest.fixture
def reports(settings: Any) -> Iterator[None]:
    """Let errors of requests be mailed, as to the operator of a server."""
    settings.DEBUG, settings.ADMINS = False, [("Ops", "ops@example.com")]
    handler, log = AdminEmailHandler(include_html=True), logging.getLogger("django.request")
    log.addHandler(handler)
    yield
    log.removeHandler(handler)


def mailed() -> str:
    message = mail.outbox[0]
    assert isinstance(message, mail.EmailMultiAlternatives)
    return str(message.body) + str(message.alternatives[0][0])


@pytest.mark.django_db
def test_an_error_report_and_the_error_page_hold_no_canary(
    reports: None, monkeypatch: pytest.MonkeyPatch, sandbox: object
) -> None:
    monkeypatch.setattr(possession, "check_code", broken)
    browser = Browser("one", Client(raise_request_exception=False))
    browser.starts(NUMBERS[0])
    browser.runs_the_sdk()
    browser.posts("/device/", script=True)
    code = Client().get("/sandbox/messages.json", {"to": NUMBERS[0]}).json()[0]["code"]
    with recorded_log() as lines:
        page = browser.client.post("/code/", {"code": code})
    canaries = {code, *browser.tokens, browser.client.cookies["sessionid"].value} | spellings(NUMBERS[0])
    report_ = mailed()
    assert "ZeroDivisionError" in report_ and "broken" in report_
    assert page.status_code == 500
    assert_absent(page.content.decode(), canaries, "the error page")
    assert_absent(report_, canaries, "the error report")
    assert_absent("\n".join(lines), canaries, "the log")


def broken(*, session: Any, code: str, address: object) -> None:
    """Fail with secrets in local variables."""
    number, text = session.number, f"{code} for {session.number}"
    raise ZeroDivisionError(f"{len(number)} {len(text)}")


# --- What the database says of a failing row -----------------------------------------------------------------------


def refused_row() -> None:
    start = {"start_key": uuid.uuid4(), "expires_at": timezone.now()}
    OnboardingSession.objects.create(number=CANARY, state=State.BOUND, **start)  # without an approved code


def repeated_key() -> None:
    for name in ("one", "two"):
        user = User.objects.create(username=f"prove:{name}")
        Binding.objects.create(user=user, number="+12025550101", prove_id=name, device_id=CANARY)


def unreadable_value() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT CAST(%s AS uuid)" if connection.vendor == "postgresql" else "SELECT json(%s)", [CANARY])


CANARY = "+12015550123"
FAILURES: Mapping[Callable[[], None], str] = {
    refused_row: "session_binds_only_what_was_approved",
    repeated_key: "one_number_a_key",
    unreadable_value: "SQLSTATE 22P02",
}


@pytest.mark.django_db
@pytest.mark.parametrize("fails", FAILURES)
def test_what_the_database_says_of_a_failing_row_is_in_no_log_report_or_page(
    reports: None, monkeypatch: pytest.MonkeyPatch, sandbox: object, fails: Callable[[], None]
) -> None:
    def start(**_arguments: object) -> None:
        with transaction.atomic():
            fails()

    monkeypatch.setattr(flow, "start", start)
    client = Client(raise_request_exception=False)
    form = {"phone": CANARY, "start_key": client.get("/").context["form"]["start_key"].value()}
    with recorded_log() as lines:
        page = client.post("/start/", form, headers={"Accept": "application/json"})
    told = "\n".join(lines)
    assert page.status_code == 503 and "Error" in told and "Error" in mailed()
    assert connection.vendor == "sqlite" or (FAILURES[fails] in told and FAILURES[fails] in mailed())
    for where, text in (("the log", told), ("the error report", mailed()), ("the page", page.content.decode())):
        assert_absent(text, {CANARY, CANARY[1:]}, where)


@pytest.mark.django_db
def test_the_reason_of_a_failure_without_a_row_is_kept() -> None:
    with (
        connection.cursor() as cursor,
        pytest.raises(OperationalError, match="timeout|incomplete input"),
        transaction.atomic(),
    ):
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL statement_timeout = 1")
        cursor.execute("SELECT pg_sleep(1)" if connection.vendor == "postgresql" else "SELECT (")
