"""Bad days: what can go wrong, for any route, for the next N calls or all, for everybody or for one number."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.state import people
from sandbox.state.records import Fault, Handset, Received
from sandbox.state.store import Store
from sandbox.wire.arguments import Argument, anything, flag, headers, seconds, whole
from sandbox.wire.errors import vendor_error
from sandbox.wire.reply import Reply

HUGE_BYTES = 5 * 1024 * 1024
HANG_S = 120.0  # longer than anybody waits
DAY_S = 24 * 60 * 60
HTML = b"<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>"
# Values from closed sets that no client has ever seen.
UNHEARD_OF = {
    **dict.fromkeys(("success", "status"), "postponed"),
    **dict.fromkeys(("type", "lineType"), "hotline"),
    "token_type": "Runner",
    "next": "device/unheard-of",
    "result": "maybe",
}
NO_CLOSED_SET = ("prove.device_revoke", "prove.device_challenge")  # routes whose answers hold no such value


@dataclass(frozen=True)
class Kind:
    """`effect`: the call does its work before things go wrong. `answers`: the caller still gets a whole HTTP answer.

    `options`: what it can be told, with the defaults.
    """

    what: str
    effect: bool
    answers: bool
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def takes(self) -> str:
        """The options as JSON, for the desk's script."""
        return json.dumps(self.options)


KINDS = {
    "refuse": Kind("nobody listens: nothing was sent", effect=False, answers=False),
    "hang": Kind("received, then silence", effect=False, answers=False),
    "reset": Kind("received, then the connection is reset, before anything happened", effect=False, answers=False),
    "lost": Kind("it happens, but the connection breaks before the answer", effect=True, answers=False),
    "truncated": Kind("the answer ends half way", effect=True, answers=False),
    "drip": Kind("the answer comes a byte at a time", effect=True, answers=True, options={"seconds": 0.5}),
    "latency": Kind("the answer comes late", effect=True, answers=True, options={"seconds": 2.0}),
    "status": Kind("an HTTP error", effect=False, answers=True, options={"status": 500, "retry_after": 1}),
    "html": Kind("a proxy's page", effect=False, answers=True, options={"status": 502}),
    "empty": Kind("200 and no body", effect=False, answers=True),
    "huge": Kind("5 MB more than anybody asked for", effect=True, answers=True),
    "types": Kind("every value has another JSON type than it should", effect=True, answers=True),
    "unknown_value": Kind("values from closed sets that nobody has heard of", effect=True, answers=True),
    "answer": Kind(
        "exactly what is ordered, whatever was asked",
        effect=False,
        answers=True,
        options={"status": 200, "body": {}, "headers": {}},
    ),
}


OPTIONS = {
    "status": Argument("200 to 599", whole(200, 599), required=False),
    "retry_after": Argument("seconds, told with 429 and 503", whole(0, DAY_S), required=False),
    "seconds": Argument("how late, or between two bytes", seconds(HANG_S), required=False),
    "body": Argument("any JSON", anything, required=False, json=True),
    "headers": Argument("JSON, name to value", headers, required=False, json=True),
    "effect": Argument("true or false, to overrule the kind's own", flag, required=False),
}


@dataclass(frozen=True)
class Ordered:
    """A fault that strikes this call."""

    route: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    record: Fault | None = None  # none: it comes with the number

    @property
    def effect(self) -> bool:
        return bool(self.options.get("effect", KINDS[self.kind].effect))

    @property
    def answers(self) -> bool:
        return KINDS[self.kind].answers

    @property
    def seconds(self) -> float:
        return float(self.option("seconds"))

    def option(self, name: str) -> Any:
        return self.options.get(name, KINDS[self.kind].options[name])

    def spoil(self, reply: Reply, *, problem_details: bool) -> Reply:
        match self.kind:
            case "status":
                return self._status(problem_details)
            case "html":
                return Reply(None, self.option("status"), {"Content-Type": "text/html"}, raw=HTML)
            case "empty":
                return Reply(None, raw=b"")
            case "huge":
                return replace(reply, body={**reply.body, "padding": "x" * HUGE_BYTES})
            case "types":
                return replace(reply, body=_other_types(reply.body))
            case "unknown_value":
                return replace(reply, body=_unheard_of(reply.body))
            case "answer":
                return Reply(self.option("body"), self.option("status"), self.option("headers"))
        return reply

    def _status(self, problem_details: bool) -> Reply:
        reply = vendor_error(self.route, self.option("status"), problem_details=problem_details)
        if reply.status not in (429, 503):
            return reply
        return replace(reply, headers={**reply.headers, "Retry-After": str(self.option("retry_after"))})


def due(store: Store, route: str, number: str, *, from_phone: bool) -> Ordered | None:
    """Ordered faults come first, oldest first; then airplane mode; then what a number brings along."""
    for fault in store.find(Fault, route=route):
        if fault.number in ("", number):
            return Ordered(route, fault.kind, fault.options, fault)
    handset = store.get(Handset, number) if from_phone else None
    if handset and handset.airplane:
        return Ordered(route, "refuse")
    trouble = people.trouble(number, route)
    if trouble is None or _had_enough(store, trouble, number):
        return None
    return Ordered(route, trouble.kind, trouble.options)


def _had_enough(store: Store, trouble: people.Trouble, number: str) -> bool:
    """A fault of the same kind that was ordered does not count."""
    if trouble.times is None:
        return False
    calls = [r for r in store.find(Received, number=number) if "ordered" not in r.facts]
    return sum((r.route, r.outcome) == (trouble.route, trouble.kind) for r in calls) >= trouble.times


def order(store: Store, route: str, kind: str, times: int | None, number: str, options: dict[str, Any]) -> Fault:
    """Raises ValueError for what would change nothing, such as an option that the kind does not take."""
    if kind == "unknown_value" and route in NO_CLOSED_SET:
        raise ValueError(f"{route} answers with nothing from a closed set")
    foreign = options.keys() - KINDS[kind].options.keys() - {"effect"}
    if foreign:
        takes = ", ".join([*KINDS[kind].options, "effect"])
        raise ValueError(f"{kind} takes {takes}, not {', '.join(sorted(foreign))}")
    fault = Fault(uuid.uuid4().hex, route, kind, times, number, options)
    store.save(fault)
    return fault


def spend(store: Store, fault: Ordered) -> None:
    record = fault.record
    if record is None or record.times is None:
        return
    record.times -= 1
    if record.times:
        store.save(record)
    else:
        store.delete(record)


def _other_types(value: Any) -> Any:
    match value:
        case dict():
            return {name: _other_types(inner) for name, inner in value.items()}
        case bool() | list():
            return "yes"
        case str():
            return [value]
    return json.dumps(value)


def _unheard_of(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    spoilt = UNHEARD_OF.keys() & {name for name, inner in value.items() if isinstance(inner, str)}
    return {name: UNHEARD_OF[name] if name in spoilt else _unheard_of(inner) for name, inner in value.items()}
