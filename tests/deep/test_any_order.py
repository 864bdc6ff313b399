"""Two browsers, both vendors, reviewers and the clock act in any order, and no invariant breaks."""

import os
from typing import Any

import hypothesis
import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, seed
from hypothesis.stateful import run_state_machine_as_test

from tests.deep.any_order.api_browser import ApiBrowser
from tests.deep.any_order.browser import Browser
from tests.deep.any_order.faults import CrashPoint, FakeClock
from tests.deep.any_order.machine import SCRIPTS, AnyOrder
from tests.deep.any_order.occurrences import Occurrences
from tests.deep.conftest import DEEP, report, share

PARTS = share(deep=4, quick=1)  # which can run in parallel
QUICK = 36  # examples: two for each script, as the first of Hypothesis is the simplest
ENOUGH_TO_TELL = 40  # examples; with fewer, only what happens often has to happen, half as often
OFTEN = 0.15
PROFILE = hypothesis.settings(  # for each script to begin with
    stateful_step_count=25,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, *([] if "MUTANTS" in os.environ else [Phase.shrink])),
)
# Each of these must occur in at least this share of the examples: about half of its usual share.
LEAST_SHARES = {
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
    "rebound": 0.04,
    "code:expired": 0.04,
    "review:approved": 0.04,
    "code:unanswered": 0.04,
    "guess:unanswered": 0.04,
    "bind:observed": 0.03,
    "notice:sent": 0.04,
}


# Each kind of two that act: 2,000 examples over the API in all.
KINDS = {"API": (ApiBrowser, ApiBrowser), "pages and API": (Browser, ApiBrowser)}


@pytest.mark.parametrize("part", range(PARTS))
def test_no_invariant_breaks_in_any_order(db: None, settings: Any, part: int) -> None:
    any_order(settings, examples=share(deep=2000, quick=QUICK) // PARTS, kinds=(Browser, Browser))


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("kind", share(deep=list(KINDS), quick=["pages and API"]))
def test_no_invariant_breaks_over_the_api(db: None, settings: Any, kind: str, part: int) -> None:
    if connection.vendor == "postgresql" and not DEEP:
        pytest.skip("SQLite has it in make test, and both in make test-deep")
    any_order(settings, examples=share(deep=1000, quick=QUICK) // PARTS, kinds=KINDS[kind])


def any_order(settings: Any, *, examples: int, kinds: tuple[type[Browser], type[Browser]]) -> None:
    """Let the machine run. What may happen has to happen often enough, if there are enough examples to tell."""
    settings.ALLOWED_COUNTRIES = ["US"]  # the list of all countries would slow down each page
    crash_point, clock, occurrences = CrashPoint(), FakeClock(), Occurrences()
    known = {"crash_point": crash_point, "clock": clock, "occurrences": occurrences, "kinds": kinds}
    profile = hypothesis.settings(PROFILE, max_examples=-(-examples // len(SCRIPTS)))
    with crash_point.installed(), clock.installed():
        for number, script in enumerate(SCRIPTS):
            machine = type("Machine", (AnyOrder,), {**known, "opening": script})
            run_state_machine_as_test(machine if DEEP else seed(number)(machine), settings=profile)
    who = " and ".join(kind.__name__ for kind in kinds)
    report(
        f"any order, {who}: {occurrences.examples} examples of up to 25 steps on {connection.vendor}, 0 violations: "
        f"{occurrences}"
    )
    few = {name: share / 2 for name, share in LEAST_SHARES.items() if share > OFTEN}
    assert occurrences.too_rare(few if occurrences.examples < ENOUGH_TO_TELL else LEAST_SHARES) == {}
