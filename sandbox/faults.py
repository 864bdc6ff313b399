"""Bad days: what can go wrong, for any route, for the next N calls or all, for everybody or for one number."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox import people
from sandbox.records import Fault, Handset, Received
from sandbox.reply import Reply
from sandbox.store import Store

HUGE_BYTES = 5 * 1024 * 1024
DEFAULT_LATENCY_S = 2.0
DEFAULT_DRIP_S = 0.5  # between two bytes
HTML = b"<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>"
PROVE_CODES = {401: 8002, 403: 8003}
TWILIO_CODES = {401: 20003, 404: 20404, 429: 20429, 503: 20503}
# Values from closed sets that no client has ever seen.
UNHEARD_OF = {"success": "postponed", "status": "postponed", "next": "device/unheard-of", "result": "maybe"}


@dataclass(frozen=True)
class Kind:
    """`effect`: the call does its work before things go wrong. `answers`: the caller still gets a whole HTTP answer."""

    what: str
    effect: bool
    answers: bool


KINDS = {
    "refuse": Kind("nobody listens: nothing was sent", effect=False, answers=False),
    "hang": Kind("received, then silence", effect=False, answers=False),
    "reset": Kind("received, then the connection is reset, before anything happened", effect=False, answers=False),
    "lost": Kind("it happens, but the connection breaks before the answer", effect=True, answers=False),
    "truncated": Kind("the answer ends half way", effect=True, answers=False),
    "drip": Kind("the answer comes a byte at a time (`seconds` between two)", effect=True, answers=True),
    "latency": Kind("the answer comes late (`seconds`)", effect=True, answers=True),
    "status": Kind(
        "an HTTP error (`status`, default 500; 429 with `retry_after`, seconds)", effect=False, answers=True
    ),
    "html": Kind("a proxy's page (`status`, default 502)", effect=False, answers=True),
    "empty": Kind("200 and no body", effect=False, answers=True),
    "huge": Kind("5 MB more than anybody asked for", effect=True, answers=True),
    "types": Kind("every value has another JSON type than it should", effect=True, answers=True),
    "unknown_value": Kind("values from closed sets that nobody has heard of", effect=True, answers=True),
    "answer": Kind("exactly `body`, whatever was asked (`status`, default 200)", effect=False, answers=True),
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
        return float(self.options.get("seconds", DEFAULT_DRIP_S if self.kind == "drip" else DEFAULT_LATENCY_S))

    def spoil(self, reply: Reply) -> Reply:
        match self.kind:
            case "status":
                return self._status()
            case "html":
                page = {"Content-Type": "text/html"}
                return Reply(None, int(self.options.get("status", 502)), page, raw=HTML)
            case "empty":
                return Reply(None, raw=b"")
            case "huge":
                return replace(reply, body={**reply.body, "padding": "x" * HUGE_BYTES})
            case "types":
                return replace(reply, body=_other_types(reply.body))
            case "unknown_value":
                return replace(reply, body=_unheard_of(reply.body))
            case "answer":
                return Reply(self.options.get("body", {}), int(self.options.get("status", 200)))
        return reply

    def _status(self) -> Reply:
        """The vendor's own body for that HTTP status."""
        status = int(self.options.get("status", 500))
        headers = {"Retry-After": str(self.options.get("retry_after", 1))} if status in (429, 503) else {}
        body = {"code": PROVE_CODES.get(status, 1000), "message": "error occurred"}
        if self.route.startswith("twilio."):
            body |= {"code": TWILIO_CODES.get(status, 20500), "status": status}
        return Reply(body, status, headers)


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
    if trouble.times is None:
        return False
    struck = [r for r in store.find(Received, number=number) if (r.route, r.outcome) == (trouble.route, trouble.kind)]
    return len(struck) >= trouble.times


def order(store: Store, route: str, kind: str, times: int | None, number: str, options: dict[str, Any]) -> Fault:
    """Raises ValueError for a kind that there is not, and for options that make no sense."""
    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}")
    if times is not None and times < 1:
        raise ValueError("times is how many calls it spoils, null for all")
    for name in options.keys() & {"seconds", "status", "retry_after"}:
        options[name] = float(options[name]) if name == "seconds" else int(options[name])
    if not isinstance(options.get("effect", True), bool):
        raise ValueError("effect is true or false")
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
    return {name: UNHEARD_OF.get(name, _unheard_of(inner)) for name, inner in value.items()}
