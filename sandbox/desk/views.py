"""The sandbox's page."""

import re
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sandbox.desk import page
from sandbox.state import clock, people
from sandbox.state.records import TABLES
from sandbox.state.store import transaction
from sandbox.wire.call import ROUTES
from sandbox.wire.faults import KINDS, OPTIONS

# As strict as the product's pages: no inline scripts or styles, no markup from strings (Trusted Types).
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
CLOCK_STEPS = (
    ("1 min", 60),
    ("10 min", 10 * 60),
    ("15 min", 15 * 60),
    ("1 hour", 60 * 60),
    ("1 year", 366 * 24 * 60 * 60),
)

FORM_OPTIONS = {name: option for name, option in OPTIONS.items() if name != "effect"}  # "effect" is for scripts only


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """GET /sandbox/: the page with the emulated phones."""
    with transaction(settings.SANDBOX_STORE, TABLES) as store:
        context = {
            "phones": page.phones(store),
            "keys": page.keys(store),
            "ledger": page.ledger(store),
            "faults": page.ordered_faults(store),
            "switches": page.switch_states(store),
            "now": page.now(store),
            "ahead": timedelta(seconds=round(clock.offset(store))),
        }
    context |= {
        "people": people.by_group(),
        "steps": CLOCK_STEPS,
        "routes": sorted(ROUTES),
        "kinds": KINDS,
        "options": FORM_OPTIONS,
    }
    context["origin"] = f"{request.scheme}://{request.get_host()}"
    context["app"] = "" if settings.ROOT_URLCONF == "sandbox.root" else "/"
    response = render(request, "sandbox/desk.html", context)
    response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response


@require_safe
def story(request: HttpRequest) -> HttpResponse:
    """GET /sandbox/story.json?number=: what happens with a listed number; empty for others."""
    try:
        number = people.e164(re.sub("[^+0-9]", "", request.GET.get("number", "")))
    except ValueError:
        number = ""
    listed = people.PEOPLE.get(number)
    return JsonResponse({"number": number, "scenario": listed.scenario if listed else ""})
