"""Replays a verdict table over Prove's stored answers, by the policy itself."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from onboarding.backtest.log import walk
from onboarding.domain.policy import VERDICTS, Success, Verdict, judge
from onboarding.domain.states import Outcome
from onboarding.events import Name

ANSWERS = (Name.DEVICE_ANSWERED, Name.BIND_ANSWERED)
COLUMNS = ("name", "facts", "session__rebind", "session__case__outcome")


class Effect(StrEnum):
    """What a verdict means for the person."""

    DECLINED = "declined"
    HELD = "held"
    LET_THROUGH = "let_through"


@dataclass
class Replayed:
    """What a verdict table changes. A session has an answer about its device, and perhaps one to its link."""

    answers: int = 0
    different: int = 0
    unlike: int = (
        0  # answers whose stored verdict is not that of today's table: a reviewer cleared it, or it was another
    )
    changes: Counter[tuple[Effect, Effect]] = field(default_factory=Counter)
    false_alarms: Counter[tuple[Effect, Effect]] = field(default_factory=Counter)  # of these changes

    def more(self, effect: Effect) -> int:
        """Return how many more there are of this effect; negative if fewer."""
        gained = sum(n for (_before, after), n in self.changes.items() if after is effect)
        return gained - sum(n for (before, _after), n in self.changes.items() if before is effect)

    def as_json(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in ("answers", "different", "unlike")},
            "more": {effect.value: self.more(effect) for effect in Effect},
            "changes": [
                {"from": before, "to": after, "answers": n, "false_alarms": self.false_alarms[before, after]}
                for (before, after), n in sorted(self.changes.items())
            ],
        }


def effect_of(verdict: Verdict) -> Effect:
    return {Verdict.DECLINE: Effect.DECLINED, Verdict.REVIEW: Effect.HELD}.get(verdict, Effect.LET_THROUGH)


def replay(verdicts: Mapping[str, Verdict], *, days: int, most: int = 0) -> Replayed:
    """Return what the table changes in the answers of the last `days`; `most` is that of `walk`."""
    found = Replayed()
    for _name, facts, rebind, outcome in walk(ANSWERS, COLUMNS, days=days, most=most):
        if facts.get("success") in (None, Success.PENDING) or rebind is None:
            continue
        reasons = dict.fromkeys(facts["reasons"], "")
        before, after = (
            judge(Success(facts["success"]), reasons, rebind=rebind, verdicts=table).verdict
            for table in (VERDICTS, verdicts)
        )
        found.answers += 1
        found.unlike += facts["verdict"] != before
        if before is after:
            continue
        found.different += 1
        change = effect_of(before), effect_of(after)
        if change[0] is not change[1]:
            found.changes[change] += 1
            found.false_alarms[change] += outcome == Outcome.FALSE_ALARM
    return found
