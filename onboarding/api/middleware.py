"""What holds for every answer of the API: no cookies, no cache, CORS for allowed origins, errors as problems."""

from collections.abc import Callable

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.cache import patch_vary_headers

from onboarding.api import problems
from onboarding.api.access.auth import is_own
from onboarding.api.models import PublishableKey
from onboarding.api.problems import Problem
from onboarding.upstream.http import release_database
from onboarding.web.middleware import in_language_of
from onboarding.web.responses import DEFAULT_RETRY_S

Handler = Callable[[HttpRequest], HttpResponse]

METHODS = "GET, POST, DELETE"
REQUEST_HEADERS = "Authorization, Content-Type, Idempotency-Key, Accept-Language"
RESPONSE_HEADERS = "Retry-After"
PREFLIGHT_S = 600


def api(get_response: Handler) -> Handler:
    """Middleware: let the API be called without cookies, also from the origins that a publishable key allows."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with in_language_of(request.path_info):
            is_ours = request.path.startswith(_root())
        if not is_ours:
            return get_response(request)
        request.META.pop("HTTP_COOKIE", None)
        request.without_cookies = True  # type: ignore[attr-defined]  # so `request_filter` admits other sites
        try:
            is_allowed = _is_allowed(request)
        except DatabaseError:
            return problems.of_status(503, str(DEFAULT_RETRY_S)).response()
        release_database()  # a request that waits in line, or for its body, holds no connection
        response = _answer(request, get_response) if is_allowed else Problem("origin_not_allowed").response()
        response.cookies.clear()
        response["Cache-Control"] = "no-store"
        _set_cors_headers(request, response, is_allowed=is_allowed)
        return response

    return middleware


def _root() -> str:
    """Return the path of the API, or a path that no request has if the project leaves the API out."""
    try:
        return reverse("proveflow_api:api-root")
    except NoReverseMatch:
        return "\0"


def _is_allowed(request: HttpRequest) -> bool:
    """Return whether the request comes from no page, from ours, or from one that some key allows."""
    origin = request.headers.get("Origin")
    if origin is None or is_own(request, origin):
        return True
    keys = PublishableKey.objects.filter(revoked_at=None).only("origins")
    return any(key.allows_origin(origin) for key in keys)


def _answer(request: HttpRequest, get_response: Handler) -> HttpResponse:
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        return HttpResponse(status=204)
    response = get_response(request)
    if response.status_code < 400 or response["Content-Type"] == problems.CONTENT_TYPE:  # noqa: PLR2004
        return response
    problem = problems.of_status(response.status_code, response.get("Retry-After")).response()
    if "Allow" in response:
        problem["Allow"] = response["Allow"]
    return problem


def _set_cors_headers(request: HttpRequest, response: HttpResponse, *, is_allowed: bool) -> None:
    """Set the headers of https://fetch.spec.whatwg.org/#http-cors-protocol, without credentials."""
    patch_vary_headers(response, ["Origin"])
    origin = request.headers.get("Origin")
    if origin is None or not is_allowed:
        return
    response["Access-Control-Allow-Origin"] = origin
    response["Access-Control-Expose-Headers"] = RESPONSE_HEADERS
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.method == "OPTIONS":
        response["Access-Control-Allow-Methods"] = METHODS
        response["Access-Control-Allow-Headers"] = REQUEST_HEADERS
        response["Access-Control-Max-Age"] = str(PREFLIGHT_S)
