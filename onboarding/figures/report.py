"""Reads the figures of some days: the rows, and what the events since the last roll-up add."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Sum
from django.db.models.functions import Now

from onboarding.figures.rollup import cut
from onboarding.figures.tally import Cell, Count, Measure, Tally, tally
from onboarding.models import Figure, RollUp

LIVE = 2_000  # events that are counted at most when the figures are read
BLOCKS = 20  # with the most codes


@dataclass(frozen=True)
class Report:
    """The figures of the days from `first` to `today` (UTC), by the events before `until`. `now` is the database's."""

    first: date
    today: date
    now: datetime
    until: datetime
    counts: Tally

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.today - self.first).days + 1)]

    def by_label(self, measure: Measure) -> dict[str, Count]:
        """Return the sums of all days, the largest first."""
        sums: dict[str, Count] = {}
        for cell, count in self.counts.items():
            if cell.measure == measure:
                sums[cell.label] = sums.get(cell.label, Count()).plus(*count)
        return dict(sorted(sums.items(), key=lambda item: (-item[1].whole, item[0])))

    def of_day(self, measure: Measure, day: date, label: str) -> Count:
        return self.counts.get(Cell(measure, day, label), Count())


def read(days: int) -> Report | None:
    """Return the figures of today and the days before it, `days` in all; None before the first roll-up."""
    rolled: Any = RollUp.objects.annotate(now=Now()).first()
    if rolled is None:
        return None
    today = rolled.now.astimezone(UTC).date()
    first = today - timedelta(days=days - 1)
    until = cut(rolled.until, rolled.now, LIVE)
    counts = Tally({cell: count for cell, count in tally(rolled.until, until).items() if cell.day >= first})
    rows = Figure.objects.filter(day__gte=first).order_by()
    of_days = rows.filter(measure__in=set(Measure) - {Measure.BLOCK})
    for measure, day, label, count, good in of_days.values_list("measure", "day", "label", "count", "good"):
        counts.add(Measure(measure), day, label, count, good)
    blocks = rows.filter(measure=Measure.BLOCK).values_list("label").annotate(sent=Sum("count"), right=Sum("good"))
    for label, sent, right in blocks.order_by("-sent", "label")[:BLOCKS]:
        counts.add(Measure.BLOCK, first, label, sent, right)
    return Report(first, today, rolled.now, until, counts)
