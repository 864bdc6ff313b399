"""When a vendor may be called again: for a tenth of the calls, after a random wait, and not before its Retry-After."""

import threading
import time
from datetime import timedelta
from random import SystemRandom

RETRIES = 2  # per call
BASE_S, CAP_S = 0.2, 2.0
SHARE = 0.1  # of a retry, which each first try earns
RESERVE = 3.0  # retries at the start, and at most

_random = SystemRandom()


def backoff(attempt: int) -> float:
    """Return the seconds to wait before retry `attempt`, from 0: exponential backoff with full jitter."""
    return _random.uniform(0, min(CAP_S, BASE_S * 2**attempt))


class RetryBudget:
    """Limits retries to SHARE of the first tries, so that a vendor that fails is not called three times as often.

    Shared by threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = RESERVE

    def earn(self) -> None:
        """Count a first try."""
        with self._lock:
            self._left = min(RESERVE, self._left + SHARE)

    def spend(self) -> bool:
        """Take one retry. Return False if none is left."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True


class RateLimitHold:
    """The time, shared by threads, in which a vendor that answered 429 wants no calls."""

    def __init__(self) -> None:
        self._until = 0.0  # seconds of time.monotonic()

    def extend(self, wait: timedelta) -> None:
        """Hold for `wait` from now, or longer if that was asked for before."""
        self._until = max(self._until, time.monotonic() + wait.total_seconds())

    @property
    def left(self) -> timedelta:
        """Return the time until calls are wanted again; 0 if they are."""
        return timedelta(seconds=max(0.0, self._until - time.monotonic()))
