"""The same request 32 times at one moment, from four processes: the vendors get exactly one call."""

import json
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from onboarding.models import Cell
from tests.deep.any_order import invariants
from tests.deep.any_order.browser import STATUSES, Browser
from tests.deep.any_order.faults import later
from tests.deep.conftest import report, share
from tests.deep.servers.parallel_requests import PROCESSES, THREADS, ParallelClients, ParallelResponse
from tests.journey.conftest import Sandbox

ROUNDS = share(deep=200, quick=2)

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time: no race shows"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("races"),
]


def test_start_device_check_send_code_check_and_bind_happen_once_however_many_requests_come(
    parallel: ParallelClients, sandbox: Sandbox
) -> None:
    for round_number in range(ROUNDS):
        one_journey(parallel, sandbox, round_number)
    report(f"races: {ROUNDS} of {ROUNDS} rounds of {PROCESSES} x {THREADS} at each of start, device, send, check, bind")


def one_journey(parallel: ParallelClients, sandbox: Sandbox, round_number: int) -> None:
    number = f"+1415{2_000_000 + round_number * 10_007}"
    browser = Browser(
        str(round_number),
        Client(enforce_csrf_checks=True, REMOTE_ADDR=f"10.0.{round_number // 250}.{round_number % 250}"),
    )
    browser.gets("/")
    starts(parallel, browser, number)
    assert effects(sandbox, number) == [invariants.UNIFY]

    Cell.objects.all().delete()  # so many starts of one number were refused that it would have to wait
    browser.runs_the_sdk()
    posts_in_parallel(parallel, browser, "/device/", {}, script=True)
    assert effects(sandbox, number)[1:] == [invariants.STATUS, invariants.SEND]

    later(31)
    posts_in_parallel(parallel, browser, "/code/send/", {})
    assert effects(sandbox, number)[3:] == [invariants.SEND]

    sandbox.inject_fault(invariants.BIND, "refuse", number=number)
    code = Client().get("/sandbox/messages.json", {"to": number}).json()[0]["code"]
    posts_in_parallel(parallel, browser, "/code/", {"code": code})
    assert effects(sandbox, number)[4:] == [invariants.CHECK]

    sandbox.clear_faults()
    responses = posts_in_parallel(parallel, browser, "/bind/", {})
    assert effects(sandbox, number)[5:] == [invariants.BIND]
    assert any(response.status == 302 for response in responses)
    invariants.check_calls(invariants.call_from(call, number) for call in calls(sandbox, number))


def starts(parallel: ParallelClients, browser: Browser, number: str) -> None:
    """Start in parallel: the start key works once, and that response gives the browser its authToken and cookie."""
    responses = posts_in_parallel(
        parallel, browser, "/start/", {"phone": number, "start_key": str(uuid.uuid4())}, script=True
    )
    won = [response for response in responses if "auth_token" in json.loads(response.body)]
    assert len(won) == 1
    browser.tokens.append(json.loads(won[0].body)["auth_token"])
    for name, value in won[0].cookies.items():
        browser.client.cookies[name] = value


def posts_in_parallel(
    parallel: ParallelClients, browser: Browser, path: str, fields: dict[str, str], *, script: bool = False
) -> list[ParallelResponse]:
    responses = parallel.all_at_once(browser.client, path, fields, script=script)
    assert len(responses) == PROCESSES * THREADS
    assert {response.status for response in responses} <= STATUSES
    return responses


def calls(sandbox: Sandbox, number: str) -> list[dict[str, Any]]:
    received: list[dict[str, Any]] = Client().get("/sandbox/control/ledger.json", {"number": number}).json()
    return [call for call in received if call["route"] in invariants.JOURNEY_ROUTES]


def effects(sandbox: Sandbox, number: str) -> list[str]:
    """Return the routes called for the number, in order, without refused connections."""
    return [call["route"] for call in calls(sandbox, number) if call["outcome"] != "refuse"]
