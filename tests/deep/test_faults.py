"""All kinds of bad days, at all calls, in all phases of a journey, in combinations drawn by lot: nothing lost, nothing
twice, nobody stuck.
"""

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from sandbox.wire.faults import NO_CLOSED_SET
from tests.deep.any_order import ledger
from tests.deep.any_order.bad_days import FORGERIES, KINDS, Bomb, Patience
from tests.deep.any_order.machine import AnyOrder
from tests.deep.any_order.stage import NUMBERS
from tests.deep.conftest import share, tell

FAULTS = share(deep=2000, quick=40)
SLOW: list[dict[str, Any]] = [
    {"kind": "hang"},
    {"kind": "latency", "seconds": 1},
    {"kind": "latency", "seconds": 20},
    {"kind": "drip", "seconds": 0.001},
    {"kind": "drip", "seconds": 1},
    {"kind": "huge"},
]
ROUTES = ("prove.token", *ledger.CALLS, "prove.device_register", "prove.device_verify", "prove.device_revoke")


class Journeys(AnyOrder):
    """The machine, steered: the first browser's person goes one of these ways."""

    def first_time(self) -> None:
        self.comes_as_far_as_the_code(0, NUMBERS[0])
        self.types_the_code(0, NUMBERS[0], {})

    def with_a_wrong_code_and_another_text(self) -> None:
        self.comes_as_far_as_the_code(0, NUMBERS[0])
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

    def moving(self) -> None:
        self.first_time()
        self.comes_as_far_as_the_code(0, NUMBERS[1])
        self.moves_the_device(0, {})
        self.runs_the_sdk(0)
        self.says_that_it_finished(0, {})
        self.types_the_code(0, NUMBERS[1], {})

    def leaving(self) -> None:
        self.first_time()
        self.unlinks(0)


Phase = Callable[[Any], None]  # of a journey
PHASES: tuple[Phase, ...] = (
    Journeys.first_time,
    Journeys.with_a_wrong_code_and_another_text,
    Journeys.returning,
    Journeys.moving,
    Journeys.leaving,
)
WHEN = (1, 2, None)  # how many calls it spoils


def bad_days(phases: Sequence[Phase] = PHASES) -> Iterator[tuple[str, dict[str, Any], int | None, Phase]]:
    kinds = [*KINDS, *SLOW, *FORGERIES]
    every = [each for each in itertools.product(ROUTES, kinds, WHEN, phases) if makes_sense(each[0], each[1])]
    random.Random(FAULTS).shuffle(every)
    return itertools.islice(itertools.cycle(every), FAULTS)


def makes_sense(route: str, fault: dict[str, Any]) -> bool:
    """An invented answer to unify or token would be another vendor's word, not a failure."""
    if fault["kind"] == "unknown_value":
        return route not in NO_CLOSED_SET
    return fault["kind"] != "answer" or route in (ledger.STATUS, ledger.BIND, ledger.CHECK)


@pytest.mark.xdist_group("faults")
def test_after_any_fault_at_any_call_all_is_well_again(db: None) -> None:
    Journeys.bomb, Journeys.patience = Bomb(), Patience()
    with Journeys.patience.granted():
        struck = sum(calls_spoilt(*bad_day) for bad_day in bad_days())
    assert struck > FAULTS / 2
    tell(f"faults: {FAULTS} bad days, {struck} calls spoilt, 0 lost, 0 doubled, 0 stuck")


def calls_spoilt(route: str, fault: dict[str, Any], times: int | None, phase: Phase) -> int:
    """Of one journey, after which all is well."""
    journey = Journeys()
    try:
        journey.order("faults", {"route": route, "times": times, **fault})
        phase(journey)
        journey.all_holds()
        struck = len([each for each in journey.told() if each["outcome"] == fault["kind"]])
        journey.in_the_end_all_is_well()
    except AssertionError as error:
        raise AssertionError(f"{phase.__name__} with {fault} x {times} at {route}") from error
    finally:
        journey.forget()
    return struck
