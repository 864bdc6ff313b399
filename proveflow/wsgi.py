"""The WSGI application, which gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proveflow.settings")
application = get_wsgi_application()
application.request_class = import_string("onboarding.web.middleware.Request")  # importable now that Django is set up
