"""The circuit breaker: when it opens, its probes while it is open, and when it closes."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import responses

from onboarding.domain.errors import Busy, Garbled, Refused, Uncertain, Unreachable, UpstreamError
from onboarding.upstream.breaker import CircuitBreaker, CircuitOpen
from onboarding.upstream.deadline import deadline
from onboarding.upstream.http import Upstream

Exchange = Callable[[], None]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("onboarding.upstream.breaker.time.monotonic", clock)
    return clock


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker("prove")


def answers(breaker: CircuitBreaker) -> bool:
    """Make a call that succeeds; return whether the breaker allowed it."""
    try:
        with breaker.guarding("unify"):
            return True
    except CircuitOpen:
        return False


def fails(breaker: CircuitBreaker, error: type[UpstreamError] = Uncertain) -> bool:
    """Make a call that fails; return whether the breaker allowed it."""
    try:
        with breaker.guarding("unify"):
            raise error("prove", "unify")
    except CircuitOpen:
        return False
    except error:
        return True


@pytest.mark.parametrize("error", [Uncertain, Unreachable])
def test_five_failures_in_a_row_open_it(breaker: CircuitBreaker, error: type[UpstreamError]) -> None:
    assert [fails(breaker, error) for _ in range(7)] == [True] * 5 + [False] * 2


def test_a_call_that_it_refuses_is_not_sent(breaker: CircuitBreaker) -> None:
    for _ in range(5):
        fails(breaker)
    with pytest.raises(Unreachable) as caught, breaker.guarding("unify"):
        pytest.fail("asked")
    assert (caught.value.service, caught.value.operation) == ("prove", "unify")


@pytest.mark.parametrize("error", [Refused, Busy, Garbled])
def test_an_answer_of_any_kind_is_no_failure(breaker: CircuitBreaker, error: type[UpstreamError]) -> None:
    assert all(fails(breaker, error) for _ in range(50))


def test_an_answer_resets_the_failures_in_a_row(breaker: CircuitBreaker) -> None:
    for _ in range(4):
        fails(breaker)
    answers(breaker)
    assert [fails(breaker) for _ in range(6)] == [True] * 5 + [False]


def test_half_of_twenty_calls_within_thirty_seconds_open_it(breaker: CircuitBreaker) -> None:
    asked = [(answers(breaker), fails(breaker)) for _ in range(12)]
    assert asked == [(True, True)] * 10 + [(False, False)] * 2


def test_failures_longer_ago_do_not_count(breaker: CircuitBreaker, clock: Clock) -> None:
    for _ in range(40):
        assert answers(breaker) and fails(breaker)
        clock.now += 3.5


def test_while_it_is_open_one_call_each_fifteen_seconds_goes_out(breaker: CircuitBreaker, clock: Clock) -> None:
    for _ in range(5):
        fails(breaker)
    probes = 0
    for _ in range(8 * 60):
        clock.now += 0.125
        probes += fails(breaker)
    assert probes == 4


def test_one_thread_probes_and_the_others_do_not_wait(breaker: CircuitBreaker, clock: Clock) -> None:
    for _ in range(5):
        fails(breaker)
    clock.now += 15
    probing, over = threading.Event(), threading.Event()

    def probe() -> None:
        with breaker.guarding("unify"):
            probing.set()
            over.wait(10)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(probe)
        probing.wait(10)
        assert [answers(breaker) for _ in range(5)] == [False] * 5
        over.set()
        first.result()
    assert all(answers(breaker) for _ in range(5))


def test_a_probe_that_fails_leaves_it_open(breaker: CircuitBreaker, clock: Clock) -> None:
    for _ in range(5):
        fails(breaker)
    clock.now += 15
    assert [fails(breaker), answers(breaker)] == [True, False]


def test_an_answer_to_an_earlier_call_does_not_close_it(breaker: CircuitBreaker, clock: Clock) -> None:
    with breaker.guarding("unify"):
        for _ in range(5):
            fails(breaker)
    assert not answers(breaker)


def test_opening_and_closing_are_logged_once_each(
    breaker: CircuitBreaker, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "onboarding")
    for _ in range(9):
        fails(breaker)
    clock.now += 15
    answers(breaker)
    assert caplog.messages == ["prove fails: the circuit is open", "prove answers: the circuit is closed"]


def test_time_used_up_by_other_calls_is_no_failure_of_the_vendor(vendor: responses.RequestsMock) -> None:
    upstream = Upstream("prove", "https://platform.example", {"status": timedelta(seconds=5)})
    vendor.post("https://platform.example/status", json={})
    with deadline(timedelta(0)):
        for _ in range(20):
            with pytest.raises(Unreachable):
                upstream.post("/status", json={})
    assert upstream.post("/status", json={}) == {}
