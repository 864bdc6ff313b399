"""Turns to compute: how many threads have one, who gets the next one, and what a wait for a vendor does to it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import pytest

from onboarding.turns import TURNS, TooLate, Turns
from onboarding.upstream.http import Upstream

LONG, SHORT = timedelta(seconds=20), timedelta(seconds=0.05)


def use(turns: Turns) -> None:
    with turns.turn(SHORT):
        pass


def test_who_finds_no_turn_in_time_is_told_so_and_leaves_the_line() -> None:
    turns = Turns(1)
    with turns.turn(LONG), ThreadPoolExecutor() as other, pytest.raises(TooLate):
        other.submit(use, turns).result()
    assert turns.waiting == 0
    with turns.turn(SHORT):
        pass


def test_turns_come_in_the_order_of_the_line() -> None:
    turns, came = Turns(1), []

    def wait(name: int) -> None:
        with turns.turn(LONG):
            came.append(name)

    with ThreadPoolExecutor() as others, turns.turn(LONG):
        for name in range(5):
            others.submit(wait, name)
            while turns.waiting <= name:
                threading.Event().wait(0.001)
    assert came == [0, 1, 2, 3, 4]


def test_a_turn_is_given_away_during_a_wait_and_taken_again_after_it() -> None:
    turns = Turns(1)
    with ThreadPoolExecutor() as other, turns.turn(LONG):
        with turns.given_away():
            other.submit(use, turns).result()
        with pytest.raises(TooLate):
            other.submit(use, turns).result()


def test_a_thread_without_a_turn_gives_none_away() -> None:
    turns = Turns(1)
    with turns.given_away(), ExitStack() as held:
        held.enter_context(turns.turn(LONG))
        with ThreadPoolExecutor() as other, pytest.raises(TooLate):
            other.submit(use, turns).result()


def test_a_call_to_a_vendor_gives_the_turn_of_its_request_away() -> None:
    vendor = Upstream("prove", "http://127.0.0.1:9", {"unify": LONG})
    free = TURNS._free
    with TURNS.turn(LONG):
        assert TURNS._free == free - 1
        with vendor.call("unify", "+12015550123"):
            assert TURNS._free == free
        assert TURNS._free == free - 1
