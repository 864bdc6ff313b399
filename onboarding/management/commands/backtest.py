"""`manage.py backtest FILE` tells what other verdicts or budgets would have changed."""

import json
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from onboarding.backtest import acts, answers, proposal
from onboarding.backtest.answers import Effect

DAYS = 30


class Command(BaseCommand):
    """Reads the event log and changes nothing. It needs little memory, and about a minute for a million answers."""

    help = "Replay proposed verdicts (reason code to verdict) or budgets, a JSON or TOML file, over the stored answers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="see onboarding/backtest/proposal.py")
        parser.add_argument("--days", type=int, default=DAYS, help=f"how far back, default {DAYS}")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *, file: Path, days: int, **options: bool) -> None:
        try:
            proposed = proposal.read(file.read_text())
        except (OSError, UnicodeDecodeError):
            raise CommandError("The file cannot be read.") from None
        except proposal.BadProposal as bad:
            raise CommandError(str(bad)) from None
        found = answers.replay(proposed.verdicts, days=max(1, days))
        of_budgets = [acts.replay(budget, days=max(1, days)) for budget in proposed.budgets]
        if options["json"]:
            self.stdout.write(json.dumps({"answers": found.as_json(), "budgets": [b.as_json() for b in of_budgets]}))
            return
        self._tell(found)
        for each in of_budgets:
            self.stdout.write(
                f"{each.budget}: of {each.acts} acts, {each.refused} more are refused, {each.admitted} more admitted. "
                f"Refused: {each.false_alarms} labelled false alarms, {each.passed} that passed in the end."
            )

    def _tell(self, found: answers.Replayed) -> None:
        self.stdout.write(f"{found.answers} answers, {found.different} with another verdict")
        for effect in Effect:
            self.stdout.write(f"more {effect.value}: {found.more(effect)}")
        for (before, after), n in sorted(found.changes.items()):
            labelled = found.false_alarms[before, after]
            self.stdout.write(f"{before.value} -> {after.value}: {n}, of which labelled false alarms: {labelled}")
        if found.unlike:
            self.stdout.write(f"stored with another verdict than today's table gives: {found.unlike}")
