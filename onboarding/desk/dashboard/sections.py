"""The sections of the dashboard: each says in words what it shows, and has a table of figures with links to lists."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from onboarding.conf import conf
from onboarding.desk.dashboard.chart import Chart, by_day
from onboarding.desk.filters import BegunFilter
from onboarding.domain.budgets import DAY, MONEY
from onboarding.domain.states import PASSED, State
from onboarding.domain.wording import CALL_WORDS, STATE_WORDS, STEP_WORDS, reason_in_words
from onboarding.figures.report import Report
from onboarding.figures.tally import HOURS, PATH, REACHED, SECONDS, Call, Count, Measure, Price, Step
from onboarding.limits import in_force

FULL = 1000  # units of a bar's width
DAYS_OF_A_CHART = 7  # at least


@dataclass(frozen=True)
class Figure:
    """A number as it is shown, with the path of its list."""

    text: str
    href: str = ""


@dataclass(frozen=True)
class Row:
    label: str
    figures: Sequence[Figure]
    share: int | None = None  # of FULL: the length of its bar


@dataclass(frozen=True)
class Section:
    name: str
    title: str
    says: str
    heads: Sequence[str]
    rows: Sequence[Row]
    charts: Sequence[Chart] = ()

    @property
    def has_bars(self) -> bool:
        return any(row.share is not None for row in self.rows)


@dataclass(frozen=True)
class Queue:
    """How many cases wait by HOURS, where the queue is, and the share of the money budget that is in use."""

    waiting: Mapping[int, int]
    path: str


@dataclass(frozen=True)
class Sections:
    """The sections of a report. `sessions` and `bindings` are the paths of the lists."""

    report: Report
    sessions: str
    bindings: str
    queue: Queue
    money_used: float

    def __iter__(self) -> Iterator[Section]:
        yield self.steps()
        yield self.ends()
        yield self.times()
        yield self.reasons()
        yield self.days()
        yield self.texts("country", _("Codes by country"), Measure.COUNTRY, _("Country"))
        yield self.texts("block", _("Codes by block of numbers"), Measure.BLOCK, _("Block"))
        yield self.waiting()
        yield self.decisions()
        yield self.vendors()

    def steps(self) -> Section:
        """How far sessions came, and where they went no further."""
        last = self.report.by_label(Measure.STEP)
        reached = {step: sum(last.get(each, Count()).whole for each in REACHED[step]) for step in Step}
        begun, linked, recognized = (reached[step] for step in (Step.BEGUN, Step.LINKED, Step.RECOGNIZED))
        says = _("Of %(begun)s sessions, %(linked)s were linked and %(known)s recognized.")
        rows = []
        for step in (*PATH, Step.RECOGNIZED):
            figures = [Figure(number(reached[step]), self.link(step=step)), Figure(percent(reached[step], begun))]
            left = last.get(step, Count()).whole
            done = step in (Step.LINKED, Step.RECOGNIZED)
            figures.append(Figure("") if done else Figure(number(left), self.link(step=f"{step}-last")))
            rows.append(Row(str(STEP_WORDS[step]), figures, share(reached[step], begun)))
        heads = [_("Step"), _("Sessions"), _("Share"), _("Went no further")]
        words = {"begun": number(begun), "linked": number(linked), "known": number(recognized)}
        return Section("steps", _("How far people came"), says % words, heads, rows)

    def ends(self) -> Section:
        """By final state."""
        found = self.report.by_label(Measure.ENDED)
        whole = sum(count.whole for count in found.values())
        rows = [self._row(str(STATE_WORDS[state]), n.whole, whole, state=state) for state, n in found.items()]
        says = _("Sessions that ended: %(count)s.") % {"count": number(whole)}
        return Section("ends", _("How it ended"), says, [_("State"), _("Sessions"), _("Share")], rows)

    def times(self) -> Section:
        """How long those who passed took."""
        found = self.report.by_label(Measure.TIME)
        rows, says = [], []
        for state in (State.BOUND, State.AUTHENTICATED):
            counts = {bound: found.get(f"{state} {bound}", Count()).whole for bound in SECONDS}
            whole, words = sum(counts.values()), str(STATE_WORDS[state])
            if whole:
                within = {"state": words, "half": _seconds(counts, 0.5), "most": _seconds(counts, 0.9)}
                says.append(_("%(state)s: half %(half)s, nine in ten %(most)s.") % within)
            for bound, n in counts.items():
                figures = [Figure(number(n)), Figure(percent(n, whole))]  # no list has a filter for these
                if n:
                    rows.append(Row(f"{words}, {_up_to(bound, SECONDS)}", figures, share(n, whole)))
        heads = [_("Time"), _("Sessions"), _("Share")]
        return Section("times", _("How long it took"), " ".join(says), heads, rows)

    def reasons(self) -> Section:
        found = self.report.by_label(Measure.REASON)
        whole = sum(count.whole for count in self.report.by_label(Measure.ENDED).values())
        rows = [self._row(reason_in_words(code), n.whole, whole, reason=code) for code, n in found.items()]
        says = _("A session can have several reasons.")
        return Section("reasons", _("Failure reasons"), says, [_("Reason"), _("Sessions"), _("Share")], rows)

    def days(self) -> Section:
        """What each day cost, against the budget."""
        days = [_Day(self.report, day) for day in self.report.days]
        budget = round(DAY / in_force(MONEY).every_s)
        rows = [
            Row(f"{day.day:%Y-%m-%d}", [Figure(text, self.link(begun=f"{day.day}")) for text in day.texts()])
            for day in reversed(days)
        ]
        words = {
            "cost": money(sum(day.cost for day in days)),
            "lost": money(sum(day.lost for day in days)),
            "budget": money(budget),
            "used": percent(round(self.money_used * FULL), FULL),
        }
        says = _(
            "At the present prices, vendors cost %(cost)s, of which %(lost)s came to nothing. "
            "The budget admits %(budget)s of that a day; %(used)s of it is in use now."
        )
        heads = [_("Day"), _("Sessions"), _("Passed"), _("Codes"), _("Right"), _("Cost"), _("Came to nothing")]
        charts = list(self._charts(days, budget)) if len(days) >= DAYS_OF_A_CHART else []
        return Section("days", _("Days and money"), says % words, heads, rows, charts)

    def _charts(self, days: Sequence["_Day"], budget: int) -> Iterator[Chart]:
        dates = [day.day for day in days]
        words = {"most": number(max(day.begun for day in days))}
        says = _("Sessions of each day, at most %(most)s. The lower part of a column is those that passed.") % words
        yield by_day(says, dates, [(day.begun, day.passed) for day in days], [day.title() for day in days])
        says = _("Cost of each day. The lower part of a column came to nothing; the line is the budget for that.")
        titles = [f"{day.day:%Y-%m-%d}: {money(day.cost)}, {money(day.lost)}" for day in days]
        yield by_day(says, dates, [(day.cost, day.lost) for day in days], titles, limit=budget)

    def texts(self, name: str, title: str, measure: Measure, head: str) -> Section:
        """Codes sent and right codes. Few right ones are a sign of SMS pumping, or of texts that do not arrive."""
        found = {label: n for label, n in self.report.by_label(measure).items() if label}
        rows = []
        for label, n in found.items():
            sent, right = self.link(**{name: label}), self.link(**{name: label, "step": Step.APPROVED})
            figures = [Figure(number(n.whole), sent), Figure(number(n.good), right), Figure(percent(n.good, n.whole))]
            rows.append(Row(label[:8], figures, min(FULL, share(n.good, n.whole))))
        says = _("Few right codes are a sign of SMS pumping, or of texts that do not arrive.")
        if measure is Measure.BLOCK:
            what = _("The numbers of a block differ in the last four digits only. A hash names it.")
            says = f"{what} {says}"
        return Section(name, title, says, [head, _("Sent"), _("Right"), _("Share")], rows)

    def waiting(self) -> Section:
        whole = sum(self.queue.waiting.values())
        rows = [
            Row(_hours(bound), [Figure(number(n), self.queue.path), Figure(percent(n, whole))], share(n, whole))
            for bound, n in self.queue.waiting.items()
        ]
        words = {"count": number(whole), "hours": conf.REVIEW_HOURS}
        says = _("Cases that wait now: %(count)s. The target is %(hours)s hours.") % words
        return Section("waiting", _("How long cases have waited"), says, [_("Time"), _("Cases"), _("Share")], rows)

    def decisions(self) -> Section:
        found = self.report.by_label(Measure.DECIDED)
        whole = sum(n.whole for n in found.values())
        rows = []
        for bound in HOURS:
            n = found.get(str(bound), Count())
            decided = (("approved", n.good), ("declined", n.whole - n.good))
            figures = [Figure(number(count), self.link(review=review)) for review, count in decided]
            rows.append(Row(_hours(bound), [*figures, Figure(percent(n.whole, whole))], share(n.whole, whole)))
        says = _("Sessions that were decided: %(count)s.") % {"count": number(whole)}
        heads = [_("After"), _("May try again"), _("Declined"), _("Share")]
        return Section("decisions", _("Decisions"), says, heads, rows)

    def vendors(self) -> Section:
        found, errors = self.report.by_label(Measure.CALL), self.report.by_label(Measure.ERROR)
        rows = []
        for call, n in found.items():
            kinds = [f"{kind} {number(e.whole)}" for each, e in errors.items() if (kind := _kind(each, call))]
            of_links = call in (Call.REVOKE, Call.TEXT)  # they are events of a binding
            failed = f"{self.bindings}?failed={call}" if of_links else self.link(failed=call)
            figures = [Figure(number(n.whole)), Figure(number(n.whole - n.good), failed), Figure(", ".join(kinds))]
            rows.append(Row(str(CALL_WORDS[call]), figures, share(n.good, n.whole)))
        heads = [_("Call"), _("Answers"), _("Failed"), _("How")]
        says = _("Refused: the vendor did not do it, for example because a landline takes no text.")
        return Section("vendors", _("Prove and Twilio"), says, heads, rows)

    def link(self, **filters: str) -> str:
        """Return the path of the list of these days' sessions, or those of one `begun`."""
        begun = BegunFilter.name(self.report.first, self.report.today)
        return f"{self.sessions}?{urlencode({'begun': begun, **filters})}"

    def _row(self, label: str, count: int, whole: int, **filters: str) -> Row:
        figures = [Figure(number(count), self.link(**filters)), Figure(percent(count, whole))]
        return Row(label, figures, share(count, whole))


@dataclass(frozen=True)
class _Day:
    """The figures of one day; money in cents."""

    report: Report
    day: Any

    @cached_property
    def begun(self) -> int:
        return sum(self._count(Measure.ENDED, state) for state in State)

    @cached_property
    def passed(self) -> int:
        return sum(self._count(Measure.ENDED, state) for state in PASSED)

    @cached_property
    def cost(self) -> int:
        return sum(_price(price) * self.report.of_day(Measure.SPENT, self.day, price).whole for price in Price)

    @cached_property
    def lost(self) -> int:
        return self.cost - sum(
            _price(price) * self.report.of_day(Measure.SPENT, self.day, price).good for price in Price
        )

    def _count(self, measure: Measure, label: str) -> int:
        return self.report.of_day(measure, self.day, label).whole

    def texts(self) -> list[str]:
        """Return the figures as they are shown, in the order of the table's columns."""
        codes = [n for cell, n in self.report.counts.items() if cell[:2] == (Measure.COUNTRY, self.day)]
        counts = (self.begun, self.passed, sum(n.whole for n in codes), sum(n.good for n in codes))
        return [*map(number, counts), money(self.cost), money(self.lost)]

    def title(self) -> str:
        return f"{self.day:%Y-%m-%d}: {number(self.begun)}, {number(self.passed)}"


def _price(what: Price) -> int:
    prices = {
        Price.FLOW: conf.PROVE_PRICE_CENTS,
        Price.TEXT: conf.TEXT_PRICE_CENTS,
        Price.LOOKUP: conf.LOOKUP_PRICE_CENTS,
    }
    return int(prices[what])


def _kind(label: str, call: str) -> str:
    """Return the kind of error that the label names for this call, or ""."""
    of, _blank, kind = label.partition(" ")
    return kind if of == call else ""


def _seconds(counts: Mapping[int, int], part: float) -> str:
    """Return in words the time within which this part of the sessions was done."""
    done, whole = 0, sum(counts.values())
    for bound, count in counts.items():
        done += count
        if done >= part * whole:
            return _up_to(bound, SECONDS)
    return _up_to(0, SECONDS)


def _up_to(bound: int, bounds: Sequence[int]) -> str:
    if bound:
        return _("within %(seconds)s s") % {"seconds": bound}
    return _("more than %(seconds)s s") % {"seconds": bounds[-2]}


def _hours(bound: int) -> str:
    if bound:
        return _("within %(hours)s h") % {"hours": bound}
    return _("more than %(hours)s h") % {"hours": HOURS[-2]}


def number(count: int) -> str:
    return number_format(count, force_grouping=True)


def share(part: int, whole: int) -> int:
    """Return the length of a bar."""
    return part * FULL // whole if whole else 0


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"


def money(cents: int) -> str:
    return f"${number_format(cents / 100, 2, force_grouping=True)}"
