"""Whatever two browsers, two vendors and the clock do, in any order: no invariant breaks."""

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.deep.conftest import DEEP, share, tell
from tests.deep.machine import AnyOrder, Bomb

SHARES = share(deep=4, quick=1)  # for as many processes
PROFILE = settings(
    max_examples=share(deep=2000, quick=50) // SHARES,
    stateful_step_count=25,
    deadline=None,
    database=None,
    derandomize=not DEEP,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
)


@pytest.mark.parametrize("this", range(SHARES))
def test_no_invariant_breaks_in_any_order(db: None, this: int) -> None:
    bomb = Bomb()

    class Machine(AnyOrder):
        pass

    Machine.bomb = bomb
    with bomb.planted():
        run_state_machine_as_test(Machine, settings=PROFILE)
    tell(f"any order: {PROFILE.max_examples} examples of up to 25 steps on {connection.vendor}, 0 violations")
