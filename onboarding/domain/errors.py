"""Expected failures, one class for each way the caller can react. Pure: no Django, no network, no clock."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar


class StaleState(Exception):
    """Another request changed the session since the caller read it. Nothing was done."""


class NotServed(Exception):
    """Prove serves the number's country by a region for which we have no account. Nothing was done."""


class Why(StrEnum):
    """Why a reviewer may not act."""

    TAKEN = "taken"  # another reviewer has the case
    OWN = "own"  # it is the reviewer's own account or number
    ESCALATED = "escalated"  # a lead has to decide
    SAME_PERSON = "same_person"  # the second reviewer has to be another one


class Forbidden(Exception):
    """A reviewer may not do this to this row, because of `why`. Nothing was done."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


@dataclass(eq=False)
class Limited(Exception):
    """The budget `limit` is used up, or another browser owns the number. Try again after `wait`."""

    limit: str
    wait: timedelta

    def __post_init__(self) -> None:
        self.args = (self.limit, self.wait)


@dataclass(eq=False)  # not frozen: `raise ... from` writes to the exception. eq=False keeps it hashable
class UpstreamError(Exception):
    """A call to a vendor gave no usable answer. Never carries a body, a number, a code or a token.

    `status` is the HTTP status, `code` and `request_id` are the vendor's own; None where there was none. `outcome` is
    the word of logs and metrics.
    """

    outcome: ClassVar[str] = "error"

    service: str
    operation: str
    status: int | None = None
    code: int | None = None
    request_id: str | None = None

    def __post_init__(self) -> None:
        self.args = (self.service, self.operation)  # for pickle and copy

    def __str__(self) -> str:
        known = [
            f"{name} {value}" for name in ("status", "code", "request_id") if (value := getattr(self, name)) is not None
        ]
        return " ".join([type(self).__name__, self.service, self.operation, *known])


class Unreachable(UpstreamError):
    """Nothing was sent: repeating the call is safe."""

    outcome: ClassVar[str] = "unreachable"


class Uncertain(UpstreamError):
    """The request was sent but not answered, or the server failed: it may or may not have taken effect."""

    outcome: ClassVar[str] = "uncertain"


class Refused(UpstreamError):
    """The vendor understood the request and refused it."""

    outcome: ClassVar[str] = "refused"


@dataclass(eq=False)
class Busy(UpstreamError):
    """The vendor did nothing and asks to be called again after `retry_after`."""

    outcome: ClassVar[str] = "busy"

    retry_after: timedelta = timedelta(seconds=1)


class Garbled(UpstreamError):
    """The answer cannot be read: the request may have taken effect."""

    outcome: ClassVar[str] = "garbled"


class HookFailed(Exception):
    """A hook of the host project raised an exception, or returned what it may not. `hook` is its name."""

    def __init__(self, hook: str) -> None:
        super().__init__(f"The hook {hook} failed.")
        self.hook = hook
