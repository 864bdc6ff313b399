"""The root URLconf of the stand-alone sandbox and of the adapter."""

from django.contrib.staticfiles.views import serve
from django.urls import include, path
from django.views.generic import RedirectView

from sandbox.prove import token

urlpatterns = [
    path("sandbox/", include("sandbox.urls")),
    path("static/<path:path>", serve, {"insecure": True}),  # although DEBUG is off: the server listens on loopback only
    path("token", token.token),  # Prove's TypeScript, Go and Java SDKs drop the path of the server's URL for this call
    path("", RedirectView.as_view(pattern_name="sandbox:desk")),
]
