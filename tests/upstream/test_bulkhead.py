"""The bulkhead: who waits for a place, who gets the next one, and when nobody waits."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from itertools import count

import pytest
from django.conf import LazySettings

from onboarding.upstream import bulkhead as module
from onboarding.upstream.breaker import NotAsked
from onboarding.upstream.bulkhead import Bulkhead
from onboarding.upstream.deadline import deadline
from onboarding.upstream.http import Upstream
from tests.upstream.loopback import EMPTY_OBJECT, answering, serving

NUMBERS = map("+1415555{:04}".format, count())  # each of another person
LONG, SHORT = timedelta(seconds=20), timedelta(seconds=0.1)


@pytest.fixture
def bulkhead(monkeypatch: pytest.MonkeyPatch) -> Bulkhead:
    """A bulkhead with two places, for a vendor that never counts as hanging."""
    monkeypatch.setattr(module, "STALLED_S", 3600.0)
    return Bulkhead("prove", 2)


@contextmanager
def place(bulkhead: Bulkhead, limit: timedelta = LONG, about: str = "") -> Iterator[None]:
    with deadline(limit) as call, bulkhead.place("unify", about or next(NUMBERS), call):
        yield


@pytest.fixture
def full(bulkhead: Bulkhead) -> Iterator[ExitStack]:
    """Both places are taken until this is closed."""
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(place(bulkhead))
        yield stack


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(100) as pool:
        yield pool


def waits(bulkhead: Bulkhead, many: int) -> None:
    """Return as soon as so many calls wait."""
    for _ in range(9000):
        if len(bulkhead._waiting) >= many:
            return
        time.sleep(0.001)
    pytest.fail("nobody waits")


def test_a_call_waits_until_a_place_is_free(bulkhead: Bulkhead, full: ExitStack, threads: ThreadPoolExecutor) -> None:
    third = threads.submit(lambda: has_place(bulkhead))
    waits(bulkhead, 1)
    assert not third.done()
    full.close()
    third.result()


def has_place(bulkhead: Bulkhead, then: Callable[[], None] = lambda: None) -> None:
    with place(bulkhead):
        then()


def test_who_came_first_is_first(bulkhead: Bulkhead, threads: ThreadPoolExecutor) -> None:
    order: list[int] = []
    with place(bulkhead):
        full = ExitStack()
        full.enter_context(place(bulkhead))
        calls: list[Future[None]] = []
        for number in range(9):
            calls.append(threads.submit(has_place, bulkhead, partial(order.append, number)))
            waits(bulkhead, number + 1)
        full.close()
        for call in calls:
            call.result()
    assert order == list(range(9))


def test_nobody_waits_beyond_the_deadline(bulkhead: Bulkhead, full: ExitStack) -> None:
    with pytest.raises(NotAsked), place(bulkhead, SHORT):
        pytest.fail("there was no place")
    assert not bulkhead._waiting


def test_those_who_wait_are_told_when_the_vendor_hangs(
    bulkhead: Bulkhead, full: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STALLED_S", 0.2)
    with pytest.raises(NotAsked), place(bulkhead):
        pytest.fail("there was no place")


def test_nobody_waits_for_a_vendor_that_hangs(
    bulkhead: Bulkhead, full: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STALLED_S", 0.0)
    monkeypatch.setattr(threading.Event, "wait", lambda *_: pytest.fail("waited"))
    with pytest.raises(NotAsked), place(bulkhead):
        pytest.fail("there was no place")


def test_a_vendor_that_hangs_is_asked_again_when_a_place_is_free(
    bulkhead: Bulkhead, full: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STALLED_S", 0.0)
    full.close()
    with place(bulkhead):
        pass


def test_one_number_has_three_calls_at_once_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    bulkhead = Bulkhead("prove", 9)
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(place(bulkhead, about="+12015550100"))
        with pytest.raises(NotAsked), place(bulkhead, about="+12015550100"):
            pytest.fail("a fourth was let in")
        with place(bulkhead, about="+12015550101"):
            pass
    with place(bulkhead, about="+12015550100"):
        pass


def test_places_are_free_again_after_failures(bulkhead: Bulkhead) -> None:
    for _ in range(9):
        with pytest.raises(ZeroDivisionError), place(bulkhead):
            raise ZeroDivisionError
    assert not bulkhead._calls


def test_of_a_hundred_at_once_nobody_is_refused(settings: LazySettings, threads: ThreadPoolExecutor) -> None:
    """Three calls each, to a vendor that takes a tenth of a second, on 24 places."""
    settings.UPSTREAM_CALLS_AT_ONCE = 24

    def slowly() -> Iterator[bytes]:
        while True:
            time.sleep(0.1)
            yield EMPTY_OBJECT

    def flow(prove: Upstream) -> None:
        number = next(NUMBERS)
        for _ in range(3):
            with prove.call("unify", number):
                prove.post("/unify", json={})

    def behaviour(connection: socket.socket) -> None:
        answering(slowly())(connection)

    with serving(behaviour) as server:
        prove = Upstream("prove", server.url, {"unify": LONG})
        for done in [threads.submit(flow, prove) for _ in range(100)]:
            done.result()
    assert len(server.requests) <= 24
