"""Attackers do not use up what honest people need, and people behind one address do not hinder each other."""

from ipaddress import IPv4Address
from random import Random

import pytest
from django.db import connection

from onboarding import limits
from onboarding.domain.budgets import HOUR, Budget, Charge
from onboarding.domain.errors import Limited
from tests.deep.conftest import DEEP, report, share
from tests.limits.simulation import figures
from tests.limits.simulation.cells import Cells
from tests.limits.simulation.people import World, attackers_come, own_address, people_arrive

HOURS = share(deep=24, quick=2)
PER_HOUR = share(deep=300, quick=200)
SEEDS = range(share(deep=3, quick=1))
SHARED = IPv4Address("192.0.2.1")

computed = pytest.mark.skipif(connection.vendor == "postgresql", reason="needs no database: once is enough")


@computed
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("addresses", "dollars", "most"), [(1, 1000, 0), (10, 1000, 0), (1000, 100, 0.01)])
def test_an_attacker_refuses_few_honest_people(seed: int, addresses: int, dollars: int, most: float) -> None:
    world = World(Random(seed))
    people_arrive(world, PER_HOUR, HOURS, own_address(world))
    attackers_come(world, addresses, dollars)
    world.run(HOURS * HOUR)
    assert sum(world.people.values()) > 0.9 * PER_HOUR * HOURS
    assert world.worst_hour() <= most
    report(
        f"attack from {addresses} addresses with ${dollars}, {HOURS} h: {world.worst_hour():.2%} of honest people "
        f"refused in the worst hour, ${world.spent_cents / 100:.0f} of ours spent"
    )


@computed
@pytest.mark.parametrize("seed", SEEDS)
def test_a_thousand_people_an_hour_sign_up_from_one_shared_address(seed: int) -> None:
    world = World(Random(seed))
    people_arrive(world, 1000, HOURS, lambda: SHARED)
    world.run(HOURS * HOUR)
    assert world.worst_hour() < 0.01
    report(f"1,000 people an hour from one address, {HOURS} h: {world.worst_hour():.2%} refused in the worst hour")


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_the_cells_of_the_simulation_count_as_the_database_does(seed: int) -> None:
    random, cells = Random(seed), Cells()
    own = [Budget(f"own {n}", random.randrange(1, 9), 86_400, "for this test") for n in range(3)]
    shared = Budget("shared", 40, 86_400, "for this test", shared=True)
    for _ in range(60):
        charges = [Charge(budget, "it", random.choice([1, 2, 0.25])) for budget in random.sample([*own, shared], 2)]
        if random.random() < 0.2:
            limits.refund(charges)
            cells.refund(charges)
        else:
            assert cells.charge(charges, SHARED) == _admitted(charges)


def _admitted(charges: list[Charge]) -> bool:
    try:
        limits.charge(charges, SHARED)
    except Limited:
        return False
    return True


@pytest.mark.skipif(not DEEP, reason="minutes: make test-deep")
def test_the_figures_in_the_docs_are_those_of_the_budgets() -> None:
    assert "".join(figures.tables()) == figures.written()
