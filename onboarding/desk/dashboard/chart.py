"""A chart of columns by day, as the numbers that its SVG is made of; desk.css styles it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT, GAP = 900, 200, 6  # units of the SVG


@dataclass(frozen=True)
class Column:
    """A day's column: `height` for the whole, of which `part` from the bottom up."""

    x: int
    height: int
    part: int
    title: str

    @property
    def top(self) -> int:
        return HEIGHT - self.height

    @property
    def part_top(self) -> int:
        return HEIGHT - self.part


@dataclass(frozen=True)
class Chart:
    """Columns from the oldest day to the newest. `says` is the chart in words; `limit` is where a line is drawn."""

    says: str
    columns: Sequence[Column]
    column_width: int
    first: date
    last: date
    most: str
    limit: int | None = None
    width: int = WIDTH
    height: int = HEIGHT


def by_day(
    says: str, days: Sequence[date], values: Sequence[tuple[int, int]], titles: Sequence[str], *, limit: int = 0
) -> Chart:
    """Return the chart of the whole and the part of each day, in whatever unit `limit` has."""
    most = max(limit, 1, *(whole for whole, _part in values))
    step = WIDTH // len(days)
    columns = [
        Column(n * step, whole * HEIGHT // most, part * HEIGHT // most, title)
        for n, ((whole, part), title) in enumerate(zip(values, titles, strict=True))
    ]
    line = HEIGHT - limit * HEIGHT // most if limit else None
    return Chart(says, columns, max(1, step - GAP), days[0], days[-1], str(most), line)
