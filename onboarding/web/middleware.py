"""Middleware: a deadline for each request, security headers, and a filter for requests that no page of ours sends."""

import re
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from onboarding.upstream.deadline import deadline

Handler = Callable[[HttpRequest], HttpResponse]

REQUEST_LIMIT = timedelta(seconds=20)
LENGTH_DIGITS = 9  # of a Content-Length; a longer one is too large without being parsed
SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
# Features of Permissions-Policy: https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Permissions-Policy
OWN_FEATURES = ("otp-credentials", "publickey-credentials-create", "publickey-credentials-get")
DENIED_FEATURES = (
    *("accelerometer", "autoplay", "camera", "display-capture", "fullscreen", "geolocation", "gyroscope", "hid"),
    *("idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment", "picture-in-picture"),
    *("screen-wake-lock", "serial", "usb", "xr-spatial-tracking"),
)
PERMISSIONS_POLICY = ", ".join([f"{name}=(self)" for name in OWN_FEATURES] + [f"{name}=()" for name in DENIED_FEATURES])


def request_deadline(get_response: Handler) -> Handler:
    """Let all calls to vendors of one request end within REQUEST_LIMIT."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with deadline(REQUEST_LIMIT):
            return get_response(request)

    return middleware


def security_headers(get_response: Handler) -> Handler:
    """Set Permissions-Policy and Cross-Origin-Resource-Policy, so that no other site embeds anything of ours."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response

    return middleware


def request_filter(get_response: Handler) -> Handler:
    """Refuse, before the body is read, a request with NUL (400), a large body (413) or from another site (403)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not re.fullmatch("[0-9]+", length) or "\0" in request.path_info or "%00" in request.META["QUERY_STRING"]:
            raise BadRequest
        if len(length) > LENGTH_DIGITS or int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return render(request, "413.html", status=413)
        if request.method not in SAFE_METHODS and _is_cross_site(request):
            raise PermissionDenied
        # A cookie can hold NUL as an octal escape. PostgreSQL cannot store it, so such a cookie is dropped.
        request.COOKIES = {name: value for name, value in request.COOKIES.items() if "\0" not in value}
        response = get_response(request)
        patch_vary_headers(response, ["Sec-Fetch-Site"])
        return response

    return middleware


def _is_cross_site(request: HttpRequest) -> bool:
    """Return whether fetch metadata names another site. Old browsers send none: CSRF tokens and Origin protect them.

    https://www.w3.org/TR/fetch-metadata/
    """
    return request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none")
