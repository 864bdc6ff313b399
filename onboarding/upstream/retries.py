"""When a vendor may be asked again: seldom, a little later, not by all at once, and not while it asks for peace."""

import threading
import time
from datetime import timedelta
from random import SystemRandom

RETRIES = 2  # a call
BASE_S, CAP_S = 0.2, 2.0
SHARE = 0.1  # of first tries
RESERVE = 3.0  # retries that no first try has to pay for

_random = SystemRandom()


def pause(attempt: int) -> float:
    """Seconds before retry `attempt`, from 0: full jitter."""
    return _random.uniform(0, min(CAP_S, BASE_S * 2**attempt))


class RetryBudget:
    """Shared by threads. A vendor that fails all its calls gets a tenth more of them, not three times as many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = RESERVE

    def earn(self) -> None:
        """A first try is being made."""
        with self._lock:
            self._left = min(RESERVE, self._left + SHARE)

    def spend(self) -> bool:
        """Whether a retry may be made."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True


class RateLimitHold:
    """Shared by threads: a vendor that answered 429 is left alone for as long as it asked."""

    def __init__(self) -> None:
        self._until = 0.0  # seconds on time.monotonic()'s clock

    def keep(self, wait: timedelta) -> None:
        self._until = max(self._until, time.monotonic() + wait.total_seconds())

    @property
    def left(self) -> timedelta:
        return timedelta(seconds=max(0.0, self._until - time.monotonic()))
