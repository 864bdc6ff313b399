"""The same request 32 times at one moment, from four processes: exactly one effect, by the sandbox's ledger."""

import json
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tests.deep.any_order import ledger
from tests.deep.any_order.bad_days import later
from tests.deep.any_order.browser import STATUSES, Browser
from tests.deep.conftest import share, tell
from tests.deep.fleet.racers import PROCESSES, THREADS, Hit, Racers
from tests.journey.conftest import Sandbox

ROUNDS = share(deep=200, quick=2)

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time: no race shows"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("races"),
]


def test_start_device_send_check_and_bind_happen_once_each_however_many_ask(racers: Racers, sandbox: Sandbox) -> None:
    for this in range(ROUNDS):
        one_journey(racers, sandbox, this)
    tell(f"races: {ROUNDS} of {ROUNDS} rounds of {PROCESSES} x {THREADS} at each of start, device, send, check, bind")


def one_journey(racers: Racers, sandbox: Sandbox, this: int) -> None:
    number = f"+1415{2_000_000 + this * 10_007}"
    browser = Browser(str(this), Client(enforce_csrf_checks=True, REMOTE_ADDR=f"10.0.{this // 250}.{this % 250}"))
    browser.gets("/")
    starts(racers, browser, number)
    assert effects(sandbox, number) == [ledger.UNIFY]

    browser.runs_the_sdk()
    races(racers, browser, "/device/", {}, script=True)
    assert effects(sandbox, number)[1:] == [ledger.STATUS, ledger.SEND]

    later(31)
    races(racers, browser, "/code/send/", {})
    assert effects(sandbox, number)[3:] == [ledger.SEND]

    sandbox.has(ledger.BIND, "refuse", number=number)
    code = Client().get("/sandbox/messages.json", {"to": number}).json()[0]["code"]
    races(racers, browser, "/code/", {"code": code})
    assert effects(sandbox, number)[4:] == [ledger.CHECK]

    sandbox.is_well()
    hits = races(racers, browser, "/bind/", {})
    assert effects(sandbox, number)[5:] == [ledger.BIND]
    assert any(hit.status == 302 for hit in hits)
    ledger.judge(ledger.line(told, number) for told in lines(sandbox, number))


def starts(racers: Racers, browser: Browser, number: str) -> None:
    """The one that won hands its authToken and cookie to the browser; the page key was good for one."""
    hits = races(racers, browser, "/start/", {"phone": number, "start_key": str(uuid.uuid4())}, script=True)
    won = [hit for hit in hits if "auth_token" in json.loads(hit.body)]
    assert len(won) == 1
    browser.tokens.append(json.loads(won[0].body)["auth_token"])
    for name, value in won[0].cookies.items():
        browser.client.cookies[name] = value


def races(racers: Racers, browser: Browser, path: str, fields: dict[str, str], *, script: bool = False) -> list[Hit]:
    hits = racers.all_at_once(browser.client, path, fields, script=script)
    assert len(hits) == PROCESSES * THREADS
    assert {hit.status for hit in hits} <= STATUSES
    return hits


def lines(sandbox: Sandbox, number: str) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = Client().get("/sandbox/control/ledger.json", {"number": number}).json()
    return [line for line in told if line["route"] in ledger.CALLS]


def effects(sandbox: Sandbox, number: str) -> list[str]:
    """What the vendors were asked for that number, in order; a refused connection was heard by nobody."""
    return [line["route"] for line in lines(sandbox, number) if line["outcome"] != "refuse"]
