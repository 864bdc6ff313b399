"""Turns to compute: a few requests of a process compute at once, and the others wait in line, first come, first served.

Python runs one thread at a time. Threads that contend for it cost CPU time, and make all answers late at once. A
request gives its turn away while it waits for a vendor.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

AT_ONCE = 8  # more threads contend for the interpreter, fewer leave it idle while PostgreSQL answers


class TooLate(Exception):
    """The turn did not come in time."""


class Turns:
    """`at_once` threads have a turn; the others wait for one."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._lock = threading.Lock()
        self._free = at_once
        self._line: deque[threading.Event] = deque()
        self._mine = threading.local()

    @property
    def waiting(self) -> int:
        """Return how many threads wait for a turn."""
        return len(self._line)

    @contextmanager
    def turn(self, limit: timedelta) -> Iterator[None]:
        """Have a turn inside. Raises TooLate if none is free within `limit`."""
        self._take(limit.total_seconds())
        self._mine.taken = True
        try:
            yield
        finally:
            self._mine.taken = False
            self._give()

    @contextmanager
    def given_away(self) -> Iterator[None]:
        """Give this thread's turn away, if it has one, and wait for another at the end."""
        if not getattr(self._mine, "taken", False):
            yield
            return
        self._give()
        try:
            yield
        finally:
            self._take(None)

    def _take(self, limit_s: float | None) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            turn = threading.Event()
            self._line.append(turn)
        if not turn.wait(limit_s):
            with self._lock:
                if not turn.is_set():
                    self._line.remove(turn)
                    raise TooLate

    def _give(self) -> None:
        with self._lock:
            if self._line:
                self._line.popleft().set()  # the turn goes to the one that has waited longest
            else:
                self._free += 1


TURNS = Turns()
