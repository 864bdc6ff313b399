"""Counts what happened to sessions, from the events of a span of time.

A session is counted once, at its end, on the day (UTC) on which it began. Calls and texts are counted at their events,
on that same day: so each figure has a list, which is that of the sessions of the day.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import NamedTuple

from django.db.models import Case, F, Value, When

from onboarding.domain.states import FINAL, PASSED, State
from onboarding.events import Facts, Name
from onboarding.models import Event, OnboardingSession


class Measure(StrEnum):
    """What is counted. Each has its own kind of label, and its own meaning of `good`."""

    ENDED = "ended"  # sessions, by final state
    STEP = "step"  # sessions, by the last step that they reached
    TIME = "time"  # sessions that passed, by state and SECONDS
    REASON = "reason"  # failure reasons of sessions, by code
    SPENT = "spent"  # what vendors were asked for, by Price; good: it led to a right code or a link
    COUNTRY = "country"  # codes sent, by region; good: right codes
    BLOCK = "block"  # codes sent, by the hash of the number without its last digits; good: right codes
    CALL = "call"  # calls to vendors, by Call; good: they were answered
    ERROR = "error"  # calls that were not answered as asked, by Call and kind of error
    DECIDED = "decided"  # reviewers' decisions, by the HOURS that the person had waited; good: another try allowed


class Step(StrEnum):
    """How far a session came, in the order of the journey. RECOGNIZED follows DEVICE."""

    BEGUN = "begun"
    PROVE = "prove"  # Prove began a flow
    DEVICE = "device"  # the browser did its part, and Prove was asked about the device
    CODE = "code"  # a code was sent
    APPROVED = "approved"  # the code was right
    LINKED = "linked"
    RECOGNIZED = "recognized"


class Price(StrEnum):
    """What costs money."""

    FLOW = "flow"
    TEXT = "text"
    LOOKUP = "lookup"


class Call(StrEnum):
    """The calls to vendors that are events."""

    UNIFY = "flow"
    STATUS = "device"
    BIND = "bind"
    REVOKE = "revoke"
    LOOKUP = "line"
    SEND = "code"
    CHECK = "guess"
    TEXT = "notice"


# The event of an answer, and that of a failure.
CALLS: Mapping[Call, tuple[Name, Name]] = {
    Call.UNIFY: (Name.FLOW_ANSWERED, Name.FLOW_UNANSWERED),
    Call.STATUS: (Name.DEVICE_ANSWERED, Name.DEVICE_UNANSWERED),
    Call.BIND: (Name.BIND_ANSWERED, Name.BIND_UNANSWERED),
    Call.REVOKE: (Name.REVOKE_ANSWERED, Name.REVOKE_UNANSWERED),
    Call.LOOKUP: (Name.LINE_ANSWERED, Name.LINE_UNANSWERED),
    Call.SEND: (Name.CODE_SENT, Name.CODE_UNANSWERED),
    Call.CHECK: (Name.GUESS_ANSWERED, Name.GUESS_UNANSWERED),
    Call.TEXT: (Name.NOTICE_SENT, Name.NOTICE_UNANSWERED),
}
CALL_OF = {name: call for call, names in CALLS.items() for name in names}
ANSWERS = {answered for answered, _failed in CALLS.values()}
PAID = {Name.LINE_ANSWERED: Price.LOOKUP, Name.NOTICE_SENT: Price.TEXT}  # besides what is counted at a session's end
DECISIONS = {Name.REVIEW_APPROVED, Name.REVIEW_DECLINED}
COUNTED = [*CALL_OF, *DECISIONS]

PATH = (Step.BEGUN, Step.PROVE, Step.DEVICE, Step.CODE, Step.APPROVED, Step.LINKED)  # with a key that is not known
# The last steps of the sessions that reached a step.
REACHED: Mapping[Step, tuple[Step, ...]] = {
    step: PATH[n:] + ((Step.RECOGNIZED,) if n <= PATH.index(Step.DEVICE) else ()) for n, step in enumerate(PATH)
} | {Step.RECOGNIZED: (Step.RECOGNIZED,)}
STEP = Case(
    When(state=State.BOUND, then=Value(Step.LINKED.value)),
    When(state=State.AUTHENTICATED, then=Value(Step.RECOGNIZED.value)),
    When(approved_at__isnull=False, then=Value(Step.APPROVED.value)),
    When(code_sent_at__isnull=False, then=Value(Step.CODE.value)),
    When(status_calls__gt=0, then=Value(Step.DEVICE.value)),
    When(correlation_id__isnull=False, then=Value(Step.PROVE.value)),
    default=Value(Step.BEGUN.value),
)
SECONDS = (5, 10, 20, 30, 45, 60, 90, 120, 300, 600, 0)  # 0: more
HOURS = (1, 4, 24, 0)
LONGEST_LABEL = 64  # characters


class Cell(NamedTuple):
    """What is counted where."""

    measure: Measure
    day: date
    label: str


class Count(NamedTuple):
    """How many there are, and how many of these turned out well."""

    whole: int = 0
    good: int = 0

    def plus(self, whole: int, good: int) -> "Count":
        return Count(self.whole + whole, self.good + good)


class Tally(defaultdict[Cell, Count]):
    """Counts by cell."""

    def __init__(self, counts: Mapping[Cell, Count] | None = None) -> None:
        super().__init__(Count, counts or {})

    def add(self, measure: Measure, day: date, label: str, whole: int = 1, good: int = 0) -> None:
        if whole or good:
            cell = Cell(measure, day, label[:LONGEST_LABEL])
            self[cell] = self[cell].plus(whole, good)


def tally(since: datetime, until: datetime) -> Tally:
    """Return what the events from `since` to before `until` add, in two queries."""
    counts = Tally()
    _add_ends(counts, since, until)
    _add_events(counts, since, until)
    return counts


def _add_ends(counts: Tally, since: datetime, until: datetime) -> None:
    """Add the sessions that ended: each has one event that leads to a final state."""
    ended = OnboardingSession.objects.filter(
        events__at__gte=since, events__at__lt=until, events__to_state__in=FINAL
    ).order_by()
    columns = ended.annotate(step=STEP, ended_at=F("events__at")).values_list(
        *("created_at", "ended_at", "state", "step", "failure_reasons", "sends", "approved_at"), named=True
    )
    for row in columns.iterator():
        day, passed = _day(row.created_at), row.state in PASSED
        counts.add(Measure.ENDED, day, row.state)
        counts.add(Measure.STEP, day, row.step)
        counts.add(Measure.SPENT, day, Price.FLOW, good=int(passed))
        counts.add(Measure.SPENT, day, Price.TEXT, row.sends, row.sends if row.approved_at else 0)
        for code in row.failure_reasons:
            counts.add(Measure.REASON, day, code)
        if passed:
            took = (row.ended_at - row.created_at).total_seconds()
            counts.add(Measure.TIME, day, f"{row.state} {_bucket(took, SECONDS)}")


def _add_events(counts: Tally, since: datetime, until: datetime) -> None:
    """Add the calls to vendors and the decisions."""
    happened = Event.objects.filter(at__gte=since, at__lt=until, name__in=COUNTED).order_by()
    of_session = ("session__created_at", "session__moved_at", "session__country", "session__block_hash")
    rows = happened.values_list("name", "at", "facts", *of_session)
    for name, at, facts, begun, ended, country, block in rows.iterator():
        day = _day(begun or at)
        if name in DECISIONS:
            hours = _bucket((at - ended).total_seconds() / 3600, HOURS)
            counts.add(Measure.DECIDED, day, str(hours), good=int(name == Name.REVIEW_APPROVED))
            continue
        _add_call(counts, day, Name(name), facts)
        sent, right = int(name == Name.CODE_SENT), int(facts.get("approved") is True)
        counts.add(Measure.COUNTRY, day, country or "", sent, right)
        counts.add(Measure.BLOCK, day, block or "", sent, right)


def _add_call(counts: Tally, day: date, name: Name, facts: Facts) -> None:
    call, answered = CALL_OF[name], name in ANSWERS
    counts.add(Measure.CALL, day, call, good=int(answered))
    if not answered:
        counts.add(Measure.ERROR, day, f"{call} {facts.get('error', '')}")
    if name in PAID:
        counts.add(Measure.SPENT, day, PAID[name])


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def _bucket(value: float, bounds: tuple[int, ...]) -> int:
    """Return the first of the bounds that the value does not exceed; 0 if it exceeds all."""
    return next((bound for bound in bounds if value <= bound), 0)
