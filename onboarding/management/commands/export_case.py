"""`manage.py export_case REFERENCE` prints the evidence of one session."""

import json
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from onboarding.models import OnboardingSession
from onboarding.operations.evidence.case import export, named, public_key


def session_of(text: str) -> OnboardingSession:
    """Return the session. Raises CommandError."""
    try:
        found = named(text)
    except ValueError:
        raise CommandError("Enter the reference of a session, like 3F2A-91C0, or its id.") from None
    if len(found) != 1:
        raise CommandError(
            "Several sessions have this reference: enter the id." if found else "There is no such session."
        )
    return found[0]


class Command(BaseCommand):
    """Prints signed JSON, which examples/verify_case.py verifies. It has no whole number."""

    requires_system_checks = []
    help = "Print the evidence of one session as JSON: events, answers, decision and checkpoints, with a signature."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("session", nargs="?", help="its reference, like 3F2A-91C0, or its id")
        what.add_argument("--public-key", action="store_true", help="print the key that verifies signatures instead")

    def handle(self, *, session: str | None, public_key: bool, **_options: object) -> None:
        self.stdout.write(_key() if public_key else json.dumps(export(session_of(str(session))), indent=1))


_key = public_key
