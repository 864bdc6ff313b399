"""Replays a budget over the acts in the event log, beside the one in force.

The log names no address, so budgets by address cannot be replayed, and an address's share of a shared budget is not.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from onboarding.backtest.log import walk
from onboarding.domain import budgets
from onboarding.domain.budgets import MORE_TO_BRAKES, Budget
from onboarding.domain.states import PASSED, Outcome
from onboarding.events import Name
from onboarding.limits import in_force

CELLS = 100_000  # subjects that are kept; then those of empty cells are dropped


class Act(NamedTuple):
    """What a budget counts, the session's column of its subject, and what a right code gives back beyond that."""

    asked: Name
    column: str
    more: float = 0
    resets: bool = False  # whether a right code empties the cell


SEND, GUESS = Name.CODE_ASKED, Name.GUESS_ASKED
ACTS: Mapping[str, Act] = {
    budgets.SENDS_NUMBER_HOUR.name: Act(SEND, "number_hash"),
    budgets.SENDS_NUMBER_DAY.name: Act(SEND, "number_hash"),
    budgets.BRAKE_PREFIX.name: Act(SEND, "block_hash", MORE_TO_BRAKES),
    budgets.BRAKE_COUNTRY.name: Act(SEND, "country", MORE_TO_BRAKES),
    budgets.GUESSES_NUMBER_HOUR.name: Act(GUESS, "number_hash", resets=True),
    budgets.GUESSES_NUMBER_DAY.name: Act(GUESS, "number_hash", resets=True),
    budgets.GUESSES_NUMBER.name: Act(GUESS, "number_hash", resets=True),
}


@dataclass
class Replayed:
    """How many acts there were, and how many the proposal refuses or admits that the budget in force does not.

    `false_alarms` and `passed` count refused ones, of sessions that a reviewer labelled so, or that passed in the end.
    """

    budget: str
    acts: int = 0
    refused: int = 0
    admitted: int = 0
    false_alarms: int = 0
    passed: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Cells:
    """The cells of one budget, as `onboarding.limits` counts them; times in seconds."""

    budget: Budget
    full_until: dict[str, float] = field(default_factory=dict)

    def admits(self, subject: str, at: float) -> bool:
        """Charge one act if the budget admits it."""
        every, until = self.budget.every_s, max(at, self.full_until.get(subject, at))
        if until - at + every > self.budget.burst * every:
            return False
        self.full_until[subject] = until + every
        if len(self.full_until) > CELLS:
            self.full_until = {each: until for each, until in self.full_until.items() if until > at}
        return True

    def give_back(self, subject: str, acts: float) -> None:
        if subject in self.full_until:
            self.full_until[subject] -= acts * self.budget.every_s


def replay(budget: Budget, *, days: int, most: int = 0) -> Replayed:
    """Return what the budget changes in the acts of the last `days`; `most` is that of `walk`."""
    act, found = ACTS[budget.name], Replayed(budget.name)
    today, proposed = Cells(in_force(budgets.BUDGETS[budget.name])), Cells(budget)
    columns = ("name", "at", "facts", f"session__{act.column}", "session__sends", "session__state")
    names = (act.asked, Name.GUESS_ANSWERED)
    for name, at, facts, subject, sends, state, outcome in walk(
        names, (*columns, "session__case__outcome"), days=days, most=most
    ):
        if subject is None:
            continue
        if name == act.asked:
            _count(found, today, proposed, subject, at, passed=state in PASSED, label=outcome)
        elif facts.get("approved"):
            for cells in (today, proposed):
                if act.resets:
                    cells.full_until.pop(subject, None)
                else:
                    cells.give_back(subject, sends + act.more)
    return found


def _count(
    found: Replayed, today: Cells, proposed: Cells, subject: str, at: datetime, *, passed: bool, label: str | None
) -> None:
    found.acts += 1
    before, after = (cells.admits(subject, at.timestamp()) for cells in (today, proposed))
    found.admitted += after and not before
    if before and not after:
        found.refused += 1
        found.false_alarms += label == Outcome.FALSE_ALARM
        found.passed += passed
