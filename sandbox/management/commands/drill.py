"""`manage.py drill`: rehearse bad days with these settings, on scratch databases, against the sandbox."""

import json
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from sandbox.drill.databases import Unavailable
from sandbox.drill.drills import DRILLS
from sandbox.drill.processes import DoesNotStart, operators_database
from sandbox.drill.rehearsal import Report, rehearse


class Command(BaseCommand):
    """Prints a line for each drill. Exits with 1 if one fails."""

    help = "Rehearse bad days: slow and failing vendors, killed nodes, attacks, rotation. Nothing of yours is touched."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("drills", nargs="*", metavar="DRILL", help=f"default: all: {', '.join(DRILLS)}")
        parser.add_argument("--nodes", type=int, default=2, help="how many nodes to run; default: 2")
        parser.add_argument(
            "--database-url", metavar="URL",
            help="the server to make scratch databases on; default: DATABASE_URL; without one, SQLite",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="print a JSON object for each drill")

    def handle(
        self, *, drills: list[str], nodes: int, database_url: str | None, json: bool, **_options: object
    ) -> None:
        if unknown := set(drills) - DRILLS.keys():
            raise CommandError(f"No drill is called {', '.join(sorted(unknown))}. There are: {', '.join(DRILLS)}.")
        if nodes < 1:
            raise CommandError("--nodes has to be 1 or more.")
        failed = 0
        try:
            server = operators_database() if database_url is None else database_url
            for report in rehearse(drills or list(DRILLS), nodes=nodes, database_url=server):
                failed += not report.passed
                self.stdout.write(_object(report) if json else self._row(report))
                self.stdout.flush()
        except DoesNotStart as error:
            raise CommandError(f"A process of the drill does not start:\n{error}") from error
        except Unavailable as error:
            raise CommandError(f"No scratch database: {error}") from error
        if failed:
            raise CommandError(f"{failed} failed.")

    def _row(self, report: Report) -> str:
        verdict = self.style.SUCCESS("pass") if report.passed else self.style.ERROR("FAIL")
        figures = ", ".join(f"{value} {name}" for name, value in report.as_dict().items() if name in FIGURES)
        lines = [f"{verdict}  {report.drill}: {figures}; {report.took_s:.0f} s"]
        return "\n".join([*lines, *(f"      {sentence}: does not hold" for sentence in report.failed)])


FIGURES = ("people", "lost", "doubled", "refused", "errors", "unanswered", "codes_sent", "slowest_s")


def _object(report: Report) -> str:
    return json.dumps(report.as_dict())
