"""A host project as it is, and the lines that proveflow needs, between the two marks."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent
DEBUG = True
SECRET_KEY = "shop-" * 12
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "shop.apps.ShopConfig",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "shop.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["SHOP_DATABASE"],
        "HOST": os.environ["SHOP_DATABASE_HOST"],
        "USER": "postgres",
        "ATOMIC_REQUESTS": True,
    }
}
AUTH_USER_MODEL = "shop.Customer"
STATIC_URL = "static/"
STATICFILES_DIRS: list[object] = []
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

# --- proveflow ---
INSTALLED_APPS += ["django.contrib.postgres", "django_otp", "django_otp.plugins.otp_totp", "onboarding"]
MIDDLEWARE.insert(0, "onboarding.web.middleware.protection")
MIDDLEWARE += ["django_otp.middleware.OTPMiddleware", "onboarding.web.logins.ended_logins"]
STATICFILES_DIRS += [("prove", os.environ["PROVE_WEB_SDK"])]
PROVEFLOW = {
    "PROVE_BASE_URL": os.environ["PROVE_URL"], "PROVE_CLIENT_ID": "sandbox", "PROVE_CLIENT_SECRET": "sandbox",
    "TWILIO_BASE_URL": os.environ["TWILIO_URL"], "TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "sandbox",
    "TWILIO_VERIFY_SERVICE_SID": "VA" + "0" * 32, "DESKTOP_ALLOWED": True, "HOOKS": "shop.hooks.ShopHooks",
}  # fmt: skip
# --- end ---
