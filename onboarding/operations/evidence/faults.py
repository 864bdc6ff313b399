"""What can be wrong with the event log, and where."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What is wrong."""

    EVENT_CHANGED = "the event was changed, inserted or moved here"
    EVENT_REPEATED = "the event is there twice"
    EVENT_LACKS_SESSION = "the session of the event is missing"
    STEP_MISSING = "the step before the event is missing"
    STEPS_REORDERED = "the event is older than the step before it"
    EVENTS_MISSING = "events of the checkpoint are missing"
    EVENTS_ADDED = "the checkpoint has more events than were written"
    EVENTS_CHANGED = "an id or a time of the checkpoint's events was changed, or events were exchanged"
    CHECKPOINT_CHANGED = "the checkpoint was changed, or its key is not among the settings"
    CHECKPOINT_MISSING = "a checkpoint before this one, or after it, is missing"
    SEAL_UNKNOWN = "the log of `recover` has a checkpoint that is not here: checkpoints were deleted, or put back"
    REMOVALS_MISSING = "what retention or erasure removed was put back"
    NOT_SEALED = "the event is not sealed after an hour: `recover` does not run, or checkpoints are missing"
    END_MISSING = "the last steps of the session are missing, or its state was changed"


@dataclass(frozen=True)
class Finding:
    """A fault, and the ids of where it is."""

    fault: Fault
    event: int | None = None
    session: str | None = None
    checkpoint: int | None = None


@dataclass
class Seen:
    """What the audit has read so far."""

    events: int = 0
    checkpoints: int = 0
    sessions: int = 0
    unsealed: int = 0
