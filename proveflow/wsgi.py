"""The WSGI application, which gunicorn serves. It is not served with settings that a check calls an error."""

import os

from django.conf import settings
from django.core import checks
from django.core.management import BaseCommand
from django.core.wsgi import get_wsgi_application
from django.utils.module_loading import import_string

from proveflow.environment import in_a_sentence

BOOT_ERROR = 3  # gunicorn ends at this exit code of a worker; after others it would start it again

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proveflow.settings")
with in_a_sentence(BOOT_ERROR):
    os.environ.setdefault(
        "PROMETHEUS_MULTIPROC_DIR", settings.PROVEFLOW["METRICS_DIR"]
    )  # before prometheus_client is imported
    os.makedirs(settings.PROVEFLOW["METRICS_DIR"], mode=0o700, exist_ok=True)
    application = get_wsgi_application()
    application.request_class = import_string("onboarding.web.middleware.Request")  # importable now
    BaseCommand().check(fail_level=checks.ERROR)  # says nothing if all is well
    BaseCommand().check(tags=[checks.Tags.database], databases=["default"], fail_level=checks.ERROR)
