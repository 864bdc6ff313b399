"""The rows of the sandbox's store. Times are seconds since the epoch by the sandbox's clock."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar


@dataclass
class Setting:
    """A named value: the clock's offset, the signing key, or a switch."""

    name: str
    value: str
    INDEXES: ClassVar[tuple[str, ...]] = ()


@dataclass
class Fault:
    """A fault ordered for a route. `times` is the number of calls it still affects, None for all calls."""

    id: str
    route: str
    kind: str
    times: int | None
    number: str  # E.164; empty: all numbers
    options: dict[str, Any]
    region: str = ""  # of Prove; empty: both
    INDEXES: ClassVar[tuple[str, ...]] = ("route",)


@dataclass
class Received:
    """An entry of the ledger, which lists every call that the sandbox received.

    `outcome` is "ok", the vendor's error code or the kind of the fault. `status` is None if no response was sent.
    `effect` is true if the call succeeded inside the sandbox, even if a fault kept that from the caller.
    """

    id: str
    at: float
    route: str
    outcome: str
    status: int | None
    effect: bool
    number: str
    facts: dict[str, Any]
    INDEXES: ClassVar[tuple[str, ...]] = ("number", "at")

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)


@dataclass
class Flow:
    """A Prove flow, started by one POST /v3/unify."""

    correlation_id: str
    number: str
    rebind: bool
    started_at: float
    auth_id: str
    challenge: str
    echo: dict[str, str]  # returned as sent: clientRequestId, clientHumanId, phoneNumber
    device_id: str = ""  # the device whose signature was verified in this flow
    proved_at: float = 0  # when it was
    success: str = "pending"  # as last returned by unify-status
    bound: bool = False
    check_reputation: bool = False
    region: str = "na"
    INDEXES: ClassVar[tuple[str, ...]] = ("auth_id",)


@dataclass
class Device:
    """A Prove Key and the number bound to it. `number` is empty until the first bind."""

    device_id: str
    key_id: str
    public_key: str  # PEM
    name: str
    registered_by: str  # correlationId of the flow
    registered_at: float
    used_at: float
    number: str = ""
    bound_at: float | None = None
    prove_id: str = ""  # of the person at the latest bind
    revoked: bool = False
    region: str = "na"
    INDEXES: ClassVar[tuple[str, ...]] = ("key_id", "number")


@dataclass
class Identity:
    """The proveId of a number."""

    number: str
    prove_id: str
    created_at: float
    INDEXES: ClassVar[tuple[str, ...]] = ("prove_id",)


@dataclass
class Challenge:
    """A challenge issued to a device, which it has to sign in its next request."""

    challenge: str
    device_id: str
    expires_at: float
    INDEXES: ClassVar[tuple[str, ...]] = ()


@dataclass
class Verification:
    """A Twilio Verify verification: one code for one number."""

    sid: str
    number: str
    code: str
    channel: str
    status: str
    created_at: float
    updated_at: float
    checks: int = 0
    attempts: list[dict[str, str]] = field(default_factory=list)  # time, channel, attempt_sid
    INDEXES: ClassVar[tuple[str, ...]] = ("number",)


@dataclass
class Message:
    """A text or a call. `code` is empty unless Verify sent it. `arrives_at` is None if it is never delivered."""

    id: str
    number: str
    body: str
    code: str
    channel: str
    sent_at: float
    arrives_at: float | None
    INDEXES: ClassVar[tuple[str, ...]] = ("number",)

    @property
    def sent(self) -> datetime:
        return datetime.fromtimestamp(self.sent_at, UTC)


@dataclass
class Handset:
    """The phone with this number. `host` is the host of the page where its Web SDK last ran."""

    number: str
    host: str = ""
    airplane: bool = False
    INDEXES: ClassVar[tuple[str, ...]] = ("airplane",)


TABLES = (Setting, Fault, Received, Flow, Device, Identity, Challenge, Verification, Message, Handset)
