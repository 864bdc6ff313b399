"""`manage.py audit_verify` verifies the event log."""

import json
import re
from argparse import ArgumentParser
from contextlib import closing
from dataclasses import asdict
from datetime import datetime

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import is_naive, make_aware

from onboarding.operations.evidence.audit import Sealed, findings
from onboarding.operations.evidence.faults import Finding, Seen


def time_of(text: str) -> datetime:
    """Return the time that a date or a time in ISO 8601 means. Raises CommandError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError("--since is a date or a time like 2026-11-29 or 2026-11-29T13:00Z.") from None
    return make_aware(found) if is_naive(found) else found


def sealed_of(text: str) -> Sealed:
    """Return the checkpoint that the text names. Raises CommandError."""
    number, _, mac = text.partition(":")
    if not (number.isascii() and number.isdigit() and re.fullmatch("[0-9a-f]{64}", mac)):
        raise CommandError("--sealed is the number and the MAC of a checkpoint, like 57:0b5c...")
    return Sealed(int(number), mac)


class Command(BaseCommand):
    """Prints the first fault, and ends with 1 if there is one. It writes nothing, and may run at any time."""

    requires_system_checks = []
    help = "Verify the event log: name the first event that was changed, deleted, inserted, reordered or cut off."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", type=time_of, help="only what was written since this date or time")
        parser.add_argument("--sealed", type=sealed_of, help="NUMBER:MAC of a checkpoint in the log of `recover`")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *, since: datetime | None, sealed: Sealed | None, json: bool, **_options: object) -> None:
        seen = Seen()
        with closing(findings(since, seen, sealed)) as found:
            first = next(found, None)
        self.stdout.write(as_json(first, seen) if json else in_words(first, seen))
        if first:
            raise SystemExit(1)


def as_json(first: Finding | None, seen: Seen) -> str:
    return json.dumps({"ok": first is None, "first": first and asdict(first), "read": asdict(seen)})


def in_words(first: Finding | None, seen: Seen) -> str:
    """Return the result as a sentence."""
    if first is None:
        return (
            f"The event log is whole: {seen.events} events, {seen.sessions} sessions, {seen.checkpoints} checkpoints. "
            f"{seen.unsealed} events are not sealed yet."
        )
    place = {"event": first.event, "session": first.session, "checkpoint": first.checkpoint}
    where = ", ".join(f"{kind} {name}" for kind, name in place.items() if name is not None)
    return f"The event log was changed at {where}: {first.fault}."
