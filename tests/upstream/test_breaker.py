"""The circuit breaker: when it opens, its probes while it is open, and when it closes."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count, cycle

import pytest
import responses

from onboarding.domain.errors import Busy, Garbled, Limited, Refused, Uncertain, Unreachable, UpstreamError
from onboarding.upstream.breaker import CircuitBreaker, CircuitOpen, NotAsked
from onboarding.upstream.deadline import deadline
from onboarding.upstream.http import Upstream

LONG = timedelta(hours=1)
NUMBERS = map("+1415555{:04}".format, count())  # each of another person


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


def answers(breaker: CircuitBreaker, about: str = "") -> bool:
    """Make a call that succeeds, about another number each time; return whether the breaker allowed it."""
    try:
        with breaker.guarding("unify", about or next(NUMBERS)):
            return True
    except CircuitOpen:
        return False


def fails(breaker: CircuitBreaker, error: type[UpstreamError] = Uncertain, about: str = "") -> bool:
    """Make a call that fails, about another number each time; return whether the breaker allowed it."""
    try:
        with breaker.guarding("unify", about or next(NUMBERS)):
            raise error("prove", "unify")
    except CircuitOpen:
        return False
    except error:
        return True


# --- When it opens -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [Uncertain, Unreachable])
def test_failures_about_five_numbers_open_it(breaker: CircuitBreaker, error: type[UpstreamError]) -> None:
    assert [fails(breaker, error) for _ in range(7)] == [True] * 5 + [False] * 2


def test_failures_about_one_number_open_it_for_nobody(breaker: CircuitBreaker) -> None:
    assert all(fails(breaker, about="+12015550100") for _ in range(14))
    assert all(fails(breaker, about=f"+1201555010{n % 4}") for n in range(100))
    assert answers(breaker)


def test_a_call_that_it_refuses_is_not_sent(breaker: CircuitBreaker) -> None:
    for _ in range(5):
        fails(breaker)
    with pytest.raises(Unreachable) as caught, breaker.guarding("unify", "+12015550100"):
        pytest.fail("asked")
    assert (caught.value.service, caught.value.operation) == ("prove", "unify")


@pytest.mark.parametrize("error", [Refused, Busy, Garbled])
def test_an_answer_of_any_kind_is_no_failure(breaker: CircuitBreaker, error: type[UpstreamError]) -> None:
    assert all(fails(breaker, error) for _ in range(50))


def test_a_call_that_was_not_made_is_no_failure(breaker: CircuitBreaker) -> None:
    assert all(fails(breaker, NotAsked) for _ in range(50))


def test_a_success_between_failures_keeps_it_closed(breaker: CircuitBreaker) -> None:
    for _ in range(20):
        assert all(fails(breaker) for _ in range(4))
        assert answers(breaker)


def test_failures_longer_ago_do_not_count(breaker: CircuitBreaker, clock: Clock) -> None:
    for _ in range(40):
        assert fails(breaker)
        clock.now += 75.5


def test_it_keeps_no_number(breaker: CircuitBreaker) -> None:
    fails(breaker, about="+12015550100")
    assert "2015550100" not in str(vars(breaker))


# --- While it is open ----------------------------------------------------------------------------------------------


@pytest.fixture
def open_breaker(breaker: CircuitBreaker) -> CircuitBreaker:
    """A breaker that these five numbers have opened: +12015550100 to 104."""
    for number in range(5):
        fails(breaker, about=f"+1201555010{number}")
    return breaker


def probes(breaker: CircuitBreaker, clock: Clock, numbers: Iterator[str]) -> int:
    """Let calls about these numbers fail, eight a second for a minute; return how many were allowed."""
    allowed = 0
    for _ in range(8 * 60):
        clock.now += 0.125
        allowed += fails(breaker, about=next(numbers))
    return allowed


def test_each_fifteen_seconds_one_call_about_numbers_that_have_failed_goes_out(
    open_breaker: CircuitBreaker, clock: Clock
) -> None:
    assert probes(open_breaker, clock, cycle(f"+1201555010{n}" for n in range(4))) == 4


def test_each_three_seconds_one_call_about_another_number_goes_out(open_breaker: CircuitBreaker, clock: Clock) -> None:
    assert probes(open_breaker, clock, NUMBERS) == 20


def test_numbers_that_fail_use_up_no_probe_of_others(open_breaker: CircuitBreaker, clock: Clock) -> None:
    """Four addresses poll with numbers that Prove fails on; an honest person gets through in three seconds."""
    polling = cycle(f"+1201555010{n}" for n in range(4))
    for _ in range(8 * 3):
        clock.now += 0.125
        fails(open_breaker, about=next(polling))
    assert answers(open_breaker)
    assert all(answers(open_breaker) for _ in range(5))


@pytest.mark.parametrize(
    "error", [NotAsked("prove", "unify"), Busy("prove", "unify"), RuntimeError(), Limited("a", LONG)]
)
def test_a_probe_that_asks_nothing_is_given_back(open_breaker: CircuitBreaker, clock: Clock, error: Exception) -> None:
    clock.now += 3
    for _ in range(9):
        with pytest.raises(type(error)), open_breaker.guarding("unify", next(NUMBERS)):
            raise error
    assert answers(open_breaker)


def test_one_thread_probes_and_the_others_do_not_wait(open_breaker: CircuitBreaker, clock: Clock) -> None:
    clock.now += 3
    probing, over = threading.Event(), threading.Event()

    def probe() -> None:
        with open_breaker.guarding("unify", next(NUMBERS)):
            probing.set()
            over.wait(10)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(probe)
        probing.wait(10)
        assert [answers(open_breaker) for _ in range(5)] == [False] * 5
        over.set()
        first.result()
    assert all(answers(open_breaker) for _ in range(5))


def test_a_probe_that_hangs_holds_the_next_ones_up_for_three_seconds(
    open_breaker: CircuitBreaker, clock: Clock
) -> None:
    clock.now += 3
    with pytest.raises(Uncertain), open_breaker.guarding("unify", next(NUMBERS)):
        clock.now += 3
        assert answers(open_breaker)
        raise Uncertain("prove", "unify")


def test_a_probe_that_fails_leaves_it_open(open_breaker: CircuitBreaker, clock: Clock) -> None:
    clock.now += 15
    assert [fails(open_breaker), answers(open_breaker)] == [True, False]


def test_an_answer_to_an_earlier_call_does_not_close_it(breaker: CircuitBreaker) -> None:
    with breaker.guarding("unify", "+12015550100"):
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


# --- In the client -------------------------------------------------------------------------------------------------


def test_time_used_up_by_other_calls_is_no_failure_of_the_vendor(vendor: responses.RequestsMock) -> None:
    upstream = Upstream("prove", "https://platform.example", {"status": timedelta(seconds=5)})
    vendor.post("https://platform.example/status", json={})
    with deadline(timedelta(0)):
        for _ in range(20):
            with pytest.raises(Unreachable), upstream.call("status", next(NUMBERS)):
                upstream.post("/status", json={})
    with upstream.call("status", next(NUMBERS)):
        assert upstream.post("/status", json={}) == {}


def test_all_requests_of_a_call_are_one_failure(vendor: responses.RequestsMock) -> None:
    """A probe has to fetch a token before it asks what it came for."""
    upstream = Upstream("prove", "https://platform.example", {name: timedelta(seconds=5) for name in ("token", "bind")})
    vendor.post("https://platform.example/token", json={})
    vendor.post("https://platform.example/bind", status=500)
    for _ in range(5):
        with pytest.raises(Uncertain), upstream.call("bind", next(NUMBERS)):
            upstream.post("/token", data={})
            upstream.post("/bind", json={})
    with pytest.raises(CircuitOpen), upstream.call("bind", next(NUMBERS)):
        pytest.fail("asked")
