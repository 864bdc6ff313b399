"""The desk: what a person sees of the sandbox."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sandbox.desk import desk
from sandbox.state import clock, people
from sandbox.state.records import TABLES
from sandbox.state.store import transaction
from sandbox.wire.call import ROUTES
from sandbox.wire.faults import KINDS, OPTIONS

# The desk's own, as strict as the product's: no inline script or style, no markup from strings.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
STEPS = (("1 min", 60), ("10 min", 10 * 60), ("15 min", 15 * 60), ("1 hour", 60 * 60), ("1 year", 366 * 24 * 60 * 60))

FIELDS = {name: option for name, option in OPTIONS.items() if name != "effect"}  # of the form; this one is for scripts


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """GET /sandbox/"""
    with transaction(settings.SANDBOX_STORE, TABLES) as store:
        context = {
            "phones": desk.phones(store),
            "keys": desk.keys(store),
            "ledger": desk.ledger(store),
            "bad_days": desk.bad_days(store),
            "positions": desk.positions(store),
            "now": desk.time_of_day(store),
            "ahead": timedelta(seconds=round(clock.offset(store))),
        }
    context |= {
        "people": people.PEOPLE.values(),
        "steps": STEPS,
        "routes": sorted(ROUTES),
        "kinds": KINDS,
        "options": FIELDS,
    }
    context["origin"] = f"{request.scheme}://{request.get_host()}"
    context["app"] = "" if settings.ROOT_URLCONF == "sandbox.root" else "/"
    response = render(request, "sandbox/desk.html", context)
    response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response
