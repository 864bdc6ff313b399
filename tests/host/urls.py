"""The URLs of a host project: the pages below a path, the API beside them."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def own(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("The host's own page")


urlpatterns = [
    path("", own),
    path("verify/", include("onboarding.web.urls")),
    path("", include("onboarding.api.urls")),
    path("sandbox/", include("sandbox.urls")),
]
