"""`manage.py export_subject NUMBER` prints what is stored about a number."""

import json
import re
import sys
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from onboarding.domain.phone import Number
from onboarding.operations.subjects import export


def number_of(text: str) -> Number:
    """Return the number; `-` means the next line of the standard input. Raises CommandError."""
    text = sys.stdin.readline().strip() if text == "-" else text
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", text):
        raise CommandError("Enter the number in E.164, like +12015550123.")
    return Number(text)


class Command(BaseCommand):
    """Prints JSON: sessions, links, events, account, keys and cases. It is personal data of one person."""

    help = "Print what is stored about a number, as JSON, for the person who asked for it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", help="in E.164, like +12015550123; - reads it from the standard input")

    def handle(self, *, number: str, **_options: object) -> None:
        self.stdout.write(json.dumps(export(number_of(number)), indent=2, default=str, ensure_ascii=False))
