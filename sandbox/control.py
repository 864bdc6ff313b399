"""The control API: bad days, the clock, the switches, a fresh start, and the ledger to judge by.

JSON for scripts; the desk's own forms may post as forms do, and are led back to the desk.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse

from sandbox import clock, faults, people, switches
from sandbox.call import ROUTES, json_body
from sandbox.records import TABLES, Device, Fault, Handset, Received, Setting
from sandbox.store import Store, transaction

Arguments = dict[str, Any]
Action = Callable[[Store, Arguments], Any]
View = Callable[[HttpRequest], HttpResponse]
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def control(**actions: Action) -> View:
    """A view from an action per method, each one transaction. ValueError, KeyError and TypeError mean 400."""

    @wraps(next(iter(actions.values())))
    def view(request: HttpRequest) -> HttpResponse:
        action = actions.get(request.method or "")
        if action is None:
            return JsonResponse({"error": f"one of {', '.join(actions)}"}, status=405)
        if request.method != "GET" and not _ours(request):
            return JsonResponse({"error": "JSON, from this origin or from no page at all"}, status=403)
        try:
            with transaction(settings.SANDBOX_STORE, TABLES) as store:
                answer = action(store, _arguments(request))
        except (ValueError, KeyError, TypeError) as error:
            return JsonResponse({"error": str(error)}, status=400)
        if request.content_type == FORM:
            return HttpResponseRedirect(reverse("sandbox:desk"), status=303)
        return JsonResponse(answer, safe=False)

    view.csrf_exempt = True  # type: ignore[attr-defined]
    return view


def _ours(request: HttpRequest) -> bool:
    """No page elsewhere may do this. Browsers say where a request is from; scripts, which do not, send JSON."""
    site, origin = request.headers.get("Sec-Fetch-Site", ""), request.headers.get("Origin", "")
    if site not in ("", "none", "same-origin") or (origin and urlsplit(origin).netloc != request.get_host()):
        return False
    return request.content_type == JSON or site == "same-origin" or bool(origin) or request.method == "DELETE"


def _arguments(request: HttpRequest) -> Arguments:
    if request.method == "GET" or not request.body:
        return request.GET.dict()
    return request.POST.dict() if request.content_type == FORM else json_body(request)


def _order(store: Store, order: Arguments) -> Arguments:
    """{"route", "kind", "times": 1 or null for all, "number": E.164 for one only, and the kind's own options}"""
    route, kind, times, number = (order.pop(name, None) for name in ("route", "kind", "times", "number"))
    if route not in ROUTES:
        raise ValueError(f"route is one of {', '.join(ROUTES)}")
    options = {name: value for name, value in order.items() if value != ""}
    return _shown(
        faults.order(store, route, kind, int(times) if times else None, people.e164(number) if number else "", options)
    )


def _orders(store: Store, _: Arguments) -> list[Arguments]:
    return [_shown(fault) for fault in store.find(Fault)]


def _no_more(store: Store, _: Arguments) -> Arguments:
    store.empty(Fault)
    return {}


def _shown(fault: Fault) -> Arguments:
    facts = {"id": fault.id, "route": fault.route, "kind": fault.kind, "times": fault.times, "number": fault.number}
    return facts | fault.options


def _advance(store: Store, by: Arguments) -> dict[str, float]:
    seconds = float(by["advance_s"])
    if not 0 <= seconds < clock.FARTHEST_S:
        raise ValueError("advance_s is 0 or more, and less than ten years")
    return {"offset_s": clock.advance(store, seconds)}


def _turn(store: Store, choices: Arguments) -> dict[str, str]:
    for name, choice in choices.items():
        switches.turn(store, name, choice)
    return _positions(store, {})


def _positions(store: Store, _: Arguments) -> dict[str, str]:
    return {name: switches.value(store, name) for name in switches.SWITCHES}


def _fly(store: Store, order: Arguments) -> Arguments:
    """{"number", "on"}: messages wait, and the browser on that phone does not reach Prove."""
    number = people.e164(order["number"])
    handset = store.get(Handset, number) or Handset(number)
    handset.airplane = order["on"] in (True, "on")
    store.save(handset)
    return {"number": number, "on": handset.airplane}


def _revoke(store: Store, order: Arguments) -> Arguments:
    """{"deviceId"}: as if Prove had deactivated the key."""
    device = store.get(Device, order["deviceId"])
    if device is None:
        raise ValueError("no such device")
    device.revoked = True
    store.save(device)
    return {"deviceId": device.device_id}


def _forget(store: Store, _: Arguments) -> Arguments:
    """Everything but the signing key: servers keep their access token, browsers find that nobody knows their key."""
    key = store.get(Setting, "signing_key")
    store.empty(*TABLES)
    if key:
        store.save(key)
    return {}


def _read(store: Store, which: Arguments) -> list[Arguments]:
    """Oldest first; `route` and `number` narrow it down."""
    asked = {name: which[name] for name in ("route", "number") if name in which}
    return [shown(row) for row in store.find(Received, **asked)]


def shown(row: Received) -> Arguments:
    """A line of the ledger as the world sees it."""
    line = {"at": clock.iso(row.at), "route": row.route, "outcome": row.outcome, "status": row.status}
    return line | {"effect": row.effect, "number": row.number} | row.facts


faults_ordered = control(GET=_orders, POST=_order, DELETE=_no_more)
faults_cleared = control(POST=_no_more)
clock_moved = control(POST=_advance)
switches_turned = control(GET=_positions, POST=_turn)
airplane = control(POST=_fly)
revoked = control(POST=_revoke)
reset = control(POST=_forget)
ledger = control(GET=_read)
