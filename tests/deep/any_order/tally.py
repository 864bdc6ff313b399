"""What a long run came by: a proof that never gets to a bind proves nothing about binds."""

from collections import Counter
from collections.abc import Mapping

from onboarding.domain.states import State
from onboarding.models import Event, OnboardingSession


class Tally:
    """In how many examples each state, each word of the diary and each of some ways came up."""

    def __init__(self) -> None:
        self.examples = 0
        self.seen: Counter[str] = Counter()

    def count(self, also: set[str]) -> None:
        """An example is over; `also` are ways that the diary does not tell."""
        self.examples += 1
        self.seen.update(_ways() | also)

    def falls_short(self, shares: Mapping[str, float]) -> dict[str, str]:
        """What came up in fewer examples than its share of them, and never in any."""
        least = {what: max(1, int(share * self.examples)) for what, share in shares.items()}
        return {what: f"{self.seen[what]} < {most}" for what, most in least.items() if self.seen[what] < most}

    def __str__(self) -> str:
        return ", ".join(f"{what} {often}" for what, often in sorted(self.seen.items()))


def _ways() -> set[str]:
    found = set(Event.objects.exclude(to_state="").values_list("to_state", flat=True))
    found |= set(Event.objects.values_list("name", flat=True))
    if OnboardingSession.objects.filter(rebind=True, state=State.BOUND).exists():
        found.add("a key moved")
    return found
