"""Whatever two browsers, two vendors, reviewers and the clock do, in any order: no invariant breaks."""

import os
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.deep.any_order.bad_days import Bomb, Patience
from tests.deep.any_order.machine import WAYS, AnyOrder
from tests.deep.any_order.tally import Tally
from tests.deep.conftest import DEEP, share, tell

SHARES = share(deep=4, quick=1)  # for as many processes
PROFILE = settings(  # for each way to begin
    max_examples=-(-share(deep=2000, quick=54) // SHARES // len(WAYS)),
    stateful_step_count=25,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, *([] if "MUTANTS" in os.environ else [Phase.shrink])),
)
# What has to come up, each in what share of the examples at least: about half of what does.
INTERESTING = {
    "bound": 0.35,
    "superseded": 0.25,
    "rebind_offered": 0.18,
    "authenticated": 0.12,
    "bind_unknown": 0.12,
    "binding:revoked": 0.1,
    "limited": 0.08,
    "in_review": 0.08,
    "claim:lost": 0.08,
    "expired": 0.06,
    "declined": 0.04,
    "failed": 0.04,
    "a key moved": 0.04,
    "code:expired": 0.04,
    "review:approved": 0.04,
    "code:unanswered": 0.04,
    "guess:unanswered": 0.04,
    "bind:observed": 0.03,
    "notice:sent": 0.04,
}


@pytest.mark.parametrize("this", range(SHARES))
def test_no_invariant_breaks_in_any_order(db: None, settings: Any, this: int) -> None:
    settings.ALLOWED_COUNTRIES = ["US"]  # the others' names take longer to draw than all the rest

    bomb, patience, tally = Bomb(), Patience(), Tally()
    with bomb.planted(), patience.granted():
        for number, way in enumerate(WAYS):
            machine = type("Machine", (AnyOrder,), {"bomb": bomb, "patience": patience, "tally": tally, "opening": way})
            run_state_machine_as_test(machine if DEEP else seed(number)(machine), settings=PROFILE)
    tell(f"any order: {tally.examples} examples of up to 25 steps on {connection.vendor}, 0 violations: {tally}")
    assert tally.falls_short(INTERESTING) == {}
