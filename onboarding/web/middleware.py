"""Middleware: a deadline for each request, security headers, and a filter for requests that no page of ours sends."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIRequest
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import render
from django.template import loader
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_header_parameters
from django.utils.translation import gettext as _

from onboarding.conf import conf
from onboarding.hashes import signer
from onboarding.hooks import request_of_hooks
from onboarding.telemetry import metrics, observation, request_ids
from onboarding.telemetry.request_ids import EXAMINATION
from onboarding.turns import TURNS, TooLate
from onboarding.upstream import lookup, messaging, prove, twilio
from onboarding.upstream.deadline import deadline
from onboarding.web import address
from onboarding.web.responses import overloaded

Handler = Callable[[HttpRequest], HttpResponse]

REQUEST_LIMIT = timedelta(seconds=20)
LENGTH_DIGITS = 9  # of a Content-Length; a longer one is too large without being parsed
UTF_8 = ("utf-8", "utf8")
BEGINNINGS = ("/verifications", "/initialize")  # how the paths of the API end that begin a journey
OPERATIONS = {
    "twilio": twilio.DEADLINES,
    "twilio-lookup": lookup.DEADLINES,
    "twilio-messaging": messaging.DEADLINES,
}
UNREADABLE = "unreadable"  # stands for the charset of a Content-Type that cannot be parsed
HEALTH_CHECKS = ("healthz", "readyz", "version")  # names of their URLs, and how their paths end
SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
# Features of Permissions-Policy: https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Permissions-Policy
OWN_FEATURES = ("otp-credentials", "publickey-credentials-create", "publickey-credentials-get")
DENIED_FEATURES = (
    *("accelerometer", "autoplay", "camera", "display-capture", "fullscreen", "geolocation", "gyroscope", "hid"),
    *("idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment", "picture-in-picture"),
    *("screen-wake-lock", "serial", "usb", "xr-spatial-tracking"),
)
PERMISSIONS_POLICY = ", ".join([f"{name}=(self)" for name in OWN_FEATURES] + [f"{name}=()" for name in DENIED_FEATURES])


class Request(WSGIRequest):
    """A request that is decoded as UTF-8, whatever its Content-Type says: `request_filter` refuses other charsets.

    Django would decode it in that charset, or raise for a malformed Content-Type, before any middleware is asked.
    If the pages are below a path (FORCE_SCRIPT_NAME), the path of the request may begin with it, or not.
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        prefix, path = settings.FORCE_SCRIPT_NAME, environ.get("PATH_INFO", "")
        if prefix and path.startswith(f"{prefix}/"):
            environ["PATH_INFO"] = path.removeprefix(prefix)
        super().__init__(environ)

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except ValueError:
            self.content_type, self.content_params = "", {"charset": UNREADABLE}


def observed(get_response: Handler) -> Handler:
    """Give each request an id, a trusted proxy's (X-Request-ID) or a new one, and count its response."""
    of_prove = {account.service: prove.DEADLINES for account in conf.prove_accounts.values()}
    metrics.begin_at_zero({**of_prove, **OPERATIONS}, conf.ALLOWED_COUNTRIES)

    def middleware(request: HttpRequest) -> HttpResponse:
        proposed = str(request.META.get("HTTP_X_REQUEST_ID", ""))
        trusted = proposed if proposed and address.is_forwarded(request) else ""
        with observation.request(str(request.method), trusted) as facts:
            response = get_response(request)
            facts["status"] = str(response.status_code)
            response.headers["X-Request-ID"] = request_ids.current()
            if asked := request.META.get("HTTP_X_EXAMINATION"):
                _tell_the_doctor(request, response, asked)
            return response

    return middleware


def _tell_the_doctor(request: HttpRequest, response: HttpResponse, asked: str) -> None:
    """Add the address that this server sees, if `manage.py doctor` asks: its header is signed, for a minute."""
    with suppress(BadSignature):
        signer(EXAMINATION).unsign(asked, max_age=60)
        response.headers[EXAMINATION] = str(address.of(request))


def request_deadline(get_response: Handler) -> Handler:
    """Let all calls to vendors of one request end within REQUEST_LIMIT, and hooks know the request."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with deadline(REQUEST_LIMIT), request_of_hooks(request):
            return get_response(request)

    return middleware


def protection(get_response: Handler) -> Handler:
    """Middleware of a host project: for the pages and the API, what the others do, and a Content-Security-Policy."""
    answer = cast("Handler", convert_exception_to_response(request_filter(request_deadline(get_response))))
    protected = security_headers(answer)

    def middleware(request: HttpRequest) -> HttpResponse:
        with in_language_of(request.path_info):
            is_ours = request.path.startswith(_roots())
        if not is_ours:
            return get_response(request)
        response = protected(request)
        response.headers.setdefault("Content-Security-Policy", content_security_policy())
        return response

    return middleware


def in_language_of(path_info: str) -> translation.override:
    """Return a context in which `reverse` gives the paths of that language, if they are inside `i18n_patterns`.

    `LocaleMiddleware` has not run yet: the language of the thread is that of an earlier request.
    """
    return translation.override(translation.get_language_from_path(path_info) or settings.LANGUAGE_CODE)


def _roots() -> tuple[str, ...]:
    """Return the path of the pages, and that of the API if the project has it."""
    pages = reverse("proveflow:phone")
    try:
        return pages, reverse("proveflow_api:api-root")
    except NoReverseMatch:
        return (pages,)


def content_security_policy() -> str:
    """Return the policy of the app's pages: their own scripts and styles, and Prove for the Web SDK."""
    static = urlsplit(settings.STATIC_URL or "")
    own = " ".join(["'self'", *([f"{static.scheme}://{static.netloc}"] if static.netloc else [])])
    prove = " ".join(["'self'", *conf.device_origins])
    loaded = "; ".join(f"{kind}-src {own}" for kind in ("script", "style", "img", "font"))
    return (
        f"default-src 'none'; {loaded}; connect-src {prove}; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def health_checks(get_response: Handler) -> Handler:
    """Answer health checks before the host is checked: probes name the machine by its address."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method in SAFE_METHODS and request.path_info.endswith(HEALTH_CHECKS):
            with suppress(Resolver404):
                found = resolve(request.path_info)
                if found.url_name in HEALTH_CHECKS:
                    return cast(HttpResponse, found.func(request))
        return get_response(request)

    return middleware


def admission(get_response: Handler) -> Handler:
    """Let requests compute in turns. While too many wait, refuse those of newcomers (503), who have nothing to lose."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if TURNS.waiting >= conf.REQUESTS_WAITING and _is_newcomer(request):
            observation.request_refused("overload")
            return overloaded(request)
        try:
            _ = request.body  # a browser that sends it slowly has no turn meanwhile
            with TURNS.turn(REQUEST_LIMIT):
                return get_response(request)
        except TooLate:
            observation.request_refused("no turn")
            return overloaded(request)
        except UnreadablePostError:  # the browser has gone
            return HttpResponse(status=400)

    return middleware


def _is_newcomer(request: HttpRequest) -> bool:
    """Return whether the request begins a journey: it has no session, and over the API it asks for one."""
    if getattr(request, "without_cookies", False):  # of the API
        return "Authorization" not in request.headers or request.path_info.endswith(BEGINNINGS)
    return settings.SESSION_COOKIE_NAME not in request.COOKIES


def security_headers(get_response: Handler) -> Handler:
    """Set Permissions-Policy and Cross-Origin-Resource-Policy, so that no other site embeds anything of ours."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response

    return middleware


def request_filter(get_response: Handler) -> Handler:
    """Refuse a request in another charset or with NUL (400), a large body (413) or from another site (403).

    Nothing of the request is decoded before: neither its body nor its query.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if (request.content_params or {}).get("charset", "utf-8").lower() not in UTF_8:
            observation.request_refused("charset")
            why = _("Requests have to be in UTF-8, and this one says that it is in another charset.")
            return HttpResponse(loader.render_to_string("proveflow/errors/400.html", {"why": why}), status=400)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not re.fullmatch("[0-9]+", length) or "\0" in request.path_info or "%00" in request.META["QUERY_STRING"]:
            observation.request_refused("malformed")
            raise BadRequest
        if len(length) > LENGTH_DIGITS or int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            observation.request_refused("too_large")
            return render(request, "proveflow/errors/413.html", status=413)
        if request.method not in SAFE_METHODS and _is_cross_site(request):
            observation.request_refused("other_site")
            raise PermissionDenied
        # A cookie can hold NUL as an octal escape. PostgreSQL cannot store it, so such a cookie is dropped.
        request.COOKIES = {name: value for name, value in request.COOKIES.items() if "\0" not in value}
        response = get_response(request)
        patch_vary_headers(response, ["Sec-Fetch-Site"])
        return response

    return middleware


def _is_cross_site(request: HttpRequest) -> bool:
    """Return whether fetch metadata names another site. Old browsers send none: CSRF tokens and Origin protect them.

    A request to the API has no cookies, so another site can do nothing by it that it could not do by itself.
    https://www.w3.org/TR/fetch-metadata/
    """
    if getattr(request, "without_cookies", False):
        return False
    return request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none")
