"""The pretend app is the contract test: however often it is killed, loses answers or sends twice, it ends once."""

import json
from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from onboarding.api.models import PublishableKey
from onboarding.models import Binding, of_number
from sandbox.app.app import PretendApp, Refused
from sandbox.app.network import Answer, Trouble
from tests.deep.any_order import invariants
from tests.deep.any_order.faults import later as makes_older
from tests.deep.conftest import report, share
from tests.journey.conftest import Sandbox

JOURNEYS = share(deep=1_000, quick=8)
OTHER = "+12015550199"


def app_with(key: PublishableKey, number: str, trouble: Trouble, sandbox: Sandbox) -> PretendApp:
    client = Client()

    def send(method: str, url: str, body: Any, headers: Mapping[str, str]) -> Answer:
        content = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        answer = getattr(client, method.lower())(url, headers=dict(headers), **content)
        return Answer(answer.status_code, answer.headers, answer.json() if answer.content else {})

    def reads_code(number: str) -> str:
        texts = client.get("/sandbox/messages.json", {"to": number}).json()
        return next((str(text["code"]) for text in texts if text["code"]), "000000")

    def waits(seconds: float) -> None:
        makes_older(int(seconds))
        sandbox.advance(int(seconds))

    return PretendApp("/api/v1/", key.key, number, send, reads_code, trouble, waits)


def test_it_links_and_is_recognized_the_next_time(key: PublishableKey, sandbox: Sandbox) -> None:
    app = app_with(key, "+12015550123", Trouble(Random(0)), sandbox)
    assert app.runs()["status"] == "linked" and app.storage.session_token
    again = app_with(key, "+12015550123", Trouble(Random(0)), sandbox)
    again.storage.device = app.storage.device
    assert again.runs()["status"] == "recognized"


@pytest.mark.parametrize("seed", range(share(deep=50, quick=3)))
def test_it_moves_its_key_after_consent(key: PublishableKey, sandbox: Sandbox, seed: int) -> None:
    app = app_with(key, OTHER, Trouble(Random(0)), sandbox)
    app.runs()
    moved = app_with(key, "+12015550123", Trouble(Random(seed), killed=0.3, lost=0.2, twice=0.2), sandbox)
    moved.storage.device = app.storage.device
    assert moved.runs()["status"] == "linked"
    assert [binding.number for binding in Binding.objects.filter(confirmed=True)] == ["+12015550123"]


@pytest.mark.parametrize(("number", "status"), [("+12025550137", "in_review"), ("+12025550132", "declined")])
def test_it_is_told_how_a_number_with_a_risk_ended(
    key: PublishableKey, sandbox: Sandbox, number: str, status: str
) -> None:
    assert app_with(key, number, Trouble(Random(0)), sandbox).runs()["status"] == status


def test_every_journey_ends_linked_or_told_and_no_effect_is_doubled(
    key: PublishableKey, sandbox: Sandbox, settings: Any
) -> None:
    settings.ALLOWED_COUNTRIES = ["US"]
    ends: Counter[str] = Counter()
    for number in range(JOURNEYS):
        ends[one_journey(key, sandbox, number)] += 1
    report(f"pretend app: {JOURNEYS} journeys on {connection.vendor}, 0 doubled: {dict(ends)}")
    assert ends.keys() <= {"linked", "in_review", "declined", "told"}
    assert ends["linked"] >= JOURNEYS // 2


def one_journey(key: PublishableKey, sandbox: Sandbox, seed: int) -> str:
    """Run an app with its own troubles, and return how it ended. Raises AssertionError for a doubled effect."""
    random = Random(seed)
    number = f"+1{random.choice((201, 202, 212))}{2_000_000 + seed * 13}"  # none that the sandbox has a failure for
    Client().post("/sandbox/control/reset", "{}", content_type="application/json")
    trouble = Trouble(random, killed=random.random() / 3, lost=random.random() / 3, twice=random.random() / 3)
    app = app_with(key, number, trouble, sandbox)
    try:
        verification = app.runs()
        end = str(verification["status"])
    except Refused:
        end = "told"
    calls = Client().get("/sandbox/control/ledger.json", {"number": number}).json()
    arrived = Counter(call["route"] for call in calls if call["outcome"] != "refuse")
    assert arrived[invariants.UNIFY] <= 1 and arrived[invariants.BIND] <= 1, f"doubled: {arrived}"
    if end == "linked":
        assert arrived[invariants.UNIFY] == arrived[invariants.BIND] == 1
        assert Binding.objects.filter(of_number(number), confirmed=True).count() == 1
    return end
