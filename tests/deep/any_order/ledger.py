"""The judge: the sandbox's ledger, line by line, against the invariants that no journey may break.

The ledger is what Prove and Twilio saw. The product's own tables have no say here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

UNIFY, STATUS, BIND = "prove.unify", "prove.unify_status", "prove.unify_bind"
SEND, CHECK = "twilio.verification", "twilio.verification_check"
CALLS = (UNIFY, STATUS, BIND, SEND, CHECK)
CODE_LIFE_S = 600
FLOW_LIFE_S = 2400  # and CODE_LIFE_S after the right code
ROUNDING_S = 1
MOST_SENDS, MOST_STATUS_CALLS, MOST_CHECKS = 4, 10, 5
HOUR_S, DAY_S = 3600, 86_400
MOST_TEXTS = {HOUR_S: 3, DAY_S: 5}  # to a number
MOST_WRONG = {HOUR_S: 10, DAY_S: 20}  # codes for a number, since the last right one
UNHEARD = ("refuse",)  # nothing was sent
TURNED_AWAY = {  # sent, and surely not looked at: HTTP statuses
    UNIFY: (401, 429),
    STATUS: (401, 429),
    BIND: (401, 429),
    SEND: (401, 403, 404, 429),
    CHECK: (401, 403, 429),
}


@dataclass(frozen=True)
class Line:
    """A line of the ledger, and whose doing it was."""

    who: str
    at: datetime
    route: str
    outcome: str
    status: int | None
    number: str
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def answered(self) -> bool:
        """The caller got the vendor's own, well-formed answer, or would have, had it waited."""
        return self.outcome in ("ok", "latency", "drip")

    @property
    def understood(self) -> bool:
        """Answered, or with a value that nobody has heard of where none decides anything: at a start."""
        return self.answered or (self.outcome == "unknown_value" and self.route in (UNIFY, SEND))

    @property
    def arrived(self) -> bool:
        """It may have had its effect, as far as a caller can know."""
        return self.outcome not in UNHEARD and self.status not in TURNED_AWAY.get(self.route, ())

    def after(self, earlier: "Line") -> float:
        """Seconds."""
        return (self.at - earlier.at).total_seconds()


FACTS_OF_THE_LINE = ("at", "route", "outcome", "status", "effect", "number")


def line(told: dict[str, Any], who: str) -> Line:
    """From the control API's JSON."""
    facts = {name: value for name, value in told.items() if name not in FACTS_OF_THE_LINE}
    at = datetime.fromisoformat(told["at"])
    return Line(who, at, told["route"], told["outcome"], told["status"], told["number"], facts)


@dataclass
class Attempt:
    """One Prove flow: from a browser's unify to its next, in order."""

    unify: Line
    lines: list[Line] = field(default_factory=list)

    def of(self, route: str) -> list[Line]:
        return [line for line in self.lines if line.route == route]

    def before(self, last: Line) -> Iterator[Line]:
        return iter(self.lines[: self.lines.index(last)])


def attempts(lines: Iterable[Line]) -> list[Attempt]:
    current: dict[str, Attempt] = {}
    found: list[Attempt] = []
    for each in lines:
        if each.route == UNIFY:
            current[each.who] = Attempt(each)
            found.append(current[each.who])
        elif each.who in current and each.route in CALLS:
            current[each.who].lines.append(each)
        else:
            assert each.route not in CALLS, f"{each.route} outside of any flow"
    return found


def judge(lines: Iterable[Line]) -> None:
    """Raises AssertionError, named by the invariant."""
    lines = list(lines)
    all_attempts = attempts(lines)
    _guesses_a_code_seldom(lines)
    for attempt in all_attempts:
        _is_of_one_flow(attempt)
        _sends_only_when_required(attempt)
        _checks_its_own_code(attempt)
        _binds_only_what_was_approved(attempt)
    _rebinds_only_after_9101(all_attempts)


def _is_of_one_flow(attempt: Attempt) -> None:
    if attempt.lines:
        assert attempt.unify.understood, "I11: a flow whose start is unknown went on"
    for each in attempt.lines:
        assert each.number in ("", attempt.unify.number), "I13: the number changed within a flow"
        if each.route in (STATUS, BIND):
            assert each.facts["correlationId"] == attempt.unify.facts["correlationId"], "T06: another flow's id"
        assert each.after(attempt.unify) <= FLOW_LIFE_S + CODE_LIFE_S + ROUNDING_S, "I16: alive past its time"
    assert len([s for s in attempt.of(STATUS) if s.arrived]) <= MOST_STATUS_CALLS, "F41: asked without an end"


def _sends_only_when_required(attempt: Attempt) -> None:
    for send in attempt.of(SEND):
        said = [s.facts.get("success") for s in attempt.before(send) if s.route == STATUS and s.answered]
        assert said and said[-1] == "possession_required", "I03: a text without possession_required"
    assert len([s for s in attempt.of(SEND) if s.arrived]) <= MOST_SENDS, "I09: too many texts in a session"


def _checks_its_own_code(attempt: Attempt) -> None:
    for check in attempt.of(CHECK):
        sids = [s.facts.get("sid") for s in attempt.before(check) if s.route == SEND and s.understood]
        assert sids and check.facts.get("sid") in (sids[-1], None), "I07: a code of another session's text"
        sent = next(s for s in attempt.lines if s.facts.get("sid") == sids[-1])
        if check.facts.get("approved"):
            assert check.after(sent) <= CODE_LIFE_S + ROUNDING_S, "I16: approved too late"
        _is_not_asked_again(attempt, check)


def _is_not_asked_again(attempt: Attempt, check: Line) -> None:
    """I12: after a check whose answer was lost or was yes, none before another text."""
    if not check.arrived or (check.answered and not check.facts.get("approved")) or check.status in (400, 403, 404):
        return
    later = attempt.lines[attempt.lines.index(check) + 1 :]
    following = next((each.route for each in later if each.route in (SEND, CHECK)), None)
    assert following != CHECK, "I12: a check whose answer is unknown was asked again"


def _binds_only_what_was_approved(attempt: Attempt) -> None:
    for bind in attempt.of(BIND):
        approved = [c for c in attempt.before(bind) if c.route == CHECK and c.answered and c.facts.get("approved")]
        assert len(approved) == 1, "I01: a bind without exactly one approved check of this very flow"
        assert bind.after(approved[0]) <= CODE_LIFE_S + ROUNDING_S, "I01: an approval too old"
        earlier = [b for b in attempt.before(bind) if b.route == BIND and b.arrived]
        assert not earlier, "I02: a second bind of one flow"


def _guesses_a_code_seldom(lines: list[Line]) -> None:
    """Whoever guesses, in however many sessions: Twilio's own count, after which it refuses, is never needed."""
    guesses = Counter(line.facts.get("sid") for line in lines if line.route == CHECK and line.arrived)
    del guesses[None]
    assert max(guesses.values(), default=0) <= MOST_CHECKS, "I08: too many guesses"


def judge_budgets(lines: Iterable[Line]) -> None:
    """I08, I09, where budgets are in force: by number, whoever asked, in any hour and any day."""
    texts: dict[str, list[Line]] = {}
    wrong: dict[str, list[Line]] = {}
    for each in lines:
        if each.route == SEND and each.arrived:
            texts.setdefault(each.number, []).append(each)
        elif each.route == CHECK and each.facts.get("approved") and each.answered:
            wrong.pop(each.number, None)
        elif each.route == CHECK and each.arrived:
            wrong.setdefault(each.number, []).append(each)
        assert _most_within(texts.get(each.number, []), MOST_TEXTS), "I09: too many texts to a number"
        assert _most_within(wrong.get(each.number, []), MOST_WRONG), "I08: too many guesses for a number"


def _most_within(acts: list[Line], budget: Mapping[int, int]) -> bool:
    """Whether the last of them is within the budget."""
    return all(
        sum(acts[-1].after(act) < span_s - ROUNDING_S for act in acts) <= most
        for span_s, most in budget.items()
        if acts
    )


def _rebinds_only_after_9101(all_attempts: list[Attempt]) -> None:
    last: dict[str, Attempt] = {}
    for attempt in all_attempts:
        if attempt.unify.facts.get("rebind"):
            before = last.get(attempt.unify.who)
            said = [s.facts.get("success") for s in before.of(STATUS) if s.answered] if before else []
            assert said and said[-1] == "false", "I14: a rebind that Prove gave no reason for"
            if not attempt.unify.understood:
                continue  # it could not begin, and the offer stands
        last[attempt.unify.who] = attempt


def linked_numbers(lines: Iterable[Line]) -> set[str]:
    """The numbers that Prove said yes to, and whose yes arrived: only these may count as linked."""
    return {
        each.number
        for each in lines
        if each.route in (STATUS, BIND) and each.answered and each.facts.get("success") == "true"
    }
