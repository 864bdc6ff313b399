"""One call to the pretend vendors: one transaction, one line in the ledger, and whatever bad day was ordered for it."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError

from sandbox.state import clock, switches
from sandbox.state.records import TABLES, Received
from sandbox.state.store import Store, transaction
from sandbox.wire import faults, socketry
from sandbox.wire.errors import vendor_error
from sandbox.wire.reply import Refusal, Reply

EMBEDDED_HOST = "embedded"


@dataclass
class Call:
    """What a handler sees. It says whom the call is about in `number`, and what a judge needs in `facts`."""

    request: HttpRequest
    arguments: dict[str, str]
    store: Store
    now: float
    number: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    effects: dict[str, Any] = field(default_factory=dict)
    refusal: Refusal | None = None

    def switch(self, name: str) -> str:
        return switches.value(self.store, name)

    @property
    def problem_details(self) -> bool:
        """How Twilio's errors look today: RFC 9457."""
        return self.switch("twilio_errors") == "rfc9457"

    @property
    def origin(self) -> str:
        """Where the caller found us; empty for the process we live in, which has no address of its own to tell."""
        if self.request.META.get("HTTP_HOST") == EMBEDDED_HOST:
            return ""
        return f"{self.request.scheme}://{self.request.get_host()}"


Handler = Callable[[Call], Reply]
Guard = Callable[[Call], None]


@dataclass(frozen=True)
class Outcome:
    """What the caller gets: the reply, and the fault that the connection still has to show."""

    reply: Reply
    fault: faults.Ordered | None


@dataclass(frozen=True, eq=False)  # Django keeps views as keys
class Route:
    """A Django view over HTTP; the adapter asks `receive` itself and shows a fault in its own way."""

    name: str
    guard: Guard
    handler: Handler
    cross_origin: bool = False
    csrf_exempt = True  # vendors' APIs know no cookies

    def __call__(self, request: HttpRequest, **arguments: str) -> HttpResponse:
        if self.cross_origin and request.method == "OPTIONS":
            return preflight()
        outcome = self.receive(request, arguments)
        response = outcome.reply.as_response()
        if self.cross_origin and "Origin" in request.headers:
            response["Access-Control-Allow-Origin"] = "*"
        return socketry.show(request, response, outcome.fault)

    def receive(self, request: HttpRequest, arguments: dict[str, str]) -> Outcome:
        with transaction(settings.SANDBOX_STORE, TABLES) as store:
            call = Call(request, arguments, store, clock.now(store))
            store.mark()
            reply = self._answer(call)
            fault = faults.due(store, self.name, call.number, from_phone=self.cross_origin)
            if fault:
                if fault.record:
                    call.facts["ordered"] = True
                if not fault.effect:
                    store.undo()
                    call.effects.clear()
                faults.spend(store, fault)
                reply = fault.spoil(reply, problem_details=call.problem_details)
            self._write_down(call, reply, fault)
        return Outcome(reply, fault)

    def _answer(self, call: Call) -> Reply:
        try:
            self.guard(call)
            return self.handler(call)
        except Refusal as refusal:
            call.refusal = refusal
        except (SuspiciousOperation, MultiPartParserError) as unread:  # Django would not read the body
            status = 413 if isinstance(unread, RequestDataTooBig) else 400
            call.refusal = Refusal(vendor_error(self.name, status, problem_details=call.problem_details))
        return call.refusal.reply

    def _write_down(self, call: Call, reply: Reply, fault: faults.Ordered | None) -> None:
        outcome = fault.kind if fault else call.refusal.code if call.refusal else "ok"
        call.store.save(
            Received(
                id=uuid.uuid4().hex,
                at=call.now,
                route=self.name,
                outcome=outcome,
                status=reply.status if fault is None or fault.answers else None,
                effect=call.refusal is None and (fault is None or fault.effect),
                number=call.number,
                facts=call.facts | call.effects,
            )
        )


@dataclass(frozen=True, eq=False)
class ByMethod:
    """Routes that share a path."""

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
    """Names a handler; the name is what faults and the ledger call it."""

    def named(handler: Handler) -> Route:
        return ROUTES.setdefault(name, Route(name, guard, handler, cross_origin))

    return named


def preflight() -> HttpResponse:
    """Fetch standard, section 3.2: the star would not cover Authorization."""
    allowed = "authorization, content-type, pa-version, pa-sig-version, pa-challenge, pa-kid, pa-signature"
    return HttpResponse(
        status=204,
        headers={
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Headers": allowed,
            "Access-Control-Max-Age": "600",
        },
    )


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def json_body(request: HttpRequest) -> dict[str, Any]:
    """Raises ValueError for anything but a JSON object."""
    try:
        body = json.loads(request.body, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(body, dict):
        raise ValueError("not an object")  # noqa: TRY004 - to the caller it is one thing: not what we speak
    json.dumps(body, ensure_ascii=False).encode()  # a lone surrogate is legal JSON that no database takes
    return body
