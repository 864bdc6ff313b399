"""What each request passes before it is read, and what each answer carries."""

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
LENGTH_DIGITS = 9  # of a Content-Length that is worth reading
SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
OURS = ("otp-credentials", "publickey-credentials-create", "publickey-credentials-get")
NOBODYS = (
    *("accelerometer", "autoplay", "camera", "display-capture", "fullscreen", "geolocation", "gyroscope", "hid"),
    *("idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment", "picture-in-picture"),
    *("screen-wake-lock", "serial", "usb", "xr-spatial-tracking"),
)
PERMISSIONS_POLICY = ", ".join([f"{name}=(self)" for name in OURS] + [f"{name}=()" for name in NOBODYS])


def in_time(get_response: Handler) -> Handler:
    """However many vendors a request asks, one after the other: together they get this long."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with deadline(REQUEST_LIMIT):
            return get_response(request)

    return middleware


def answer_headers(get_response: Handler) -> Handler:
    """Permissions-Policy, and Cross-Origin-Resource-Policy: no other site embeds anything of ours."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response

    return middleware


def gatekeeper(get_response: Handler) -> Handler:
    """Turns away what no page of ours sends, before anything reads it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not re.fullmatch("[0-9]+", length) or "\0" in request.path_info or "%00" in request.META["QUERY_STRING"]:
            raise BadRequest
        if len(length) > LENGTH_DIGITS or int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return render(request, "413.html", status=413)
        if request.method not in SAFE_METHODS and _from_elsewhere(request):
            raise PermissionDenied
        # NUL, which PostgreSQL cannot store, comes as an octal escape; a browser that has such a cookie loses it.
        request.COOKIES = {name: value for name, value in request.COOKIES.items() if "\0" not in value}
        response = get_response(request)
        patch_vary_headers(response, ["Sec-Fetch-Site"])
        return response

    return middleware


def _from_elsewhere(request: HttpRequest) -> bool:
    """Fetch metadata. Browsers too old to send any are left to the CSRF check, as is Origin.

    https://www.w3.org/TR/fetch-metadata/
    """
    return request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none")
