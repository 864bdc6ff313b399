"""The root URLs."""

from django.conf import settings
from django.urls import include, path

import onboarding.desk.admin  # noqa: F401 - registers the lists on the site
from onboarding.desk.site import site

handler400 = "onboarding.web.views.system.bad_request"
handler403 = "onboarding.web.views.system.permission_denied"
handler404 = "onboarding.web.views.system.page_not_found"
handler500 = "onboarding.web.views.system.server_error"

urlpatterns = [
    path("", include("onboarding.web.urls")),
    path("", include("onboarding.api.urls")),
    path("admin/", site.urls),
]
if settings.SANDBOX:
    urlpatterns.append(path("sandbox/", include("sandbox.urls")))
