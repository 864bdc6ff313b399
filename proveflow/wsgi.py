"""The WSGI application, which gunicorn serves. It is not served with settings that a check calls an error."""

import os

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proveflow.settings")
application = get_wsgi_application()
application.request_class = import_string("onboarding.web.middleware.Request")  # importable now that Django is set up
call_command("check", fail_level="ERROR", verbosity=0)
