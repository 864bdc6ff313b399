"""The switchboard: which room answers at which path."""

from django.conf import settings
from django.urls import include, path

from onboarding.desk.admin import site

handler400, handler403 = "onboarding.web.views.bad_request", "onboarding.web.views.permission_denied"
handler404 = "onboarding.web.views.page_not_found"
handler500 = "onboarding.web.views.server_error"

urlpatterns = [
    path("", include("onboarding.web.urls")),
    path("admin/", site.urls),
]
if settings.SANDBOX:
    urlpatterns.append(path("sandbox/", include("sandbox.urls")))
