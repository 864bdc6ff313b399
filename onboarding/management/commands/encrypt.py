"""`manage.py encrypt` brings all numbers under the keys in use. The server may run meanwhile."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from onboarding.operations.privacy.encryption import count as count_left
from onboarding.operations.privacy.encryption import renew


class Command(BaseCommand):
    """Prints how many rows were written and how many are left. Exits with 1 if some are."""

    help = "Encrypt numbers under the first key of DATA_KEYS, and hash them under LASTING_KEY."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--count", action="store_true", help="only count what is left")

    def handle(self, *, count: bool, **_options: object) -> None:
        tally = count_left() if count else renew()
        self.stdout.write(f"written: {tally.written}, left: {tally.left}, undecryptable: {tally.undecryptable}")
        if tally.left or tally.undecryptable:
            raise CommandError("Keep all keys, and run this again.")
