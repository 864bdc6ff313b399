"""The configuration of the app."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.utils.translation import gettext_lazy as _


class OnboardingConfig(AppConfig):
    name = "onboarding"
    label = "proveflow"
    verbose_name = _("Onboarding")

    def ready(self) -> None:
        from onboarding import signals  # noqa: F401 - it follows deletions of users
        from onboarding.conf import conf, faults, given
        from onboarding.operations import (  # they register the checks, and what goes with a binding
            checks,  # noqa: F401
            prove_checks,  # noqa: F401
            reports,
            site_checks,  # noqa: F401
            telemetry_checks,  # noqa: F401
        )
        from onboarding.operations.evidence import removal  # noqa: F401
        from onboarding.telemetry import tracing

        if not any(faults(given())) and conf.TRACES and tracing.is_installed():
            tracing.set_up()
        connection_created.connect(reports.install)
