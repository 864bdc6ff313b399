"""Health checks for load balancers, and the pages of Django's errors."""

import sys

from django.conf import settings
from django.contrib import messages
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.template import loader
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from onboarding import __version__
from onboarding.conf import conf
from onboarding.readiness import unready
from onboarding.web import context, gate
from onboarding.web.responses import overloaded, render, wants_json

OTHER_SITE = _("The request came from another site, so we refused it. Go to the start and go on from there.")
NO_COOKIES = _(
    "This browser blocks cookies, and these pages need them. Allow cookies for this site, then reload the page."
)
TOO_OLD = _("You went on in another tab meanwhile, so nothing was done here. This is where you are now.")


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Return 200: this process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Return 200 if this process can serve people, or 503 and why not."""
    reason = unready()
    return HttpResponse(f"{reason or 'ok'}\n", content_type="text/plain", status=503 if reason else 200)


@require_safe
def version(_request: HttpRequest) -> HttpResponse:
    """Return the version and the commit that run, as Dockerflow's `__version__` does.

    https://github.com/mozilla-services/Dockerflow
    """
    return JsonResponse({"source": "proveflow", "version": __version__, "commit": conf.COMMIT})


# Django's own handlers of 400, 403 and 404 read the form of the request, and fail if it is malformed.


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return 400. The template gets no request, since nothing of it can be trusted.

    If another tab got a new session key meanwhile, redirect: the page of that session tells what happened.
    """
    if isinstance(exception, SessionInterrupted):
        path = reverse("proveflow:phone")
        return JsonResponse({"next": path}) if wants_json(request) else redirect(path)
    return HttpResponse(loader.render_to_string("proveflow/errors/400.html", context.environment(None)), status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - as Django calls it
    """Return 403, which says why to a page's script, too."""
    if wants_json(request):
        return JsonResponse({"error": OTHER_SITE}, status=403)
    return render(request, "proveflow/errors/403.html", {"text": OTHER_SITE}, status=403)


@never_cache
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - as Django calls it
    """Return 403 to a request without its CSRF token, or redirect a page of ours to the page that it should be now.

    A log-in in another tab changes the token. Nothing was done: the next page offers the act again. A page's script
    gets the new token, and tries once more.
    """
    has_cookie = settings.CSRF_COOKIE_NAME in request.COOKIES
    if wants_json(request):
        error = TOO_OLD if has_cookie else NO_COOKIES
        return JsonResponse({"error": error, "csrf_token": get_token(request)}, status=403)
    if has_cookie and request.headers.get("Sec-Fetch-Site") == "same-origin":
        messages.info(request, TOO_OLD)
        return gate.redirect_to_page(request, gate.current(request))
    return render(request, "proveflow/errors/403_csrf.html", {"text": "" if has_cookie else NO_COOKIES}, status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - as Django calls it
    """Return 404."""
    return render(request, "proveflow/errors/404.html", status=404)


@never_cache
def server_error(request: HttpRequest) -> HttpResponse:
    """Return 500 after an unexpected exception, or 503 with Retry-After if the database failed or was too busy."""
    if not isinstance(sys.exception(), DatabaseError):
        return HttpResponse(loader.render_to_string("proveflow/errors/500.html", context.environment(None)), status=500)
    return overloaded(request)
