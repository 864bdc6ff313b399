"""A hundred wrong codes at the same moment: at most five are compared."""

import pytest
from django.db import connection
from django.test import Client

from onboarding.models import Cell
from tests.deep.conftest import share, tell
from tests.deep.racers import PROCESSES, THREADS, Racers
from tests.journeys.conftest import Sandbox
from tests.journeys.visitor import Visitor, wrong

BURSTS = share(deep=100, quick=2)
GUESSES, MOST_COMPARED = 100, 5

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time: no race shows"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("races"),
]


def test_of_a_hundred_parallel_guesses_five_are_compared(racers: Racers, sandbox: Sandbox) -> None:
    most = 0
    for burst in range(BURSTS):
        Cell.objects.all().delete()
        compared = guesses_at_once(racers, f"+1415{2_000_000 + burst * 10_007}")
        assert 1 <= compared <= MOST_COMPARED
        most = max(most, compared)
    tell(f"bursts: of {GUESSES} parallel guesses at most {most} were compared, in {BURSTS} of {BURSTS} bursts")


def guesses_at_once(racers: Racers, number: str) -> int:
    visitor = Visitor()
    visitor.client.defaults["REMOTE_ADDR"] = "10.0.0.1"
    visitor.starts(number)
    code = wrong(visitor.code(number))
    for _ in range(-(-GUESSES // (PROCESSES * THREADS))):
        racers.all_at_once(visitor.client, "/code/", {"code": code})
    told = Client().get("/sandbox/control/ledger.json", {"route": "twilio.verification_check", "number": number})
    return len(told.json())
