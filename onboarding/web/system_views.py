"""Health checks for load balancers, and the pages of Django's errors."""

import sys

from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from onboarding.web import context
from onboarding.web.responses import DEFAULT_RETRY_S, unavailable, wants_json


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Return 200: this process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Return 200 if the database answers, or 503. Whether Prove or Twilio answer does not count."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("no database\n", content_type="text/plain", status=503)
    return HttpResponse("ok\n", content_type="text/plain")


# Django's own handlers of 400, 403 and 404 read the form of the request, and fail if it is malformed.


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - as Django calls it
    """Return 400. The template gets no request, since nothing of it can be trusted."""
    return HttpResponse(loader.render_to_string("400.html", context.environment(None)), status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - as Django calls it
    """Return 403."""
    return render(request, "403.html", status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - as Django calls it
    """Return 404."""
    return render(request, "404.html", status=404)


@never_cache
def server_error(request: HttpRequest) -> HttpResponse:
    """Return 500 after an unexpected exception, or 503 with Retry-After if the database failed or was too busy."""
    if not isinstance(sys.exception(), DatabaseError):
        return HttpResponse(loader.render_to_string("500.html", context.environment(None)), status=500)
    if wants_json(request):
        return unavailable()
    page = loader.render_to_string(
        "503.html", context.environment(None)
    )  # without the request: its context would ask the database
    return HttpResponse(page, status=503, headers={"Retry-After": str(DEFAULT_RETRY_S)})
