"""The configuration of the app."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.utils.translation import gettext_lazy as _


class OnboardingConfig(AppConfig):
    name = "onboarding"
    verbose_name = _("Onboarding")

    def ready(self) -> None:
        from onboarding.operations import checks, reports, site_checks  # noqa: F401 - registers the checks

        connection_created.connect(reports.install)
