"""Checks the calls that the sandbox received against the invariants that no journey may break.

These calls are what Prove and Twilio saw. The product's own tables are not consulted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

UNIFY, STATUS, BIND = "prove.unify", "prove.unify_status", "prove.unify_bind"
SEND, CHECK = "twilio.verification", "twilio.verification_check"
JOURNEY_ROUTES = (UNIFY, STATUS, BIND, SEND, CHECK)
CODE_LIFE_S = 600
FLOW_LIFE_S = 2400  # and CODE_LIFE_S after the right code
ROUNDING_S = 1
MOST_SENDS, MOST_STATUS_CALLS, MOST_CHECKS = 4, 10, 5
HOUR_S, DAY_S = 3600, 86_400
MOST_TEXTS = {HOUR_S: 3, DAY_S: 5}  # to a number
MOST_WRONG = {HOUR_S: 10, DAY_S: 20}  # codes for a number, since the last right one
NOT_SENT = ("refuse",)  # outcomes
WITHOUT_EFFECT = {  # HTTP statuses of calls that surely had none
    UNIFY: (401, 429),
    STATUS: (401, 429),
    BIND: (401, 429),
    SEND: (401, 403, 404, 429),
    CHECK: (401, 403, 429),
}


@dataclass(frozen=True)
class Call:
    """A call that the sandbox received; `who` is the browser or the role that caused it."""

    who: str
    at: datetime
    route: str
    outcome: str
    status: int | None
    number: str
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def answered(self) -> bool:
        """Whether the caller got the vendor's own, well-formed answer, or would have got it by waiting."""
        return self.outcome in ("ok", "latency", "drip")

    @property
    def understood(self) -> bool:
        """Whether it was answered, or with an unknown value in a call whose values decide nothing."""
        return self.answered or (self.outcome == "unknown_value" and self.route in (UNIFY, SEND))

    @property
    def arrived(self) -> bool:
        """Whether it may have had its effect, as far as the caller can know."""
        return self.outcome not in NOT_SENT and self.status not in WITHOUT_EFFECT.get(self.route, ())

    def after(self, earlier: "Call") -> float:
        """Return the seconds since an earlier call."""
        return (self.at - earlier.at).total_seconds()


COLUMNS = ("at", "route", "outcome", "status", "effect", "number")


def call_from(received: dict[str, Any], who: str) -> Call:
    """Return the call from the control API's JSON."""
    facts = {name: value for name, value in received.items() if name not in COLUMNS}
    at = datetime.fromisoformat(received["at"])
    return Call(who, at, received["route"], received["outcome"], received["status"], received["number"], facts)


@dataclass
class Flow:
    """One Prove flow: the calls from a browser's unify to its next one, in order."""

    unify: Call
    calls: list[Call] = field(default_factory=list)

    def of(self, route: str) -> list[Call]:
        return [call for call in self.calls if call.route == route]

    def before(self, last: Call) -> Iterator[Call]:
        return iter(self.calls[: self.calls.index(last)])


def flows(calls: Iterable[Call]) -> list[Flow]:
    current: dict[str, Flow] = {}
    found: list[Flow] = []
    for each in calls:
        if each.route == UNIFY:
            current[each.who] = Flow(each)
            found.append(current[each.who])
        elif each.who in current and each.route in JOURNEY_ROUTES:
            current[each.who].calls.append(each)
        else:
            assert each.route not in JOURNEY_ROUTES, f"{each.route} outside of any flow"
    return found


def check_calls(calls: Iterable[Call]) -> None:
    """Raise AssertionError, with the invariant that is broken, if one is."""
    calls = list(calls)
    all_flows = flows(calls)
    _has_few_guesses_per_code(calls)
    for flow in all_flows:
        _is_of_one_flow(flow)
        _sends_only_when_required(flow)
        _checks_a_code_of_its_number(flow, all_flows)
        _binds_only_what_was_approved(flow)
    _rebinds_only_after_9101(all_flows)


def _is_of_one_flow(flow: Flow) -> None:
    if flow.calls:
        assert flow.unify.understood, "I11: a flow whose start is unknown went on"
    for each in flow.calls:
        assert each.number in ("", flow.unify.number), "I13: the number changed within a flow"
        if each.route in (STATUS, BIND):
            assert each.facts["correlationId"] == flow.unify.facts["correlationId"], "T06: another flow's id"
        assert each.after(flow.unify) <= FLOW_LIFE_S + CODE_LIFE_S + ROUNDING_S, "I16: a call after the end of the flow"
    assert len([s for s in flow.of(STATUS) if s.arrived]) <= MOST_STATUS_CALLS, "F41: too many calls of unify-status"


def _sends_only_when_required(flow: Flow) -> None:
    for send in flow.of(SEND):
        said = [s.facts.get("success") for s in flow.before(send) if s.route == STATUS and s.answered]
        assert said and said[-1] == "possession_required", "I03: a text without possession_required"
    assert len([s for s in flow.of(SEND) if s.arrived]) <= MOST_SENDS, "I09: too many texts in a session"


def _checks_a_code_of_its_number(flow: Flow, all_flows: list[Flow]) -> None:
    """The code is the latest of the flow, or one that another browser got for the same number."""
    sends = [s for each in all_flows for s in each.of(SEND) if s.understood and s.number == flow.unify.number]
    for check in flow.of(CHECK):
        own = [s for s in flow.before(check) if s in sends]
        allowed = [*(s for s in sends if s not in flow.calls and s.at <= check.at), *own[-1:]]
        checked = check.facts.get("sid") or (allowed[-1].facts["sid"] if allowed else "")
        assert checked in [s.facts.get("sid") for s in allowed], "I07: a check of another number's code"
        sent = next(s for s in sends if s.facts.get("sid") == checked)
        if check.facts.get("approved"):
            assert check.after(sent) <= CODE_LIFE_S + ROUNDING_S, "I16: approved too late"
        _is_not_repeated(flow, check)


def _is_not_repeated(flow: Flow, check: Call) -> None:
    """I12: after a check that was approved or whose answer was lost, another text comes before the next check."""
    if not check.arrived or (check.answered and not check.facts.get("approved")) or check.status in (400, 403, 404):
        return
    later = flow.calls[flow.calls.index(check) + 1 :]
    following = next((each.route for each in later if each.route in (SEND, CHECK)), None)
    assert following != CHECK, "I12: a check whose answer is unknown was repeated"


def _binds_only_what_was_approved(flow: Flow) -> None:
    for bind in flow.of(BIND):
        approved = [c for c in flow.before(bind) if c.route == CHECK and c.answered and c.facts.get("approved")]
        assert len(approved) == 1, "I01: a bind without exactly one approved check of this very flow"
        assert bind.after(approved[0]) <= CODE_LIFE_S + ROUNDING_S, "I01: an approval too old"
        earlier = [b for b in flow.before(bind) if b.route == BIND and b.arrived]
        assert not earlier, "I02: a second bind of one flow"


def _has_few_guesses_per_code(calls: list[Call]) -> None:
    """I08: across all sessions, a code gets fewer guesses than Twilio's own limit allows."""
    guesses = Counter(call.facts.get("sid") for call in calls if call.route == CHECK and call.arrived)
    del guesses[None]
    assert max(guesses.values(), default=0) <= MOST_CHECKS, "I08: too many guesses"


def check_budgets(calls: Iterable[Call]) -> None:
    """I08, I09, where budgets are in force: count by number, in any hour and any day.

    A right code gives the texts of its flow back.
    """
    texts: dict[str, list[Call]] = {}
    wrong: dict[str, list[Call]] = {}
    begun: dict[str, Call] = {}
    for each in calls:
        if each.route == UNIFY:
            begun[each.who] = each
        elif each.route == SEND and each.arrived:
            texts.setdefault(each.number, []).append(each)
        elif each.route == CHECK and each.facts.get("approved") and each.answered:
            wrong.pop(each.number, None)
            texts[each.number] = [t for t in texts[each.number] if t.who != each.who or t.at < begun[each.who].at]
        elif each.route == CHECK and each.arrived:
            wrong.setdefault(each.number, []).append(each)
        assert _is_within(texts.get(each.number, []), MOST_TEXTS), "I09: too many texts to a number"
        assert _is_within(wrong.get(each.number, []), MOST_WRONG), "I08: too many guesses for a number"


def _is_within(counted: list[Call], budget: Mapping[int, int]) -> bool:
    """Return whether the last of the calls is within the budget."""
    return all(
        sum(counted[-1].after(call) < span_s - ROUNDING_S for call in counted) <= most
        for span_s, most in budget.items()
        if counted
    )


def _rebinds_only_after_9101(all_flows: list[Flow]) -> None:
    last: dict[str, Flow] = {}
    for flow in all_flows:
        if flow.unify.facts.get("rebind"):
            before = last.get(flow.unify.who)
            asked = [call for call in before.calls if call.route in (STATUS, BIND)] if before else []
            said = [call.facts.get("success") for call in asked if call.answered]
            # "true": the key is this number's, and needs a code here, since it was revoked or is not linked to it
            assert said and said[-1] in ("false", "true"), "I14: a rebind that Prove gave no reason for"
            if not flow.unify.understood:
                continue  # it could not start, and is still offered
        last[flow.unify.who] = flow


def linked_numbers(calls: Iterable[Call]) -> set[str]:
    """Return the numbers for which Prove's "true" arrived: only these may count as linked."""
    return {
        each.number
        for each in calls
        if each.route in (STATUS, BIND) and each.answered and each.facts.get("success") == "true"
    }
