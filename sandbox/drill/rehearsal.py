"""Run drills one after the other, each on a site of its own, and say how they went."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from sandbox.drill import databases, processes
from sandbox.drill.drills import DRILLS
from sandbox.drill.people import Crowd
from sandbox.drill.site import BIND, SEND, Site, environment

MAKE_KEY = "from onboarding.api.models import PublishableKey as K; print(K.objects.create(name='drill').key)"


@dataclass
class Report:
    """How a drill went. `failed` are the sentences that do not hold; times are seconds."""

    drill: str
    failed: list[str] = field(default_factory=list)
    people: int = 0
    lost: int = 0  # not linked in the end
    doubled: int = 0  # binds that Prove was asked for twice
    refused: int = 0  # answers 429 and 503
    errors: int = 0  # answers 500
    unanswered: int = 0
    codes_sent: int = 0
    slowest_s: float = 0
    took_s: float = 0

    @property
    def passed(self) -> bool:
        return not self.failed

    def as_dict(self) -> dict[str, Any]:
        return {"passed": self.passed, **asdict(self)}


def rehearse(names: Sequence[str], *, nodes: int, database_url: str) -> Iterator[Report]:
    """Yield a report for each of the drills. Raises DoesNotStart and Unavailable."""
    with tempfile.TemporaryDirectory(prefix="proveflow-drill-") as temporary:
        folder = Path(temporary)
        prepare = partial(_prepare, folder)
        with databases.scratch(database_url, folder, prepare) as scratch:
            for name in names:
                yield _rehearse(name, folder, nodes, scratch)


def _prepare(folder: Path, database: str) -> None:
    own = environment(database, "http://127.0.0.1:9", folder) | {"STATIC_ROOT": str(folder / "static")}
    processes.manage("migrate", "--verbosity", "0", environment=own)
    processes.manage("collectstatic", "--noinput", "--verbosity", "0", environment=own)


def _rehearse(name: str, folder: Path, nodes: int, scratch: databases.SQLite | databases.PostgreSQL) -> Report:
    """Run one drill, then `recover`, and count what happened."""
    began, vendors = monotonic(), processes.sandbox(folder)
    with scratch.copy() as database:
        own = environment(database, vendors.origin, folder) | {"STATIC_ROOT": str(folder / "static")}
        made = [processes.node(folder, own) for _ in range(nodes)]
        site = Site(made, vendors, own, folder, serving=list(made))
        with processes.started(vendors, *made):
            crowd = Crowd(site, processes.manage("shell", "--verbosity", "0", "-c", MAKE_KEY, environment=own))
            report = Report(name)
            for sentence, holds in DRILLS[name](crowd, partial(scratch.interrupt, database)):
                report.failed += [] if holds else [sentence]
            _count(report, crowd)
            processes.manage("recover", environment=own)
    report.took_s = round(monotonic() - began, 1)
    return report


def _count(report: Report, crowd: Crowd) -> None:
    """Fill in the figures, and what has to hold on every bad day."""
    site = crowd.site
    statuses = Counter(request.status for request in site.traffic)
    binds = Counter(call["correlationId"] for call in site.calls(BIND) if call["outcome"] != "refuse")
    report.people, report.lost = len(crowd.people), sum(not person.is_linked for person in crowd.people)
    report.doubled = sum(times - 1 for times in binds.values())
    report.refused, report.errors, report.unanswered = statuses[429] + statuses[503], statuses[500], statuses[0]
    report.codes_sent = sum(bool(call["effect"]) for call in site.calls(SEND))
    report.slowest_s = round(max(request.took_s for request in site.traffic), 1)
    report.failed += [f"{report.lost} people are not linked"] if report.lost else []
    report.failed += [f"{report.doubled} binds were asked for twice"] if report.doubled else []
    report.failed += [f"{report.errors} answers are 500"] if report.errors else []
