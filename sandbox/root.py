"""The root of the stand-alone sandbox, and what the adapter resolves paths with."""

from django.contrib.staticfiles.views import serve
from django.urls import include, path
from django.views.generic import RedirectView

from sandbox.prove import token

urlpatterns = [
    path("sandbox/", include("sandbox.urls")),
    path("static/<path:path>", serve, {"insecure": True}),  # DEBUG is off; the server is for this machine alone
    path("token", token.token),  # Prove's TypeScript SDK drops the path of its server's URL for this one call
    path("", RedirectView.as_view(pattern_name="sandbox:desk")),
]
