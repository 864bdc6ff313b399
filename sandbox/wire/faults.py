"""Fault injection: any route can fail, for the next N calls or for all, for one number or region, or for all."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.state import people
from sandbox.state.records import Fault, Handset, Received
from sandbox.state.store import Store
from sandbox.wire.arguments import Argument, any_json, boolean, headers, integer, seconds
from sandbox.wire.errors import vendor_error
from sandbox.wire.reply import Reply

HUGE_BYTES = 5 * 1024 * 1024
HANG_S = 120.0  # longer than any client's timeout
DAY_S = 24 * 60 * 60
HTML = b"<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>"
# Fields whose values come from a closed set, each with a value outside of it.
UNKNOWN_VALUES = {
    **dict.fromkeys(("success", "status"), "postponed"),
    **dict.fromkeys(("type", "lineType"), "hotline"),
    "token_type": "Runner",
    "next": "device/unheard-of",
    "result": "maybe",
}
# Fields of unify-status and unify-bind that are left out when they have no value.
MAY_BE_LEFT_OUT = ("phoneNumber", "proveId", "deviceId", "clientHumanId", "clientRequestId", "evaluation")
ANSWERS_WITH_NULLS = ("prove.unify_status", "prove.unify_bind")
NO_CLOSED_SET = ("prove.device_revoke", "prove.device_challenge")  # routes whose responses have no such field


@dataclass(frozen=True)
class Kind:
    """A kind of fault, with the options that an order may set and their defaults."""

    description: str
    effect: bool  # the call still takes effect in the sandbox
    responds: bool  # the caller gets a complete HTTP response
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def options_json(self) -> str:
        """The options as JSON, for the page's script."""
        return json.dumps(self.options)


KINDS = {
    "refuse": Kind("the connection is refused: nothing is sent", effect=False, responds=False),
    "hang": Kind("received, then silence", effect=False, responds=False),
    "reset": Kind("received, then the connection is reset, before anything happened", effect=False, responds=False),
    "lost": Kind("it happens, but the connection breaks before the answer", effect=True, responds=False),
    "truncated": Kind("the answer ends half way", effect=True, responds=False),
    "drip": Kind("the answer comes a byte at a time", effect=True, responds=True, options={"seconds": 0.5}),
    "latency": Kind("the answer comes late", effect=True, responds=True, options={"seconds": 2.0}),
    "status": Kind("an HTTP error", effect=False, responds=True, options={"status": 500, "retry_after": 1}),
    "html": Kind("a proxy's page", effect=False, responds=True, options={"status": 502}),
    "empty": Kind("200 and no body", effect=False, responds=True),
    "huge": Kind("5 MB more than anybody asked for", effect=True, responds=True),
    "types": Kind("every value has another JSON type than it should", effect=True, responds=True),
    "unknown_value": Kind("values from closed sets that nobody has heard of", effect=True, responds=True),
    "amend": Kind(
        "the answer, with the fields of `body` in place of its own", effect=True, responds=True, options={"body": {}}
    ),
    "nulls": Kind("null for each field that the answer would leave out", effect=True, responds=True),
    "hint": Kind("an informational 103 before the answer (on a socket)", effect=True, responds=True),
    "forgotten": Kind("the answer; the next call on its connection is reset (on a socket)", effect=True, responds=True),
    "draining": Kind("503, also to all later calls on its connection, which is kept", effect=False, responds=True),
    "answer": Kind(
        "exactly what is ordered, whatever was asked",
        effect=False,
        responds=True,
        options={"status": 200, "body": {}, "headers": {}},
    ),
}


OPTIONS = {
    "status": Argument("200 to 599", integer(200, 599), required=False),
    "retry_after": Argument("seconds, told with 429 and 503", integer(0, DAY_S), required=False),
    "seconds": Argument("how late, or between two bytes", seconds(HANG_S), required=False),
    "body": Argument("any JSON", any_json, required=False, json=True),
    "headers": Argument("JSON, name to value", headers, required=False, json=True),
    "effect": Argument("true or false, in place of the kind's default", boolean, required=False),
}


@dataclass(frozen=True)
class ActiveFault:
    """A fault that affects the current call."""

    route: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    record: Fault | None = None  # the order; None for airplane mode and for a fault of the number

    @property
    def effect(self) -> bool:
        return bool(self.options.get("effect", KINDS[self.kind].effect))

    @property
    def responds(self) -> bool:
        return KINDS[self.kind].responds

    @property
    def seconds(self) -> float:
        return float(self.option("seconds"))

    def option(self, name: str) -> Any:
        return self.options.get(name, KINDS[self.kind].options[name])

    def applied_to(self, reply: Reply, *, problem_details: bool) -> Reply:
        """The reply that the caller gets instead. Faults of the connection leave it unchanged."""
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
                return replace(reply, body=_with_wrong_types(reply.body))
            case "unknown_value":
                return replace(reply, body=_with_unknown_values(reply.body))
            case "amend":
                return replace(reply, body={**reply.body, **self.option("body")})
            case "nulls":
                return replace(reply, body={**dict.fromkeys(MAY_BE_LEFT_OUT), **reply.body})
            case "draining":
                return vendor_error(self.route, 503, problem_details=problem_details)
            case "answer":
                return Reply(self.option("body"), self.option("status"), self.option("headers"))
        return reply

    def _status(self, problem_details: bool) -> Reply:
        reply = vendor_error(self.route, self.option("status"), problem_details=problem_details)
        if reply.status not in (429, 503):
            return reply
        return replace(reply, headers={**reply.headers, "Retry-After": str(self.option("retry_after"))})


def active_fault(store: Store, route: str, number: str, region: str, *, from_browser: bool) -> ActiveFault | None:
    """The fault that affects this call, or None: the oldest order, or else airplane mode, or else the number's own."""
    for fault in store.find(Fault, route=route):
        if fault.number in ("", number) and fault.region in ("", region):
            return ActiveFault(route, fault.kind, fault.options, fault)
    handset = store.get(Handset, number) if from_browser else None
    if handset and handset.airplane:
        return ActiveFault(route, "refuse")
    own = people.fault_of(number, route)
    if own is None or _is_used_up(store, own, number):
        return None
    return ActiveFault(route, own.kind, own.options)


def _is_used_up(store: Store, fault: people.NumberFault, number: str) -> bool:
    """Whether the fault has affected `times` calls. Ordered faults of the same kind do not count."""
    if fault.times is None:
        return False
    calls = [r for r in store.find(Received, number=number) if "ordered" not in r.facts]
    return sum((r.route, r.outcome) == (fault.route, fault.kind) for r in calls) >= fault.times


def order(
    store: Store, route: str, kind: str, times: int | None, number: str, options: dict[str, Any], region: str = ""
) -> Fault:
    """Stores a fault for the next `times` calls (None: all calls) about `number`, to the host of `region` (empty: any).

    Raises ValueError for an order that could have no effect, such as an option that the kind does not take.
    """
    if kind == "unknown_value" and route in NO_CLOSED_SET:
        raise ValueError(f"{route} answers with nothing from a closed set")
    if kind == "nulls" and route not in ANSWERS_WITH_NULLS:
        raise ValueError(f"{route} leaves out nothing: nulls is for {' and '.join(ANSWERS_WITH_NULLS)}")
    foreign = options.keys() - KINDS[kind].options.keys() - {"effect"}
    if foreign:
        takes = ", ".join([*KINDS[kind].options, "effect"])
        raise ValueError(f"{kind} takes {takes}, not {', '.join(sorted(foreign))}")
    if region and not route.startswith("prove."):
        raise ValueError("only Prove has regions")
    fault = Fault(uuid.uuid4().hex, route, kind, times, number, options, region)
    store.save(fault)
    return fault


def count_down(store: Store, fault: ActiveFault) -> None:
    """Records that an ordered fault has affected a call. Deletes it after its last one."""
    record = fault.record
    if record is None or record.times is None:
        return
    record.times -= 1
    if record.times:
        store.save(record)
    else:
        store.delete(record)


def _with_wrong_types(value: Any) -> Any:
    match value:
        case dict():
            return {name: _with_wrong_types(inner) for name, inner in value.items()}
        case bool() | list():
            return "yes"
        case str():
            return [value]
    return json.dumps(value)


def _with_unknown_values(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    closed = UNKNOWN_VALUES.keys() & {name for name, inner in value.items() if isinstance(inner, str)}
    return {
        name: UNKNOWN_VALUES[name] if name in closed else _with_unknown_values(inner) for name, inner in value.items()
    }
