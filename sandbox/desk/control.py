"""The control API: order faults, move the clock, set switches, reset the sandbox, and read its ledger and messages.

Scripts send JSON and get JSON. The page's forms post form fields and are redirected back to the page.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from sandbox.desk import page
from sandbox.state import clock, switches
from sandbox.state.records import TABLES, Device, Fault, Flow, Handset, Received, Setting
from sandbox.state.store import Store, transaction
from sandbox.wire import arguments, faults, sockets
from sandbox.wire.arguments import Argument, Arguments, integer, nullable, one_of
from sandbox.wire.call import ROUTES, json_body

JsonObject = dict[str, Any]
Handler = Callable[[Store, JsonObject], Any]  # gets the validated arguments; raises ValueError if it cannot do it
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
MAX_TIMES = 10_000
PROVE_HOSTS = ("na", "eu")


@dataclass(frozen=True)
class Action:
    """What one HTTP method of a path does. `description` is for docs/sandbox.md."""

    description: str
    handler: Handler
    arguments: Arguments


def action(description: str, **known: Argument) -> Callable[[Handler], Action]:
    """Makes a handler an Action with these arguments."""
    return lambda handler: Action(description, handler, known)


class ControlView:
    """A view with an action for each HTTP method. Each action runs in one transaction."""

    csrf_exempt = True

    def __init__(self, **actions: Action) -> None:
        self.actions = actions

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not sockets.read_chunked_body(request):
            return HttpResponse(status=400)
        requested = self.actions.get("GET" if request.method == "HEAD" else request.method or "")
        if requested is None:
            allowed = ", ".join(self.actions)
            return JsonResponse({"error": f"one of {allowed}"}, status=405, headers={"Allow": allowed})
        if request.method not in ("GET", "HEAD") and _is_cross_origin(request):
            return JsonResponse({"error": "only from this origin, or from no page at all"}, status=403)
        if request.method == "POST" and not _is_safe_content_type(request):
            return JsonResponse({"error": "send Content-Type: application/json"}, status=415)
        try:
            result = _perform(requested, request)
        except RecursionError:
            return JsonResponse({"error": "nested too deep"}, status=400)
        except (ValueError, SuspiciousOperation) as error:
            return JsonResponse({"error": str(error)}, status=400)
        if request.content_type == FORM:
            return HttpResponseRedirect(reverse("sandbox:desk"), status=303)
        return JsonResponse(result, safe=False)


def _perform(requested: Action, request: HttpRequest) -> Any:
    values = arguments.validated(_arguments(request, requested.arguments), requested.arguments)
    with transaction(settings.SANDBOX_STORE, TABLES) as store:
        return requested.handler(store, values)


def _is_cross_origin(request: HttpRequest) -> bool:
    """Whether a page of another origin sent this, by the headers that browsers set."""
    site, origin = request.headers.get("Sec-Fetch-Site", ""), request.headers.get("Origin", "")
    return site not in ("", "none", "same-origin") or bool(origin and origin.partition("://")[2] != request.get_host())


def _is_safe_content_type(request: HttpRequest) -> bool:
    """JSON, which no form of another origin can send, or a form whose browser states its origin."""
    states_origin = request.headers.get("Sec-Fetch-Site") == "same-origin" or "Origin" in request.headers
    return request.content_type == JSON or (request.content_type == FORM and states_origin)


def _arguments(request: HttpRequest, known: Arguments) -> JsonObject:
    """The arguments as sent. Raises ValueError for a body that cannot be read."""
    if request.method in ("GET", "HEAD") or not request.body:
        return request.GET.dict()
    return arguments.from_form(request.POST.dict(), known) if request.content_type == FORM else json_body(request)


@action(
    "orders a fault",
    route=Argument("the call to affect, from the list of routes", one_of(ROUTES)),
    kind=Argument("what goes wrong, from the table of kinds", one_of(faults.KINDS)),
    times=Argument(
        "number of calls to affect; null, the default, for all", nullable(integer(1, MAX_TIMES)), required=False
    ),
    number=Argument("only calls about this number", nullable(arguments.number), required=False),
    host=Argument("only calls to this host of Prove, na or eu", nullable(one_of(PROVE_HOSTS)), required=False),
    **faults.OPTIONS,
)
def _order_fault(store: Store, values: JsonObject) -> JsonObject:
    target = values.pop("route"), values.pop("kind"), values.pop("times", None)
    number, region = values.pop("number", None) or "", values.pop("host", None) or ""
    return _fault_as_json(faults.order(store, *target, number, options=values, region=region))


@action("the ordered faults that are still in force")
def _list_faults(store: Store, _: JsonObject) -> list[JsonObject]:
    return [_fault_as_json(fault) for fault in store.find(Fault)]


@action("cancels all ordered faults")
def _cancel_faults(store: Store, _: JsonObject) -> JsonObject:
    store.delete_all(Fault)
    return {}


def _fault_as_json(fault: Fault) -> JsonObject:
    facts = {"id": fault.id, "route": fault.route, "kind": fault.kind, "times": fault.times, "number": fault.number}
    return facts | ({"host": fault.region} if fault.region else {}) | fault.options


@action(
    "moves the sandbox's clock forward, so that tokens, codes, flows and idle keys expire",
    advance_s=Argument("seconds; ten years in all at most", arguments.seconds(clock.MAX_OFFSET_S)),
)
def _advance_clock(store: Store, values: JsonObject) -> dict[str, float]:
    if clock.offset(store) + values["advance_s"] >= clock.MAX_OFFSET_S:
        raise ValueError("time goes no farther than ten years")
    return {"offset_s": clock.advance(store, values["advance_s"])}


@action(
    "sets switches and returns all of them",
    **{switch.name: Argument("", one_of(switch.choices), required=False) for switch in switches.SWITCHES.values()},
)
def _set_switches(store: Store, choices: JsonObject) -> dict[str, str]:
    for name, choice in choices.items():
        switches.set_value(store, name, choice)
    return _switch_values(store)


@action("the current choice of each switch")
def _list_switches(store: Store, _: JsonObject) -> dict[str, str]:
    return _switch_values(store)


def _switch_values(store: Store) -> dict[str, str]:
    return {name: switches.value(store, name) for name in switches.SWITCHES}


@action(
    "airplane mode for a phone: its messages wait, and its browser cannot reach Prove",
    number=Argument("E.164", arguments.number),
    on=Argument("true or false", arguments.boolean),
)
def _set_airplane_mode(store: Store, values: JsonObject) -> JsonObject:
    handset = store.get(Handset, values["number"]) or Handset(values["number"])
    handset.airplane = values["on"]
    store.save(handset)
    return values


@action("revokes a Prove Key, as if Prove had deactivated it", deviceId=Argument("the key's device", arguments.text))
def _revoke_device(store: Store, values: JsonObject) -> JsonObject:
    device = store.get(Device, values["deviceId"])
    if device is None:
        raise ValueError("no such device")
    device.revoked = True
    store.save(device)
    return values


@action(
    "plays the Web SDK in a flow, for tests without a browser: a new key signs in, or that of `deviceId`",
    correlationId=Argument("of the flow", arguments.text),
    deviceId=Argument("a device that signed in before", arguments.text, required=False),
)
def _sign_in(store: Store, values: JsonObject) -> JsonObject:
    flow, moment = store.get(Flow, values["correlationId"]), clock.now(store)
    if flow is None or flow.bound:
        raise ValueError("no such flow, or it was bound")
    device = store.get(Device, values["deviceId"]) if "deviceId" in values else _new_device(flow, moment)
    if device is None or device.revoked:
        raise ValueError("no such device, or it was revoked")
    flow.device_id, flow.proved_at, device.used_at = device.device_id, moment, moment
    store.save(flow)
    store.save(device)
    return {"deviceId": device.device_id}


def _new_device(flow: Flow, moment: float) -> Device:
    """A device whose key is nowhere: it can sign in by this call only."""
    device_id, key_id = str(uuid.uuid4()), str(uuid.uuid4())
    return Device(device_id, key_id, "", "no browser", flow.correlation_id, moment, moment, region=flow.region)


@action("deletes everything but the signing key: access tokens remain valid, and Prove Keys become unknown")
def _reset(store: Store, _: JsonObject) -> JsonObject:
    key = store.get(Setting, "signing_key")
    store.delete_all(*TABLES)
    if key:
        store.save(key)
    return {}


@action(
    "the ledger: every call received, oldest first",
    route=Argument("only this route", arguments.text, required=False),
    number=Argument("only calls about this number", arguments.number, required=False),
)
def _list_calls(store: Store, filters: JsonObject) -> list[JsonObject]:
    return [ledger_entry(row) for row in store.find(Received, **filters)]


@action("delivered messages, newest first", to=Argument("only to this number", arguments.number, required=False))
def _list_messages(store: Store, filters: JsonObject) -> list[JsonObject]:
    found = page.delivered_messages(store, filters.get("to", ""))
    return [{"to": m.number, "body": m.body, "code": m.code, "sent_at": clock.iso(m.sent_at)} for m in found]


def ledger_entry(row: Received) -> JsonObject:
    """An entry of the ledger as ledger.json has it."""
    line = {"at": clock.iso(row.at, "milliseconds"), "route": row.route, "outcome": row.outcome, "status": row.status}
    return line | {"effect": row.effect, "number": row.number} | row.facts


@csrf_exempt
def unknown_path(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"error": "no such path; docs/sandbox.md lists them all"}, status=404)


faults_view = ControlView(GET=_list_faults, POST=_order_fault, DELETE=_cancel_faults)
faults_clear_view = ControlView(POST=_cancel_faults)
clock_view = ControlView(POST=_advance_clock)
switches_view = ControlView(GET=_list_switches, POST=_set_switches)
airplane_view = ControlView(POST=_set_airplane_mode)
device_view = ControlView(POST=_sign_in)
revoke_view = ControlView(POST=_revoke_device)
reset_view = ControlView(POST=_reset)
ledger_view = ControlView(GET=_list_calls)
messages_view = ControlView(GET=_list_messages)
