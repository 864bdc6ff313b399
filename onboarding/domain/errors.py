"""Failures that the product expects, shaped by what the caller can do. Pure: no Django, no network, no clock."""

from dataclasses import dataclass
from datetime import timedelta


class Overtaken(Exception):
    """The session does not stand where the caller saw it: somebody else moved it first."""


@dataclass(eq=False)
class Limited(Exception):
    """It was tried too often, or a number is somebody else's turn. `limit` opens again after `wait`."""

    limit: str
    wait: timedelta

    def __post_init__(self) -> None:
        self.args = (self.limit, self.wait)


@dataclass(eq=False)  # not frozen: `raise ... from` writes to the exception; equal only to itself, so hashable
class UpstreamError(Exception):
    """An outside call that gave no usable answer. Never carries a body, a number, a code or a token.

    `status` is the HTTP status, `code` and `request_id` are the vendor's own; None where there was none.
    """

    service: str
    operation: str
    status: int | None = None
    code: int | None = None
    request_id: str | None = None

    def __post_init__(self) -> None:
        self.args = (self.service, self.operation)  # what pickle and copy build it from

    def __str__(self) -> str:
        known = [
            f"{name} {value}" for name in ("status", "code", "request_id") if (value := getattr(self, name)) is not None
        ]
        return " ".join([type(self).__name__, self.service, self.operation, *known])


class Unreachable(UpstreamError):
    """Nothing was sent: trying again is safe."""


class Uncertain(UpstreamError):
    """It was sent and no answer came, or the server failed on the way: it may or may not have happened."""


class Refused(UpstreamError):
    """They understood and said no."""


@dataclass(eq=False)
class Busy(UpstreamError):
    """They did nothing and ask to come back after `retry_after`."""

    retry_after: timedelta = timedelta(seconds=1)


class Garbled(UpstreamError):
    """An answer that cannot be read: whatever was asked may have happened."""
