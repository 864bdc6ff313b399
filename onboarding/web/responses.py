"""Responses that ask the browser to try again later: a page, or JSON for a page's script."""

import secrets
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from math import ceil

from django import shortcuts
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.urls import reverse
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _

from onboarding.domain.budgets import NUMBER_OWNER
from onboarding.domain.errors import Busy, Limited, Refused, UpstreamError
from onboarding.web.context import environment

DEFAULT_RETRY_S = 5
REFUSED_NUMBERS = (8007, 8009)  # https://developer.prove.com/reference/status-and-error-codes


def render(
    request: HttpRequest, template: str, context: Mapping[str, object] | None = None, status: int | None = None
) -> HttpResponse:
    """Return a page, which has the brand and the links, whether or not the project has our context processor."""
    return shortcuts.render(request, template, {**environment(request), **(context or {})}, status=status)


def wants_json(request: HttpRequest) -> bool:
    """Return whether a page's script sent the request."""
    return request.headers.get("Accept") == "application/json"


def too_many_requests(request: HttpRequest, limited: Limited, back: str | None = None) -> HttpResponse:
    """Return a 429 with Retry-After. Its page links to the path `back`, or to the start."""
    if wants_json(request):
        response: HttpResponse = JsonResponse({"error": limit_message(limited)}, status=429)
    else:
        context = {"why": limit_message(limited), "back": back or reverse("proveflow:phone")}
        response = render(request, "proveflow/limited.html", context, status=429)
    response["Retry-After"] = str(max(1, ceil(limited.wait.total_seconds())))
    return response


def limit_message(limited: Limited) -> str:
    """Return what a person is told who reached a limit."""
    message = _(
        "For everyone's safety, codes and tries are limited. The limit is reached for now: you can go on in %(wait)s."
    )
    if limited.limit == NUMBER_OWNER.name:
        message = _(
            "A code for this number was just asked for in another browser. If that wasn't you, or you can't go on "
            "there, you can get a code here in %(wait)s."
        )
    return message % {"wait": _in_words(limited.wait)}


def _in_words(wait: timedelta) -> str:
    """Return the wait rounded up to whole minutes, or to whole hours if it is longer than two."""
    unit = timedelta(hours=1) if wait > timedelta(hours=2) else timedelta(minutes=1)
    now = datetime(2000, 1, 1, tzinfo=UTC)
    return timeuntil(now + max(1, -(-wait // unit)) * unit, now)


def unavailable(error: UpstreamError | None = None) -> HttpResponse:
    """Return a 503 with Retry-After, as JSON with a new start key: a key is good for one start.

    It is a 400 without a time if Prove refuses the number: to try again would not help.
    """
    content = {"error": unavailable_message(error), "start_key": uuid.uuid4()}
    if refuses_number(error):
        return JsonResponse({**content, "field": "phone"}, status=400)
    seconds = ceil(error.retry_after.total_seconds()) if isinstance(error, Busy) else DEFAULT_RETRY_S
    return JsonResponse(content, status=503, headers={"Retry-After": str(seconds)})


def refuses_number(error: UpstreamError | None) -> bool:
    """Return whether Prove refuses the number itself."""
    return isinstance(error, Refused) and (error.code in REFUSED_NUMBERS or error.status == HTTPStatus.BAD_REQUEST)


def unavailable_message(error: UpstreamError | None) -> str:
    """Return what a person is told whose phone could not be checked."""
    if refuses_number(error):
        return _("We can't check this number. Check it, or use another one.")
    return _("We can't check your phone right now. Nothing is lost: try again in a moment.")


def overloaded(request: HttpRequest) -> HttpResponse:
    """Return a 503 with Retry-After. A page loads itself again after that time, with jitter."""
    headers = {"Retry-After": str(DEFAULT_RETRY_S + secrets.randbelow(DEFAULT_RETRY_S))}
    if wants_json(request):
        response = unavailable()
    else:
        page = loader.render_to_string(  # without the request, since its context would ask the database
            "proveflow/errors/503.html", environment(None)
        )
        response = HttpResponse(page, status=503)
        if request.method == "GET":
            headers["Refresh"] = headers["Retry-After"]
    for name, value in headers.items():
        response[name] = value
    return response
