"""`manage.py erase_subject NUMBER` erases what is stored about a number, and prints a receipt."""

import json
from argparse import ArgumentParser
from dataclasses import asdict

from django.core.management.base import BaseCommand, CommandError

from onboarding.domain.errors import StaleState
from onboarding.management.commands.export_subject import number_of
from onboarding.operations.subjects import erase


class Command(BaseCommand):
    """Prints the receipt as JSON. It contains no number."""

    help = "Erase what is stored about a number: end its links here and at Prove, delete its rows, print a receipt."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", help="in E.164, like +12015550123; - reads it from the standard input")

    def handle(self, *, number: str, **_options: object) -> None:
        try:
            receipt = erase(number_of(number))
        except StaleState:
            raise CommandError("A request is at work on this number. Try again in a minute.") from None
        self.stdout.write(json.dumps(asdict(receipt)))
