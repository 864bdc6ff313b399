"""Random combinations of fault, call and journey: nothing is lost, done twice or stuck."""

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.db import connection

from sandbox.wire.faults import NO_CLOSED_SET
from tests.deep.any_order import invariants
from tests.deep.any_order.faults import FAULTS, FORGED_ANSWERS, CrashPoint, FakeClock
from tests.deep.any_order.harness import NUMBERS
from tests.deep.any_order.machine import AnyOrder
from tests.deep.conftest import report, share

COUNT = share(deep=2000, quick=13 if connection.vendor == "postgresql" else 26)
SLOW: list[dict[str, Any]] = [
    {"kind": "hang"},
    {"kind": "latency", "seconds": 1},
    {"kind": "latency", "seconds": 20},
    {"kind": "drip", "seconds": 0.001},
    {"kind": "drip", "seconds": 1},
    {"kind": "huge"},
]
ROUTES = (
    "prove.token",
    *invariants.JOURNEY_ROUTES,
    "prove.device_register",
    "prove.device_verify",
    "prove.device_revoke",
)


class SteeredMachine(AnyOrder):
    """The state machine without its random choices: the first browser takes one of these journeys."""

    def first_time(self) -> None:
        self.gets_to_the_code_page(0, NUMBERS[0])
        self.types_the_code(0, NUMBERS[0], {})

    def with_a_wrong_code_and_another_text(self) -> None:
        self.gets_to_the_code_page(0, NUMBERS[0])
        self.types_another_code(0, "000000")
        self.time_passes(31)
        self.asks_for_a_text(0, {})
        self.types_the_code(0, NUMBERS[0], {})
        self.asks_for_the_bind(0, {})

    def returning(self) -> None:
        self.first_time()
        self.starts(0, NUMBERS[0], {})
        self.runs_the_sdk(0)
        self.says_that_it_finished(0, {})

    def rebinding(self) -> None:
        self.first_time()
        self.gets_to_the_code_page(0, NUMBERS[1])
        self.agrees_to_the_rebind(0, {})
        self.runs_the_sdk(0)
        self.says_that_it_finished(0, {})
        self.types_the_code(0, NUMBERS[1], {})

    def unlinking(self) -> None:
        self.first_time()
        self.unlinks(0)


Journey = Callable[[Any], None]
JOURNEYS: tuple[Journey, ...] = (
    SteeredMachine.first_time,
    SteeredMachine.with_a_wrong_code_and_another_text,
    SteeredMachine.returning,
    SteeredMachine.rebinding,
    SteeredMachine.unlinking,
)
TIMES = (1, 2, None)  # how many calls a fault spoils; None for all


def combinations(journeys: Sequence[Journey] = JOURNEYS) -> Iterator[tuple[str, dict[str, Any], int | None, Journey]]:
    kinds = [*FAULTS, *SLOW, *FORGED_ANSWERS]
    every = [each for each in itertools.product(ROUTES, kinds, TIMES, journeys) if is_possible(each[0], each[1])]
    random.Random(COUNT).shuffle(every)
    return itertools.islice(itertools.cycle(every), COUNT)


def is_possible(route: str, fault: dict[str, Any]) -> bool:
    """Return whether the route can have this fault: an invented answer to unify or token is as good as a real one."""
    if fault["kind"] == "unknown_value":
        return route not in NO_CLOSED_SET
    return fault["kind"] != "answer" or route in (invariants.STATUS, invariants.BIND, invariants.CHECK)


@pytest.mark.xdist_group("faults")
def test_after_any_fault_at_any_call_a_person_can_still_link(db: None) -> None:
    SteeredMachine.crash_point, SteeredMachine.clock = CrashPoint(), FakeClock()
    with SteeredMachine.clock.installed():
        spoiled = sum(count_spoiled_calls(*combination) for combination in combinations())
    assert spoiled > COUNT / 2
    report(f"faults: {COUNT} combinations, {spoiled} calls spoiled, 0 lost, 0 doubled, 0 stuck")


def count_spoiled_calls(route: str, fault: dict[str, Any], times: int | None, journey: Journey) -> int:
    """Take the journey with the fault; return how many calls it spoiled. Fails if nobody can link afterwards."""
    machine = SteeredMachine()
    try:
        machine.control("faults", {"route": route, "times": times, **fault})
        journey(machine)
        machine.the_invariants_hold()
        spoiled = len([each for each in machine.received_calls() if each["outcome"] == fault["kind"]])
        machine.a_person_can_still_link()
    except AssertionError as error:
        raise AssertionError(f"{journey.__name__} with {fault} x {times} at {route}") from error
    finally:
        machine.roll_back()
    return spoiled
