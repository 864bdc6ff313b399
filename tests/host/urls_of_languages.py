"""The URLs of a host project that has a language in front of every path."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

urlpatterns = [
    *i18n_patterns(path("verify/", include("onboarding.web.urls")), path("", include("onboarding.api.urls"))),
]
