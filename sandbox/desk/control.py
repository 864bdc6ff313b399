"""The control API: bad days, the clock, the switches, a fresh start, and the ledger to judge by.

JSON for scripts; the desk's own forms may post as forms do, and are led back to the desk.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from sandbox.desk import desk
from sandbox.state import clock, switches
from sandbox.state.records import TABLES, Device, Fault, Handset, Received, Setting
from sandbox.state.store import Store, transaction
from sandbox.wire import arguments, faults
from sandbox.wire.arguments import Argument, Arguments, integer, nullable, one_of
from sandbox.wire.call import ROUTES, json_body

Told = dict[str, Any]
Do = Callable[[Store, Told], Any]
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
MOST_TIMES = 10_000


@dataclass(frozen=True)
class Action:
    """`do` raises ValueError for what cannot be done."""

    what: str
    do: Do
    takes: Arguments


def action(what: str, **takes: Argument) -> Callable[[Do], Action]:
    """Names what the function below does, and what it is told."""
    return lambda do: Action(what, do, takes)


class Control:
    """A view: an action per method, each one transaction."""

    csrf_exempt = True

    def __init__(self, **actions: Action) -> None:
        self.actions = actions

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = self.actions.get("GET" if request.method == "HEAD" else request.method or "")
        if asked is None:
            allowed = ", ".join(self.actions)
            return JsonResponse({"error": f"one of {allowed}"}, status=405, headers={"Allow": allowed})
        if request.method not in ("GET", "HEAD") and _elsewhere(request):
            return JsonResponse({"error": "only from this origin, or from no page at all"}, status=403)
        if request.method == "POST" and not _ours(request):
            return JsonResponse({"error": "send Content-Type: application/json"}, status=415)
        try:
            answer = _done(asked, request)
        except RecursionError:
            return JsonResponse({"error": "nested too deep"}, status=400)
        except (ValueError, SuspiciousOperation) as error:
            return JsonResponse({"error": str(error)}, status=400)
        if request.content_type == FORM:
            return HttpResponseRedirect(reverse("sandbox:desk"), status=303)
        return JsonResponse(answer, safe=False)


def _done(asked: Action, request: HttpRequest) -> Any:
    told = arguments.validated(_told(request, asked.takes), asked.takes)
    with transaction(settings.SANDBOX_STORE, TABLES) as store:
        return asked.do(store, told)


def _elsewhere(request: HttpRequest) -> bool:
    """No page elsewhere may do this. Browsers say where a request is from."""
    site, origin = request.headers.get("Sec-Fetch-Site", ""), request.headers.get("Origin", "")
    return site not in ("", "none", "same-origin") or bool(origin and origin.partition("://")[2] != request.get_host())


def _ours(request: HttpRequest) -> bool:
    """An old browser may not say where a form is from. Scripts send JSON, which no form can."""
    says_so = request.headers.get("Sec-Fetch-Site") == "same-origin" or "Origin" in request.headers
    return request.content_type == JSON or (request.content_type == FORM and says_so)


def _told(request: HttpRequest, known: Arguments) -> Told:
    if request.method in ("GET", "HEAD") or not request.body:
        return request.GET.dict()
    return arguments.from_form(request.POST.dict(), known) if request.content_type == FORM else json_body(request)


@action(
    "orders a bad day",
    route=Argument("the call, by its name above", one_of(ROUTES)),
    kind=Argument("what goes wrong, from the table above", one_of(faults.KINDS)),
    times=Argument("how many calls; null for all", nullable(integer(1, MOST_TIMES)), required=False),
    number=Argument("for that number alone", nullable(arguments.number), required=False),
    **faults.OPTIONS,
)
def _order(store: Store, told: Told) -> Told:
    ordered = told.pop("route"), told.pop("kind"), told.pop("times", None), told.pop("number", None) or ""
    return _shown(faults.order(store, *ordered, options=told))


@action("the bad days still to come")
def _orders(store: Store, _: Told) -> list[Told]:
    return [_shown(fault) for fault in store.find(Fault)]


@action("no more bad days")
def _no_more(store: Store, _: Told) -> Told:
    store.delete_all(Fault)
    return {}


def _shown(fault: Fault) -> Told:
    facts = {"id": fault.id, "route": fault.route, "kind": fault.kind, "times": fault.times, "number": fault.number}
    return facts | fault.options


@action(
    "time goes forward, never back: tokens, codes, flows and idle keys expire",
    advance_s=Argument("seconds; ten years in all at most", arguments.seconds(clock.MAX_OFFSET_S)),
)
def _advance(store: Store, told: Told) -> dict[str, float]:
    if clock.offset(store) + told["advance_s"] >= clock.MAX_OFFSET_S:
        raise ValueError("time goes no farther than ten years")
    return {"offset_s": clock.advance(store, told["advance_s"])}


@action(
    "turns switches, which are told below",
    **{switch.name: Argument("", one_of(switch.choices), required=False) for switch in switches.SWITCHES.values()},
)
def _turn(store: Store, choices: Told) -> Any:
    for name, choice in choices.items():
        switches.set_value(store, name, choice)
    return _positions.do(store, {})


@action("where the switches stand")
def _positions(store: Store, _: Told) -> dict[str, str]:
    return {name: switches.value(store, name) for name in switches.SWITCHES}


@action(
    "that phone's messages wait, and a browser in a flow of its number does not reach Prove",
    number=Argument("E.164", arguments.number),
    on=Argument("true or false", arguments.boolean),
)
def _fly(store: Store, told: Told) -> Told:
    handset = store.get(Handset, told["number"]) or Handset(told["number"])
    handset.airplane = told["on"]
    store.save(handset)
    return told


@action("as if Prove had deactivated the key", deviceId=Argument("the key's", arguments.text))
def _revoke(store: Store, told: Told) -> Told:
    device = store.get(Device, told["deviceId"])
    if device is None:
        raise ValueError("no such device")
    device.revoked = True
    store.save(device)
    return told


@action("forgets all but the key that signs: servers keep their access token, browsers find their keys unknown")
def _forget(store: Store, _: Told) -> Told:
    key = store.get(Setting, "signing_key")
    store.delete_all(*TABLES)
    if key:
        store.save(key)
    return {}


@action(
    "every call received, oldest first",
    route=Argument("of that call alone", arguments.text, required=False),
    number=Argument("of that number alone", arguments.number, required=False),
)
def _read(store: Store, which: Told) -> list[Told]:
    return [shown(row) for row in store.find(Received, **which)]


@action("messages that arrived, newest first", to=Argument("to that number alone", arguments.number, required=False))
def _messages(store: Store, which: Told) -> list[Told]:
    found = desk.arrived(store, which.get("to", ""))
    return [{"to": m.number, "body": m.body, "code": m.code, "sent_at": clock.iso(m.sent_at)} for m in found]


def shown(row: Received) -> Told:
    """A line of the ledger as the world sees it."""
    line = {"at": clock.iso(row.at, "milliseconds"), "route": row.route, "outcome": row.outcome, "status": row.status}
    return line | {"effect": row.effect, "number": row.number} | row.facts


@csrf_exempt
def nothing_here(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"error": "no such path; docs/sandbox.md lists them all"}, status=404)


faults_ordered = Control(GET=_orders, POST=_order, DELETE=_no_more)
faults_cleared = Control(POST=_no_more)
clock_moved = Control(POST=_advance)
switches_turned = Control(GET=_positions, POST=_turn)
airplane = Control(POST=_fly)
revoked = Control(POST=_revoke)
reset = Control(POST=_forget)
ledger = Control(GET=_read)
messages = Control(GET=_messages)
