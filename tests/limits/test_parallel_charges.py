"""Parallel charges, by four processes with eight threads each: a budget admits exactly its burst."""

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from django.db import connection, transaction

from onboarding import limits
from onboarding.domain.budgets import Budget, Charge
from onboarding.domain.errors import Limited
from onboarding.models import Cell
from onboarding.operations.recovery import recover
from tests.deep.conftest import report, share
from tests.limits.parallel import PROCESSES, THREADS, count_successes, process_pool

BURST = 7
NARROW = Budget("narrow", BURST, 86_400, "for this test")
WIDE = Budget("wide", 1_000_000, 86_400, "for this test")
IS_PARALLEL = connection.vendor == "postgresql"  # SQLite allows one writer at a time: slow, and exact anyway
ROUNDS = share(deep=1_000, quick=20) if IS_PARALLEL else share(deep=30, quick=2)
ROUNDS_OF_TWO = share(deep=100, quick=5)

pytestmark = [pytest.mark.xdist_group("races"), pytest.mark.django_db(transaction=True)]


def charges_one(subject: str) -> bool:
    """Charge one budget; return whether it admits. A second one, shared by all, would serialize the charges."""
    return _is_admitted([Charge(NARROW, subject)])


def charges_two(subject: str) -> bool:
    return _is_admitted([Charge(NARROW, subject), Charge(WIDE, "everybody")])


def _is_admitted(charges: list[Charge]) -> bool:
    try:
        limits.charge(charges)
    except Limited as limited:
        assert limited.limit == NARROW.name  # else it could not be counted, as after a deadlock
        return False
    return True


def test_a_budget_admits_exactly_its_burst_of_parallel_charges(tmp_path: Path) -> None:
    with process_pool(tmp_path) as pool:
        assert count_successes(pool, charges_one, [f"round {n}" for n in range(ROUNDS)]) == [BURST] * ROUNDS
    report(
        f"budgets: {BURST} of {PROCESSES * THREADS} admitted in {ROUNDS} of {ROUNDS} rounds, {PROCESSES} x {THREADS}"
    )


@pytest.mark.skipif(
    not IS_PARALLEL, reason="SQLite lets one writer in at a time: nobody waits for another's second lock"
)
def test_two_budgets_charged_together_are_exact_and_do_not_deadlock(tmp_path: Path) -> None:
    with process_pool(tmp_path) as pool:
        assert (
            count_successes(pool, charges_two, [f"round {n}" for n in range(ROUNDS_OF_TWO)]) == [BURST] * ROUNDS_OF_TWO
        )


def cleans_up() -> None:
    """Run `recover` on a connection of its own, which is closed."""
    recover()
    connection.close()


@pytest.mark.skipif(not IS_PARALLEL, reason="SQLite lets one writer in at a time: nothing comes during a sweep")
def test_a_charge_during_a_clean_up_is_kept() -> None:
    limits.charge([Charge(NARROW, "somebody")])
    Cell.objects.update(tat=0)  # empty again
    with transaction.atomic():
        limits.charge([Charge(NARROW, "somebody")])
        with ThreadPoolExecutor() as workers:
            clean_up = workers.submit(cleans_up)
            wait([clean_up], timeout=1)
    clean_up.result()
    assert Cell.objects.count() == 1
