"""A bulkhead, shared by threads: limits the calls to a vendor at once, so that threads are left for other pages."""

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager

from onboarding.telemetry import metrics
from onboarding.upstream.breaker import NotAsked
from onboarding.upstream.deadline import Call

STALLED_S = 1.5  # without a call that begins or ends, while it is full: the vendor hangs
CALLS_PER_NUMBER = 3  # at once, those that wait included: one number must not take all places


class Bulkhead:
    """Has `size` places. When all are taken, calls wait for one: first come, first served.

    Being busy is no reason to refuse a call, but a vendor that hangs is: then nobody waits.
    """

    def __init__(self, service: str, size: int) -> None:
        self._service = service
        self._running = metrics.CALLS_RUNNING.labels(service)
        self._queued = metrics.CALLS_WAITING.labels(service)
        self._lock = threading.Lock()
        self._free = size
        self._waiting: deque[threading.Event] = deque()
        self._calls: Counter[str] = Counter()  # by number
        self._moved = 0.0  # when a call began or ended, in seconds of time.monotonic()

    @contextmanager
    def place(self, operation: str, about: str, call: Call) -> Iterator[None]:
        """Have a place inside. Raises NotAsked if the call's time is up before one is free, or the vendor hangs."""
        if not self._enter(about, call):
            raise NotAsked(self._service, operation)
        try:
            with self._running.track_inprogress():
                yield
        finally:
            self._leave(about)

    def _enter(self, about: str, call: Call) -> bool:
        """Take a place, or wait for one; return whether that came to something."""
        turn = threading.Event()
        with self._lock:
            if self._calls[about] >= CALLS_PER_NUMBER or not (self._free or self._patience()):
                return False
            self._calls[about] += 1
            if self._free:
                self._free -= 1
                self._moved = time.monotonic()
                return True
            self._waiting.append(turn)
        with self._queued.track_inprogress():
            return self._wait(turn, about, call)

    def _wait(self, turn: threading.Event, about: str, call: Call) -> bool:
        while not turn.wait(min(call.left, self._patience())):
            with self._lock:
                if not turn.is_set() and not (call.left and self._patience()):
                    self._waiting.remove(turn)
                    self._forget(about)
                    return False
        return True

    def _leave(self, about: str) -> None:
        with self._lock:
            self._moved = time.monotonic()
            self._forget(about)
            if self._waiting:
                self._waiting.popleft().set()  # the place goes to the one that has waited longest
            else:
                self._free += 1

    def _forget(self, about: str) -> None:
        self._calls[about] -= 1
        if not self._calls[about]:
            del self._calls[about]

    def _patience(self) -> float:
        """Return the seconds until the vendor counts as hanging, if no call ends before; 0 if it hangs."""
        return max(0.0, self._moved + STALLED_S - time.monotonic())
