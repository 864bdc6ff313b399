"""The switchboard: which room answers at which path."""

from django.conf import settings
from django.urls import include, path

from onboarding.admin import site

handler400, handler403 = "onboarding.views.bad_request", "onboarding.views.permission_denied"
handler404 = "onboarding.views.page_not_found"
handler500 = "onboarding.views.server_error"

urlpatterns = [
    path("", include("onboarding.urls")),
    path("admin/", site.urls),
]
if settings.SANDBOX:
    urlpatterns.append(path("sandbox/", include("sandbox.urls")))
