"""A circuit breaker, shared by threads: a vendor that fails for several numbers in a row is called rarely.

A failure that follows one number is that number's: it opens no circuit for others.
"""

import logging
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

from onboarding.domain.errors import Busy, Uncertain, Unreachable, UpstreamError
from onboarding.telemetry import metrics

FAILED_NUMBERS = 5  # with no success between them
MEMORY_S = 300.0
PROBE_EVERY_S = 3.0  # about a number that has not failed
PROBE_AGAIN_EVERY_S = 15.0  # about a number that has failed

log = logging.getLogger(__name__)


class NotAsked(Unreachable):
    """The vendor was not asked, so nothing is known about its health."""

    outcome = "not_asked"


class CircuitOpen(NotAsked):
    """The vendor failed for several numbers lately."""

    outcome = "circuit_open"


class CircuitBreaker:
    """Calls that fail about FAILED_NUMBERS open it, and a probe that succeeds closes it.

    Unreachable and Uncertain are failures. Numbers are kept as keyed hashes, for MEMORY_S.
    """

    def __init__(self, service: str) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._key = secrets.token_bytes(16)
        self._failed: dict[bytes, float] = {}  # hash of a number to seconds of time.monotonic(), the oldest first
        self._next_probe: dict[bool, float] = {}  # by whether its number has failed; empty while closed
        metrics.CIRCUITS_OPEN.labels(service).set(0)

    @contextmanager
    def guarding(self, operation: str, about: str) -> Iterator[bool]:
        """Count the success or failure of the call made inside; yield whether it is a probe. Raises CircuitOpen.

        `about` is the number, or another subject, that the call concerns. A probe that asks nothing is given back.
        """
        number = blake2b(about.encode(), key=self._key, digest_size=8).digest()
        probe = self._admit(operation, number)
        succeeded: bool | None = None
        try:
            yield probe is not None
            succeeded = True
        except UpstreamError as error:
            succeeded = _succeeded(error)
            raise
        finally:
            with self._lock:
                self._count(number, probe, succeeded)

    def _admit(self, operation: str, number: bytes) -> bool | None:
        """Return the kind of probe that the call is, or None while the circuit is closed. Raises CircuitOpen."""
        now = time.monotonic()
        with self._lock:
            if not self._next_probe:
                return None
            has_failed = number in self._failed
            if now < self._next_probe[has_failed]:
                raise CircuitOpen(self._service, operation)
            self._next_probe[has_failed] = now + (PROBE_AGAIN_EVERY_S if has_failed else PROBE_EVERY_S)
            return has_failed

    def _count(self, number: bytes, probe: bool | None, succeeded: bool | None) -> None:
        now, is_open = time.monotonic(), bool(self._next_probe)
        if succeeded is None:
            if is_open and probe is not None:
                self._next_probe[probe] = now
        elif not succeeded:
            self._remember(number, now)
            if not is_open and len(self._failed) >= FAILED_NUMBERS:
                self._next_probe = {False: now + PROBE_EVERY_S, True: now + PROBE_AGAIN_EVERY_S}
                metrics.CIRCUITS_OPEN.labels(self._service).set(1)
                log.warning("%s fails: the circuit is open", self._service)
        elif not is_open or probe is not None:
            self._failed.clear()
            self._next_probe.clear()
            if is_open:
                metrics.CIRCUITS_OPEN.labels(self._service).set(0)
                log.warning("%s answers: the circuit is closed", self._service)

    def _remember(self, number: bytes, now: float) -> None:
        self._failed.pop(number, None)
        self._failed[number] = now
        while now - next(iter(self._failed.values())) >= MEMORY_S:
            del self._failed[next(iter(self._failed))]


def _succeeded(error: UpstreamError) -> bool | None:
    """Return whether the vendor answered; None if it was not asked."""
    if isinstance(error, NotAsked) or (isinstance(error, Busy) and error.status is None):
        return None
    return not isinstance(error, Unreachable | Uncertain)
