"""Every kind of bad day, at every call, in every phase of a journey: nothing lost, nothing twice, nobody stuck."""

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.deep import ledger
from tests.deep.conftest import share, tell
from tests.deep.machine import FORGERIES, KINDS, NUMBERS, AnyOrder, Bomb

FAULTS = share(deep=2000, quick=40)
SLOW: list[dict[str, Any]] = [
    {"kind": "hang"},
    {"kind": "latency", "seconds": 0.05},
    {"kind": "latency", "seconds": 1},
    {"kind": "drip", "seconds": 0.01},
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


PHASES: tuple[Callable[[Journeys], None], ...] = (
    Journeys.first_time,
    Journeys.with_a_wrong_code_and_another_text,
    Journeys.returning,
    Journeys.moving,
    Journeys.leaving,
)
WHEN = (1, 2, None)  # how many calls it spoils


def bad_days() -> Iterator[tuple[str, dict[str, Any], int | None, Callable[[Journeys], None]]]:
    kinds = [*KINDS, *SLOW, *FORGERIES]
    every = [each for each in itertools.product(ROUTES, kinds, WHEN, PHASES) if makes_sense(each[0], each[1])]
    random.Random(FAULTS).shuffle(every)
    return itertools.islice(itertools.cycle(every), FAULTS)


def makes_sense(route: str, fault: dict[str, Any]) -> bool:
    """An invented answer to unify or token would be another vendor's word, not a failure."""
    return fault["kind"] != "answer" or route in (ledger.STATUS, ledger.BIND, ledger.CHECK)


@pytest.mark.xdist_group("faults")
def test_after_any_fault_at_any_call_all_is_well_again(db: None, impatient: None) -> None:
    bomb, struck = Bomb(), 0
    Journeys.bomb = bomb
    for route, fault, times, phase in bad_days():
        journey = Journeys()
        try:
            journey.order("faults", {"route": route, "times": times, **fault})
            phase(journey)
            journey.the_ledger_is_clean()
            journey.the_diary_tells_the_state()
            struck += len([each for each in journey.told() if each["outcome"] == fault["kind"]])
            journey.in_the_end_all_is_well()
        except AssertionError as error:
            raise AssertionError(f"{phase.__name__} with {fault} x {times} at {route}") from error
        finally:
            journey.forget()
    assert struck > FAULTS / 2
    tell(f"faults: {FAULTS} bad days, {struck} calls spoilt, 0 lost, 0 doubled, 0 stuck")
