"""The configuration of the JSON API, an app of its own: a project that does not want it leaves it out."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApiConfig(AppConfig):
    name = "onboarding.api"
    label = "proveflow_api"
    verbose_name = _("API")

    def ready(self) -> None:
        from onboarding.api import verifications
        from onboarding.operations import recovery, restore

        recovery.deleting.connect(verifications.forget_old)
        restore.restored.connect(verifications.forget_all)
