"""Counts what occurred in a long test: one that never binds says nothing about binds."""

from collections import Counter
from collections.abc import Mapping

from onboarding.domain.states import State
from onboarding.models import Event, OnboardingSession


class Occurrences:
    """In how many examples each state, each event and some other things occurred."""

    def __init__(self) -> None:
        self.examples = 0
        self.seen: Counter[str] = Counter()

    def count(self, also: set[str]) -> None:
        """Count an example at its end; `also` is what the event log does not hold."""
        self.examples += 1
        self.seen.update(_in_the_database() | also)

    def too_rare(self, shares: Mapping[str, float]) -> dict[str, str]:
        """Return what occurred in fewer examples than its share of them, or in none."""
        least = {what: max(1, int(share * self.examples)) for what, share in shares.items()}
        return {what: f"{self.seen[what]} < {wanted}" for what, wanted in least.items() if self.seen[what] < wanted}

    def __str__(self) -> str:
        return ", ".join(f"{what} {count}" for what, count in sorted(self.seen.items()))


def _in_the_database() -> set[str]:
    found = set(Event.objects.exclude(to_state="").values_list("to_state", flat=True))
    found |= set(Event.objects.values_list("name", flat=True))
    if OnboardingSession.objects.filter(rebind=True, state=State.BOUND).exists():
        found.add("rebound")
    return found
