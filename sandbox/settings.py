"""Settings of the stand-alone sandbox (`manage.py sandbox PORT`): no database, no sessions, no users."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
IS_INSTALLED = not (BASE_DIR / "static/sandbox").is_dir()  # from the wheel, whose files are in the package

DEBUG = False
SECRET_KEY = "the sandbox signs nothing with it"  # noqa: S105
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]  # rejects DNS rebinding; --allow-host names others
SANDBOX_PUBLIC_URL = ""  # scheme and host by which browsers reach it, if not as servers do; --public-url
STORE = "proveflow-sandbox.sqlite3" if IS_INSTALLED else BASE_DIR / "var/sandbox.sqlite3"
SANDBOX_STORE = Path(os.environ.get("SANDBOX_STORE") or STORE)

INSTALLED_APPS = ["django.contrib.staticfiles", "sandbox"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "sandbox.root"
DATABASES: dict[str, object] = {}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [] if IS_INSTALLED else [BASE_DIR / "templates"],
        "APP_DIRS": True,
    }
]
STATIC_URL = "/static/"
STATICFILES_DIRS = [] if IS_INSTALLED else [BASE_DIR / "static"]
USE_TZ = True
TIME_ZONE = "UTC"
SECURE_REFERRER_POLICY = "same-origin"  # with no-referrer, browsers send the page's forms with Origin: null
# Logs errors of the sandbox itself, but no refused calls: those are in the ledger.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django.request": {"level": "ERROR", "handlers": ["console"], "propagate": False}},
}
