"""A deadline for a whole call, from the name look-up to the last byte.

Before each operation, a socket gets the time that the call has left as its timeout. The timeouts of HTTP clients apply
to each read, so that a response that arrives byte by byte could take for ever.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta


@dataclass
class Call:
    """One call to a vendor."""

    ends: float  # seconds of time.monotonic()
    sent: bool = False  # whether a part of the request may have left this machine

    @property
    def left(self) -> float:
        """Return the seconds left, 0 when the time is up."""
        return max(0.0, self.ends - time.monotonic())

    def left_or_timeout(self) -> float:
        """Return the seconds left. Raises TimeoutError when the time is up."""
        if not (left := self.left):
            raise TimeoutError
        return left


_CALL: ContextVar[Call] = ContextVar("call")


@contextmanager
def deadline(limit: timedelta) -> Iterator[Call]:
    """Let all calls inside end within `limit`, or by the end of an outer `deadline` if that is earlier."""
    outer = _CALL.get(None)
    ends = time.monotonic() + limit.total_seconds()
    call = Call(min(ends, outer.ends) if outer else ends)
    token = _CALL.set(call)
    try:
        yield call
    finally:
        _CALL.reset(token)


def current_call() -> Call:
    """Return the call that the innermost `deadline` of this thread limits. Raises LookupError outside of any."""
    return _CALL.get()
