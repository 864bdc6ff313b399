"""The arithmetic of checkpoints: digests, and the MACs that cover them.

The digest of some events is the sum of their HMACs modulo 2^256. So what retention and erasure remove can be subtracted
without the other events.
"""

import json
import logging
from collections.abc import Iterable

from onboarding.events import content, encoded
from onboarding.hashes import digest, secrets
from onboarding.models import Checkpoint, Event

EVENT, CHECKPOINT, STATE = "onboarding.evidence.event", "onboarding.evidence.checkpoint", "onboarding.evidence.state"
SEALED = (
    *("number", "previous", "after", "last", "count", "digest", "total"),
    *("unsigned_to", "oldest", "removed_in_all"),
)
MODULUS = 1 << 256
log = logging.getLogger(__name__)


def digest_of(events: Iterable[Event], secret: str, start: str = "0") -> str:
    """Return the digest of all columns of the events, added to the digest `start`."""
    return f"{sum((_term(event, secret) for event in events), int(start, 16)) % MODULUS:064x}"


def _term(event: Event, secret: str) -> int:
    columns = [event.pk, event.at.isoformat(), event.mac, *content(event)]
    return int.from_bytes(digest(EVENT, encoded(columns), secret), "big")


def seal_mac(row: Checkpoint, secret: str) -> str:
    """Return the MAC of what a checkpoint sealed."""
    columns = [*(getattr(row, name) for name in SEALED), row.at.isoformat()]
    return digest(CHECKPOINT, json.dumps(columns), secret).hex()


def state_mac(row: Checkpoint, secret: str) -> str:
    """Return the MAC of the columns that change later."""
    return digest(STATE, json.dumps([row.number, row.removed, row.removed_digest, row.is_last]), secret).hex()


def secret_of(row: Checkpoint) -> str | None:
    """Return the secret that the checkpoint was made with; None if there is none, or the row was changed."""
    return next((secret for secret in secrets() if seal_mac(row, secret) == row.mac), None)


def is_sound(row: Checkpoint, secret: str | None) -> bool:
    """Return whether `secret` is that of the checkpoint, and the columns that change later are as they were written."""
    return secret is not None and row.state_mac == state_mac(row, secret)


def change(row: Checkpoint, **changes: object) -> None:
    """Change the columns that may change later. The MAC of a row that is not sound stays wrong."""
    secret = secret_of(row)
    sound = is_sound(row, secret)
    for name, value in changes.items():
        setattr(row, name, value)
    row.state_mac = state_mac(row, secret) if secret is not None and sound else ""
    if not sound:
        log.error("Checkpoint %s of the event log was changed, or its key is gone.", row.number)
    row.save(update_fields=[*changes, "state_mac"])
