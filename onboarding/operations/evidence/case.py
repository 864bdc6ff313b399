"""Exports the evidence of one session, signed, so that others can verify it without this server."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from onboarding.events import Name, record
from onboarding.hashes import digest, secrets
from onboarding.models import Checkpoint, Event, OnboardingSession
from onboarding.operations.evidence.audit import faults_of_session
from onboarding.operations.evidence.seals import SEALED

FORMAT, KEY = "proveflow-case-1", "onboarding.evidence.case"
OF_SESSION = (
    *(
        "state",
        "version",
        "head",
        "review",
        "reviewed_at",
        "created_at",
        "moved_at",
        "expires_at",
        "rebind",
        "recalled",
    ),
    *(
        "notices_version",
        "notices_accepted_at",
        "status_calls",
        "evaluation",
        "failure_reasons",
        "line_type",
        "channel",
    ),
    *("sends", "guesses", "code_sent_at", "approved_at"),
)
OF_EVENT = ("id", "at", "name", "from_state", "to_state", "version", "facts", "binding_id", "actor_id", "mac")


def named(text: str) -> list[OnboardingSession]:
    """Return the sessions that an id or a reference like 3F2A-91C0 names. Raises ValueError if it can be neither."""
    digits = text.replace("-", "").lower()
    if len(digits) not in (8, 32):
        raise ValueError
    first, last = (UUID(digits.ljust(32, fill)) for fill in "0f")
    return list(OnboardingSession.objects.filter(pk__gte=first, pk__lte=last))


def public_key() -> str:
    """Return the key that verifies signatures, in hex. It changes with LASTING_KEY."""
    return _private_key().public_key().public_bytes_raw().hex()


def export(session: OnboardingSession) -> Mapping[str, object]:
    """Return the evidence of the session, with its number masked, as JSON can hold it, and a signature of it.

    That it was exported is written to the event log.
    """
    events = list(Event.objects.filter(session=session).order_by("pk"))
    case: dict[str, Any] = {
        "session": {"id": session.pk, "reference": session.reference, "number": session.masked}
        | _columns(session, OF_SESSION),
        "events": [_columns(event, OF_EVENT) for event in events],
        "checkpoints": [_columns(row, (*SEALED, "at", "mac")) for row in _checkpoints(events)],
        "faults": [str(finding.fault) for finding in faults_of_session(session, _checkpoints(events))],
    }
    signed = json.dumps(case, default=str, sort_keys=True, separators=(",", ":"))
    signature = _private_key().sign(signed.encode()).hex()
    record(Name.CASE_EXPORTED, {}, session=session)
    return {"format": FORMAT, "case": json.loads(signed), "public_key": public_key(), "signature": signature}


def _checkpoints(events: list[Event]) -> list[Checkpoint]:
    """Return the checkpoints that seal the events."""
    found: dict[int, Checkpoint] = {}
    for event in events:
        if not any(row.after < event.pk <= row.last for row in found.values()) and (
            row := Checkpoint.objects.filter(last__gte=event.pk, after__lt=event.pk).first()
        ):
            found[row.number] = row
    return list(found.values())


def _columns(row: Any, names: tuple[str, ...]) -> dict[str, object]:
    return {name: getattr(row, name) for name in names}


def _private_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(digest(KEY, "", secrets()[0]))
