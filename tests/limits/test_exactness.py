"""Four processes of eight threads each: what a budget admits is its burst, neither more nor less."""

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from django.db import connection, transaction

from onboarding import limits
from onboarding.domain.budgets import Budget, Charge
from onboarding.domain.errors import Limited
from onboarding.models import Cell
from onboarding.operations.recovery import recover
from tests.deep.conftest import share, tell
from tests.limits.contenders import PROCESSES, THREADS, at_once, contenders

BURST = 7
NARROW = Budget("narrow", BURST, 86_400, "for this test")
WIDE = Budget("wide", 1_000_000, 86_400, "for this test")
IS_SHARED = connection.vendor == "postgresql"  # SQLite lets one writer in at a time: it is slow, and exact anyway
ROUNDS = share(deep=1_000, quick=20) if IS_SHARED else share(deep=30, quick=2)
ROUNDS_OF_TWO = share(deep=100, quick=5)

pytestmark = [pytest.mark.xdist_group("races"), pytest.mark.django_db(transaction=True)]


def takes(subject: str) -> bool:
    """Of one budget alone: a second that all share would let in one transaction at a time."""
    return _takes([Charge(NARROW, subject)])


def takes_both(subject: str) -> bool:
    return _takes([Charge(NARROW, subject), Charge(WIDE, "everybody")])


def _takes(charges: list[Charge]) -> bool:
    try:
        limits.charge(charges)
    except Limited as limited:
        assert limited.limit == NARROW.name  # else it could not be counted, as after a deadlock
        return False
    return True


def test_a_budget_admits_exactly_its_burst_whoever_tries_at_once(tmp_path: Path) -> None:
    with contenders(tmp_path) as pool:
        assert at_once(pool, takes, [f"round {n}" for n in range(ROUNDS)]) == [BURST] * ROUNDS
    tell(f"budgets: {BURST} of {PROCESSES * THREADS} admitted in {ROUNDS} of {ROUNDS} rounds, {PROCESSES} x {THREADS}")


@pytest.mark.skipif(not IS_SHARED, reason="SQLite lets one writer in at a time: nobody waits for another's second lock")
def test_budgets_that_are_charged_together_are_exact_and_lock_nobody_out(tmp_path: Path) -> None:
    with contenders(tmp_path) as pool:
        assert at_once(pool, takes_both, [f"round {n}" for n in range(ROUNDS_OF_TWO)]) == [BURST] * ROUNDS_OF_TWO


def sweeps() -> None:
    """With a connection of its own, which it gives back."""
    recover()
    connection.close()


@pytest.mark.skipif(not IS_SHARED, reason="SQLite lets one writer in at a time: nothing comes during a sweep")
def test_a_count_that_comes_during_a_sweep_stays() -> None:
    limits.charge([Charge(NARROW, "somebody")])
    Cell.objects.update(tat=0)  # empty again
    with transaction.atomic():
        limits.charge([Charge(NARROW, "somebody")])
        with ThreadPoolExecutor() as workers:
            sweep = workers.submit(sweeps)
            wait([sweep], timeout=1)
    sweep.result()
    assert Cell.objects.count() == 1
