"""A hundred different wrong codes at the same moment: at most five are compared."""

import pytest
from django.db import connection
from django.test import Client

from onboarding.models import Cell
from tests.deep.any_order.browser import STATUSES
from tests.deep.conftest import report, share
from tests.deep.servers.parallel_requests import ParallelClients
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor

BURSTS = share(deep=100, quick=2)
GUESSES, MOST_COMPARED = 100, 5
WAVES = 4  # per burst: one wave alone uses only one or two of the guesses

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time: no race shows"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("races"),
]


def test_of_a_hundred_parallel_guesses_at_most_five_are_compared(parallel: ParallelClients, sandbox: Sandbox) -> None:
    most = 0
    for burst in range(BURSTS):
        Cell.objects.all().delete()
        compared = guesses_at_once(parallel, f"+1415{2_000_000 + burst * 10_007}")
        assert WAVES <= compared <= MOST_COMPARED
        most = max(most, compared)
    report(
        f"bursts: of {WAVES} times {GUESSES} parallel guesses at most {most} were compared, in each of {BURSTS} bursts"
    )


def guesses_at_once(parallel: ParallelClients, number: str) -> int:
    visitor = Visitor()
    visitor.client.defaults["REMOTE_ADDR"] = "10.0.0.1"
    visitor.starts(number)
    right = int(visitor.code(number))
    guesses = [f"{(right + n) % 1_000_000:06}" for n in range(1, WAVES * GUESSES + 1)]
    for wave in range(WAVES):
        forms = [{"code": guess} for guess in guesses[wave::WAVES]]
        responses = parallel.each_at_once(visitor.client, "/code/", forms)
        assert len(responses) == GUESSES and {response.status for response in responses} <= STATUSES
    told = Client().get("/sandbox/control/ledger.json", {"route": "twilio.verification_check", "number": number})
    return len(told.json())
