"""The root URLconf of the stand-alone sandbox and of the adapter."""

import re

from django.contrib.staticfiles.views import serve
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.generic import RedirectView

from sandbox.prove import token

handler400 = "sandbox.root.bad_request"
urlpatterns = [
    path("sandbox/", include("sandbox.urls")),
    path("static/<path:path>", serve, {"insecure": True}),  # although DEBUG is off: these files are public
    path("token", token.token),  # Prove's TypeScript, Go and Java SDKs drop the path of the server's URL for this call
    path("", RedirectView.as_view(pattern_name="sandbox:desk")),
]


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The response to a request that Django refuses. It says how to allow a host."""
    why = str(exception)
    if isinstance(exception, DisallowedHost):
        host = re.sub(r":\d+$", "", request.META.get("HTTP_HOST", ""))
        why = f"The sandbox does not answer for the host {host}. Start it with --allow-host {host}"
    return HttpResponse(f"{why}\n", status=400, content_type="text/plain; charset=utf-8")
