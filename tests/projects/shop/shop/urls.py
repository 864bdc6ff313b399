"""The host's paths; it has names of its own like those that proveflow uses: `start`, `phone`, `done`."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def page(request: HttpRequest) -> HttpResponse:
    user = request.user
    verified = user.is_authenticated and user.is_verified()
    return HttpResponse(f"The shop's own page, for {user.pk}, verified: {verified}")


urlpatterns = [
    path("admin/", admin.site.urls),
    path("start/", page, name="start"),
    path("phone/", page, name="phone"),
    path("done/", page, name="done"),
    path("verify/", include("onboarding.web.urls")),
]
