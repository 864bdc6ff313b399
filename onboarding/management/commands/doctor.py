"""Looks at all that a deployment depends on, and says what to do."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from onboarding.operations import doctor

MARKS = {doctor.OK: "ok  ", doctor.LOOK: "look", doctor.BAD: "BAD "}


class Command(BaseCommand):
    help = "Look at vendors, clocks, database, disk, budgets and the front door. Exits with 1 if people are affected."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default="", help="the public address, to look through the proxy")
        parser.add_argument("--sign-ups", type=int, default=0, help="how many people are expected a day")
        parser.add_argument("--json", action="store_true", help="print JSON, for scripts")

    def handle(self, *_args: Any, url: str, sign_ups: int, **options: Any) -> None:
        found = doctor.findings(url, sign_ups)
        if options["json"]:
            self.stdout.write(json.dumps(doctor.as_json(found), indent=2))
        else:
            for each in found:
                self.stdout.write(f"{MARKS[each.verdict]}  {each.subject:<26} {each.means}")
                if each.do:
                    self.stdout.write(f"      {'':<26} -> {each.do}")
        if not doctor.is_well(found):
            sys.exit(1)
