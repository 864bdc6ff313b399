"""A call to an emulated vendor: it runs in one transaction, fails as ordered, and gets an entry in the ledger."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError

from sandbox.state import clock, switches
from sandbox.state.records import TABLES, Received
from sandbox.state.store import Store, transaction
from sandbox.wire import faults, sockets
from sandbox.wire.errors import vendor_error
from sandbox.wire.reply import Refusal, Reply

EMBEDDED_HOST = "embedded"


@dataclass
class Call:
    """A call, as its handler gets it.

    The handler sets `number` to the phone number that the call is about. The ledger shows `facts`, and also `effects`
    unless a fault undid the handler's changes. `headers` are added to what the vendor replies.
    """

    request: HttpRequest
    arguments: dict[str, str]
    store: Store
    now: float
    number: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    effects: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    refusal: Refusal | None = None

    def switch(self, name: str) -> str:
        """The current choice of a switch."""
        return switches.value(self.store, name)

    @property
    def problem_details(self) -> bool:
        """Whether Twilio's errors have the form of RFC 9457."""
        return self.switch("twilio_errors") == "rfc9457"

    @property
    def origin(self) -> str:
        """Scheme and host by which browsers reach the sandbox: as configured, or else as the caller did.

        Empty for the adapter, which has no address.
        """
        if self.request.META.get("HTTP_HOST") == EMBEDDED_HOST:
            return ""
        configured: str = getattr(settings, "SANDBOX_PUBLIC_URL", "")
        return configured or f"{self.request.scheme}://{self.request.get_host()}"


Handler = Callable[[Call], Reply]
Guard = Callable[[Call], None]


@dataclass(frozen=True)
class Outcome:
    """The reply to send, and the fault to apply to the connection that sends it."""

    reply: Reply
    fault: faults.ActiveFault | None


@dataclass(frozen=True, eq=False)  # eq=False: Django uses views as dictionary keys
class Route:
    """A vendor's API call, as a Django view. The adapter calls `receive` and applies faults without a socket."""

    name: str
    guard: Guard
    handler: Handler
    cross_origin: bool = False
    csrf_exempt = True  # vendors' APIs use no cookies

    def __call__(self, request: HttpRequest, **arguments: str) -> HttpResponse:
        if self.cross_origin and request.method == "OPTIONS":
            return preflight()
        if not sockets.read_chunked_body(request):
            return HttpResponse(status=400)
        outcome = self.receive(request, arguments)
        response = outcome.reply.as_response()
        if self.cross_origin and "Origin" in request.headers:
            response["Access-Control-Allow-Origin"] = "*"
        return sockets.apply_fault(request, response, outcome.fault)

    def receive(self, request: HttpRequest, arguments: dict[str, str]) -> Outcome:
        """Handles the call, applies a fault to its reply, and adds it to the ledger, all in one transaction."""
        with transaction(settings.SANDBOX_STORE, TABLES) as store:
            call = Call(request, arguments, store, clock.now(store))
            store.set_savepoint()
            reply = self._handle(call)
            reply = replace(reply, headers={**reply.headers, **call.headers})
            region = arguments.get("region", "")
            fault = faults.active_fault(store, self.name, call.number, region, from_browser=self.cross_origin)
            if fault:
                if fault.record:
                    call.facts["ordered"] = True
                if not fault.effect:
                    store.roll_back()
                    call.effects.clear()
                faults.count_down(store, fault)
                reply = fault.applied_to(reply, problem_details=call.problem_details)
            self._record(call, reply, fault)
        return Outcome(reply, fault)

    def _handle(self, call: Call) -> Reply:
        try:
            self.guard(call)
            return self.handler(call)
        except Refusal as refusal:
            call.refusal = refusal
        except (SuspiciousOperation, MultiPartParserError) as error:  # Django refused to read the body
            status = 413 if isinstance(error, RequestDataTooBig) else 400
            call.refusal = Refusal(vendor_error(self.name, status, problem_details=call.problem_details))
        return call.refusal.reply

    def _record(self, call: Call, reply: Reply, fault: faults.ActiveFault | None) -> None:
        outcome = fault.kind if fault else call.refusal.code if call.refusal else "ok"
        call.store.save(
            Received(
                id=uuid.uuid4().hex,
                at=call.now,
                route=self.name,
                outcome=outcome,
                status=reply.status if fault is None or fault.responds else None,
                effect=call.refusal is None and (fault is None or fault.effect),
                number=call.number,
                facts=call.facts | call.effects,
            )
        )


@dataclass(frozen=True, eq=False)
class ByMethod:
    """A path's routes by HTTP method, and the route for all other methods."""

    routes: Mapping[str, Route]
    other: Route
    csrf_exempt = True

    def __call__(self, request: HttpRequest, **arguments: str) -> HttpResponse:
        return self._route(request)(request, **arguments)

    def receive(self, request: HttpRequest, arguments: dict[str, str]) -> Outcome:
        return self._route(request).receive(request, arguments)

    def _route(self, request: HttpRequest) -> Route:
        return self.routes.get(request.method or "", self.other)


ROUTES: dict[str, Route] = {}


def route(name: str, guard: Guard, *, cross_origin: bool = False) -> Callable[[Handler], Route]:
    """Makes a handler a Route with this name, by which faults and the ledger refer to it.

    `guard` runs first and raises Refusal for a call that is not authorised. `cross_origin`: browsers call the route.
    """

    def register(handler: Handler) -> Route:
        return ROUTES.setdefault(name, Route(name, guard, handler, cross_origin))

    return register


def preflight() -> HttpResponse:
    """The response to a CORS preflight. In the Fetch standard (section 3.2), * does not cover Authorization."""
    allowed = "authorization, content-type, pa-version, pa-sig-version, pa-challenge, pa-kid, pa-signature"
    return HttpResponse(
        status=204,
        headers={
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Headers": allowed,
            "Access-Control-Max-Age": "600",
        },
    )


def _reject_constant(name: str) -> None:
    """NaN and Infinity are not JSON, although Python reads them."""
    raise ValueError(f"{name} is no JSON")


def json_body(request: HttpRequest) -> dict[str, Any]:
    """The request's body as a JSON object. Raises ValueError for any other body."""
    try:
        body = json.loads(request.body, parse_constant=_reject_constant)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(body, dict):
        raise ValueError("not an object")  # noqa: TRY004 - callers catch one error for all bodies that are not valid
    json.dumps(body, ensure_ascii=False).encode()  # raises for a lone surrogate, which SQLite cannot store
    return body
