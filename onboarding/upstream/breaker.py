"""A circuit breaker, shared by threads: a vendor that fails gets a probe every 15 seconds and no other call."""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from onboarding.domain.errors import Uncertain, Unreachable, UpstreamError

FAILURES_IN_A_ROW = 5
WINDOW_S = 30.0
WINDOW_CALLS = 20  # with fewer in the window, FAILED_SHARE does not count
FAILED_SHARE = 0.5
PROBE_EVERY_S = 15.0

log = logging.getLogger(__name__)


class CircuitOpen(Unreachable):
    """The upstream failed too often lately. Nothing was sent."""


class CircuitBreaker:
    """Failures open it, and a probe that succeeds closes it. Unreachable and Uncertain are failures."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._recent: deque[tuple[float, bool]] = deque()  # seconds of time.monotonic(), and whether it failed
        self._failed_in_a_row = 0
        self._next_probe: float | None = None  # seconds of time.monotonic(); None while closed

    @contextmanager
    def guarding(self, operation: str) -> Iterator[bool]:
        """Count the success or failure of the request made inside; yield whether it is a probe. Raises CircuitOpen."""
        probing = self._admit(operation)
        try:
            yield probing
        except (Unreachable, Uncertain):
            self._count(failed=True, probing=probing)
            raise
        except UpstreamError:
            self._count(failed=False, probing=probing)
            raise
        self._count(failed=False, probing=probing)

    def _admit(self, operation: str) -> bool:
        """Return whether the request is a probe. Raises CircuitOpen."""
        now = time.monotonic()
        with self._lock:
            if self._next_probe is None:
                return False
            if now < self._next_probe:
                raise CircuitOpen(self._service, operation)
            self._next_probe = now + PROBE_EVERY_S
            return True

    def _count(self, *, failed: bool, probing: bool) -> None:
        now = time.monotonic()
        with self._lock:
            if self._next_probe is None:
                self._add(now, failed)
                if self._fails_too_often():
                    self._next_probe = now + PROBE_EVERY_S
                    log.warning("%s fails: the circuit is open", self._service)
            elif probing and not failed:
                self._next_probe, self._failed_in_a_row = None, 0
                self._recent.clear()
                log.warning("%s answers: the circuit is closed", self._service)

    def _add(self, now: float, failed: bool) -> None:
        self._recent.append((now, failed))
        self._failed_in_a_row = self._failed_in_a_row + 1 if failed else 0
        while self._recent[0][0] <= now - WINDOW_S:
            self._recent.popleft()

    def _fails_too_often(self) -> bool:
        if not self._failed_in_a_row:
            return False
        failed = sum(failed for _, failed in self._recent)
        many = len(self._recent) >= WINDOW_CALLS and failed >= FAILED_SHARE * len(self._recent)
        return many or self._failed_in_a_row >= FAILURES_IN_A_ROW
