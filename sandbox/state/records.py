"""All that the sandbox remembers. Times are seconds since the epoch on the sandbox's own clock."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar


@dataclass
class Setting:
    """The clock's offset, the signing key, the switches: whatever there is one of."""

    name: str
    value: str
    INDEXES: ClassVar[tuple[str, ...]] = ()


@dataclass
class Fault:
    """A bad day ordered for a route. `times` is how many calls it still spoils, None for all."""

    id: str
    route: str
    kind: str
    times: int | None
    number: str  # E.164, empty for everybody
    options: dict[str, Any]
    INDEXES: ClassVar[tuple[str, ...]] = ("route",)


@dataclass
class Received:
    """One line of the ledger. `outcome` is what the caller saw; `effect` says whether it happened here."""

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
    """What one POST /v3/unify began."""

    correlation_id: str
    number: str
    rebind: bool
    started_at: float
    auth_id: str
    challenge: str
    echo: dict[str, str]  # what the caller wants back: clientRequestId, clientHumanId, the number as it wrote it
    device_id: str = ""  # proved by signature in this very flow
    proved_at: float = 0
    success: str = "pending"  # the last answer
    bound: bool = False
    check_reputation: bool = False
    INDEXES: ClassVar[tuple[str, ...]] = ("auth_id",)


@dataclass
class Device:
    """A Prove Key and the number it belongs to, empty while it was never bound."""

    device_id: str
    key_id: str
    public_key: str  # PEM
    name: str
    registered_by: str  # correlationId
    registered_at: float
    used_at: float
    number: str = ""
    bound_at: float | None = None
    revoked: bool = False
    INDEXES: ClassVar[tuple[str, ...]] = ("key_id", "number")


@dataclass
class Identity:
    """The person behind a number, as Prove names them."""

    number: str
    prove_id: str
    INDEXES: ClassVar[tuple[str, ...]] = ("prove_id",)


@dataclass
class Challenge:
    """What a signed device request has to sign."""

    challenge: str
    device_id: str
    expires_at: float
    INDEXES: ClassVar[tuple[str, ...]] = ()


@dataclass
class Verification:
    """Twilio's: one code for one number."""

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
    """A text or a spoken call; `code` is empty in a text that brings none. It arrives at `arrives_at`; None: never."""

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
    """What is known of the phone with that number: the page it was last seen on, and whether it is in airplane mode."""

    number: str
    host: str = ""
    airplane: bool = False
    INDEXES: ClassVar[tuple[str, ...]] = ("airplane",)


TABLES = (Setting, Fault, Received, Flow, Device, Identity, Challenge, Verification, Message, Handset)
