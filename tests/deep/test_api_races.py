"""The same call of the API 32 times at one moment, from four processes: the vendors get exactly one call."""

import json
import uuid
from typing import Any

import pytest
from django.db import connection

from onboarding.api.models import PublishableKey
from onboarding.models import Cell
from tests.api.app import App
from tests.deep.any_order import invariants
from tests.deep.any_order.api_browser import STATUSES
from tests.deep.any_order.faults import later
from tests.deep.conftest import report, share
from tests.deep.servers.parallel_requests import PROCESSES, THREADS, ParallelClients
from tests.deep.test_races import calls, effects
from tests.journey.conftest import Sandbox

ROUNDS = share(deep=200, quick=1)

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time: no race shows"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("races"),
]


def test_every_operation_has_one_effect_however_many_calls_come(parallel: ParallelClients, sandbox: Sandbox) -> None:
    key = PublishableKey.objects.create(name="the app").key
    for round_number in range(ROUNDS):
        one_journey(parallel, sandbox, key, round_number)
    report(f"races over the API: {ROUNDS} of {ROUNDS} rounds of {PROCESSES} x {THREADS} at each of create to bind")


def one_journey(parallel: ParallelClients, sandbox: Sandbox, key: str, round_number: int) -> None:
    number = f"+1415{2_000_000 + round_number * 10_007}"
    app = App(key, f"10.1.{round_number // 250}.{round_number % 250}")
    begins(parallel, app, number)
    assert effects(sandbox, number) == [invariants.UNIFY]

    Cell.objects.all().delete()  # so many starts of one number were refused that it would have to wait
    app.runs_the_sdk()
    at_once(parallel, app, "device", {})
    assert effects(sandbox, number)[1:] == [invariants.STATUS, invariants.SEND]

    later(31)
    at_once(parallel, app, "code", {})
    assert effects(sandbox, number)[3:] == [invariants.SEND]

    sandbox.inject_fault(invariants.BIND, "refuse", number=number)
    at_once(parallel, app, "code/check", {"code": app.code(number)})
    assert effects(sandbox, number)[4:] == [invariants.CHECK]

    sandbox.clear_faults()
    told = at_once(parallel, app, "bind", {})
    assert effects(sandbox, number)[5:] == [invariants.BIND]
    assert any(answer.get("status") == "linked" for answer in told)
    invariants.check_calls(invariants.call_from(call, number) for call in calls(sandbox, number))


def begins(parallel: ParallelClients, app: App, number: str) -> None:
    """Begin in parallel with one Idempotency-Key. All who get an answer get the same one."""
    body = json.dumps({"phone_number": number, "platform": "ios", "device_id": app.device_id})
    headers = {"Authorization": f"Bearer {app.key}", "Idempotency-Key": str(uuid.uuid4())}
    responses = parallel.calls_at_once("/api/v1/verifications", body, headers, app.address)
    assert {response.status for response in responses} <= STATUSES
    begun = [json.loads(response.body) for response in responses if response.status == 201]
    assert len({(each["client_secret"], each["auth_token"]) for each in begun}) == 1
    app.verification, app.secret = begun[0], begun[0]["client_secret"]


def at_once(parallel: ParallelClients, app: App, operation: str, body: Any) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {app.secret}"}
    path = f"/api/v1/verifications/{app.verification['id']}/{operation}"
    responses = parallel.calls_at_once(path, json.dumps(body), headers, app.address)
    assert len(responses) == PROCESSES * THREADS
    assert {response.status for response in responses} <= STATUSES
    return [json.loads(response.body) for response in responses]
