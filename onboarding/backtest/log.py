"""Reads the event log in the order in which it was written, a window of ids at a time."""

from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Max
from django.db.models.functions import Now

from onboarding.models import Event

WINDOW = 20_000  # events of one query


def walk(names: Collection[str], columns: Collection[str], *, days: int, most: int = 0) -> Iterator[tuple[Any, ...]]:
    """Yield the columns of the events of these names, of the last `days`; with `most`, of so many events at the end."""
    last = Event.objects.aggregate(last=Max("pk"))["last"]
    lately = Event.objects.filter(at__gte=Now() - timedelta(days=days)).order_by("at")
    first = lately.values_list("pk", flat=True).first()
    if first is None:
        return
    if most:
        first = max(first, last - most + 1)
    for low in range(first, last + 1, WINDOW):
        window = Event.objects.filter(pk__gte=low, pk__lt=low + WINDOW, pk__lte=last, name__in=names)
        yield from window.order_by("pk").values_list(*columns)
