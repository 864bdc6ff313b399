"""Four processes of eight threads each: what a budget admits is its burst, neither more nor less."""

from pathlib import Path

import pytest
from django.db import connection

from onboarding.budgets import Budget, Charge
from onboarding.errors import Limited
from tests.deep.conftest import share, tell
from tests.limits.contenders import PROCESSES, THREADS, at_once, contenders

BURST = 7
NARROW = Budget("narrow", BURST, 86_400, "for this test")
WIDE = Budget("wide", 1_000_000, 86_400, "for this test")
IS_SHARED = connection.vendor == "postgresql"  # SQLite lets one writer in at a time: it is slow, and exact anyway
ROUNDS = share(deep=1_000, quick=20) if IS_SHARED else share(deep=30, quick=2)


def takes(subject: str) -> bool:
    from onboarding import limits

    try:
        limits.take([Charge(WIDE, "everybody"), Charge(NARROW, subject)])
    except Limited as limited:
        assert limited.limit == NARROW.name
        return False
    return True


@pytest.mark.xdist_group("races")
@pytest.mark.django_db(transaction=True)
def test_a_budget_admits_exactly_its_burst_whoever_tries_at_once(tmp_path: Path) -> None:
    with contenders(tmp_path) as pool:
        assert at_once(pool, takes, [f"round {n}" for n in range(ROUNDS)]) == [BURST] * ROUNDS
    tell(f"budgets: {BURST} of {PROCESSES * THREADS} admitted in {ROUNDS} of {ROUNDS} rounds, {PROCESSES} x {THREADS}")
