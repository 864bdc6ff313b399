"""Django's settings, read from the environment. `.env.example` lists the variables; `onboarding.operations.checks`
reports wrong values at start-up.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from onboarding.conf import Conf, read
from proveflow import database
from proveflow.environment import Environment, commit_of
from proveflow.gunicorn import METRICS_DIR, threads
from proveflow.static_files import for_other_origins

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=LOOPBACK if DEBUG else [])
# Where forms may be sent from: https at each host of ours, and what else browsers see, as another port.
CSRF_TRUSTED_ORIGINS = [
    *map(str.lower, env.list("CSRF_TRUSTED_ORIGINS", default=[])),
    *(f"https://{host.lstrip('.').lower()}" for host in ALLOWED_HOSTS if host not in ("*", *LOOPBACK)),
    *(f"https://*{host.lower()}" for host in ALLOWED_HOSTS if host.startswith(".")),
]
# The path that all pages are below, as /verify, whether or not the proxy removes it from requests.
PATH_PREFIX = env.address("PATH_PREFIX", like="/verify").rstrip("/")
FORCE_SCRIPT_NAME = PATH_PREFIX or None

# --- Upstream -------------------------------------------------------------------------------------------------

# Without a vendor's credentials the sandbox simulates that vendor inside this process, with DEBUG only.
SANDBOX_PROVE = not env.str("PROVE_CLIENT_ID", default="")
SANDBOX_TWILIO = not env.str("TWILIO_ACCOUNT_SID", default="")
SANDBOX = SANDBOX_PROVE or SANDBOX_TWILIO
SANDBOX_STORE = env.path("SANDBOX_STORE", default=str(BASE_DIR / "var/sandbox.sqlite3"))
if SANDBOX and not DEBUG:
    raise ImproperlyConfigured(
        "DEBUG is off and PROVE_CLIENT_ID or TWILIO_ACCOUNT_SID is not set. The built-in sandbox is for DEBUG=1 only: "
        "set the vendors' credentials, or point PROVE_BASE_URL and TWILIO_BASE_URL at `manage.py sandbox PORT`."
    )

# With a sandbox, the credentials of its vendor are not needed.
of_prove, of_twilio = ({"default": ""} if simulated else {} for simulated in (SANDBOX_PROVE, SANDBOX_TWILIO))
sender, from_number = env.str("TWILIO_MESSAGING_SERVICE_SID", default=""), env.str("TWILIO_FROM_NUMBER", default="")

# The settings of the app, which onboarding/conf.py describes: here are the variables that they are read from.
PROVEFLOW: dict[str, Any] = {
    "PROVE_BASE_URL": (env.address("PROVE_BASE_URL") or Conf.PROVE_BASE_URL).rstrip("/"),
    "PROVE_CLIENT_ID": env.str("PROVE_CLIENT_ID", **of_prove),
    "PROVE_CLIENT_SECRET": env.str("PROVE_CLIENT_SECRET", **of_prove),
    "PROVE_EU_CLIENT_ID": env.str("PROVE_EU_CLIENT_ID", default=""),
    "PROVE_EU_CLIENT_SECRET": env.str("PROVE_EU_CLIENT_SECRET", default=""),
    "PROVE_CHECK_REPUTATION": env.bool("PROVE_CHECK_REPUTATION", default=False),
    "TWILIO_BASE_URL": env.address("TWILIO_BASE_URL") or Conf.TWILIO_BASE_URL,
    "TWILIO_ACCOUNT_SID": env.str("TWILIO_ACCOUNT_SID", **of_twilio),
    "TWILIO_API_KEY_SID": env.str("TWILIO_API_KEY_SID", default=""),
    "TWILIO_API_KEY_SECRET": env.str("TWILIO_API_KEY_SECRET", default=""),
    "TWILIO_AUTH_TOKEN": env.str("TWILIO_AUTH_TOKEN", default=""),
    "TWILIO_VERIFY_SERVICE_SID": env.str("TWILIO_VERIFY_SERVICE_SID", **of_twilio),
    # The sender of texts that are no codes: of moved and new devices, of decisions. Without one, none is sent.
    "TWILIO_SENDER": sender or from_number,
    "TWILIO_LOOKUP": env.bool("TWILIO_LOOKUP", default=False),
    # Prove is called three times a flow: at 300 ms a call, 48 are enough for 48 / 0.3 / 3 = 53 flows a second. Twilio's
    # Lookup and Messaging have a quarter of this each: if all vendors hang, 120 of 320 threads wait for them.
    "UPSTREAM_CALLS_AT_ONCE": env.int("UPSTREAM_CALLS_AT_ONCE", default=threads * 3 // 20),
    "REQUESTS_WAITING": env.int("REQUESTS_WAITING", default=280),
    "UPSTREAM_ADAPTERS": {"sandbox://": "sandbox.adapter.SandboxAdapter"} if SANDBOX else {},
    "SANDBOX_URL": f"{PATH_PREFIX}/sandbox/" if SANDBOX else "",
    "DEFAULT_REGION": env.str("DEFAULT_REGION", default="US"),
    "CODE_CHANNELS": env.list("CODE_CHANNELS", default=["sms", "call"]),
    "CODE_LENGTH": env.int("CODE_LENGTH", default=6),
    "DESKTOP_ALLOWED": env.bool("DESKTOP_ALLOWED", default=DEBUG),
    "REBIND_COOLING_OFF": timedelta(hours=env.int("REBIND_COOLING_OFF_HOURS", default=0)),
    "REBIND_REVIEW": env.bool("REBIND_REVIEW", default=False),
    "NEW_DEVICE_NOTICE": env.bool("NEW_DEVICE_NOTICE", default=False),
    "HOLD_LIFE": timedelta(days=env.int("HOLD_DAYS", default=30)),
    "LOGIN_IDLE": timedelta(minutes=env.int("LOGIN_IDLE_MINUTES", default=60)),
    "LOGIN_LIFE": timedelta(hours=env.int("LOGIN_HOURS", default=12)),
    "ENDS_ALL_LOGINS": True,
    "STEP_UP": timedelta(minutes=env.int("STEP_UP_MINUTES", default=15)),
    "BRAND_NAME": env.str("BRAND_NAME", default="proveflow"),
    "BRAND_DIR": env.str("BRAND_DIR", default=""),
    "SUPPORT_URL": env.address("SUPPORT_URL"),
    "PRIVACY_URL": env.address("PRIVACY_URL"),
    "TERMS_URL": env.address("TERMS_URL"),
    "CONTINUE_URL": env.address("CONTINUE_URL"),
    "CONTINUE_HOSTS": env.list("CONTINUE_HOSTS", default=[]),
    "TWO_REVIEWERS": env.list("TWO_REVIEWERS", default=[]),
    "REVIEW_HOURS": env.int("REVIEW_HOURS", default=4),
    "NOTICES_VERSION": env.str("NOTICES_VERSION", default="1"),
    "CARRIER_CONSENT": env.str("CARRIER_CONSENT", default=""),
    "TRUSTED_PROXY_COUNT": env.int("TRUSTED_PROXY_COUNT", default=0),
    "TRUSTED_PROXY_CIDRS": env.list("TRUSTED_PROXY_CIDRS", default=[]),
    "FORWARDED_HEADER": env.str("FORWARDED_HEADER", default="X-Forwarded-For"),
    "LIMITS": env.json("LIMITS", default={}),
    # With a simulated Twilio, texts cost nothing, and all people are 127.0.0.1.
    "LIMITS_WATCH_ONLY": env.bool("LIMITS_WATCH_ONLY", default=SANDBOX_TWILIO),
    "PROVE_PRICE_CENTS": env.int("PROVE_PRICE_CENTS", default=5),
    "TEXT_PRICE_CENTS": env.int("TEXT_PRICE_CENTS", default=5),
    "LOOKUP_PRICE_CENTS": env.int("LOOKUP_PRICE_CENTS", default=1),
    "LASTING_KEY": env.str("LASTING_KEY", default=""),
    "LASTING_KEY_FALLBACKS": env.list("LASTING_KEY_FALLBACKS", default=[]),
    "DATA_KEYS": env.list("DATA_KEYS", default=[]),
    "COMMIT": env.str("COMMIT", default="") or commit_of(BASE_DIR),
    "METRICS_DIR": env.str("METRICS_DIR", default=METRICS_DIR),
    "TRACES": env.bool("TRACES", default=False),
    "RETENTION_DAYS": (retention := env.int("RETENTION_DAYS", default=90)),
    "LINK_RETENTION_DAYS": env.int("LINK_RETENTION_DAYS", default=retention),
    "LOG_RETENTION_DAYS": env.int("LOG_RETENTION_DAYS", default=retention),
    "FIGURES_RETENTION_DAYS": env.int("FIGURES_RETENTION_DAYS", default=retention),
}
# Empty: all countries, which is harmless with a simulated Twilio and which Prove's test users need.
countries = [] if SANDBOX_TWILIO else [PROVEFLOW["DEFAULT_REGION"]]
PROVEFLOW["ALLOWED_COUNTRIES"] = env.list("ALLOWED_COUNTRIES", default=countries)
of_the_urls = {
    "PROVE_REGION": env.str("PROVE_REGION", default=""),
    "PROVE_DEVICE_ORIGINS": env.list("PROVE_DEVICE_ORIGINS", default=[]),
    "PROVE_EU_BASE_URL": env.address("PROVE_EU_BASE_URL").rstrip("/"),
    "PROVE_EU_DEVICE_ORIGINS": env.list("PROVE_EU_DEVICE_ORIGINS", default=[]),
}
PROVEFLOW |= {name: value for name, value in of_the_urls.items() if value}  # onboarding.conf has their defaults
if SANDBOX_PROVE and PROVEFLOW["PROVE_EU_CLIENT_ID"]:
    raise ImproperlyConfigured(
        "PROVE_EU_CLIENT_ID is set and PROVE_CLIENT_ID is not. A project of Europe alone sets PROVE_CLIENT_ID, "
        "PROVE_CLIENT_SECRET and PROVE_BASE_URL."
    )
if SANDBOX_PROVE:
    PROVEFLOW |= {
        "PROVE_BASE_URL": "sandbox://embedded/sandbox/prove",
        "PROVE_CLIENT_ID": "sandbox",
        "PROVE_CLIENT_SECRET": "sandbox",
        "PROVE_EU_BASE_URL": "sandbox://embedded/sandbox/prove-eu",
        "PROVE_EU_CLIENT_ID": "sandbox-eu",
        "PROVE_EU_CLIENT_SECRET": "sandbox-eu",
    }
if SANDBOX_TWILIO:
    PROVEFLOW |= {
        "TWILIO_BASE_URL": "sandbox://embedded/sandbox/twilio",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_API_KEY_SID": "",
        "TWILIO_API_KEY_SECRET": "",
        "TWILIO_AUTH_TOKEN": "sandbox",
        "TWILIO_VERIFY_SERVICE_SID": "VA" + "0" * 32,
        "TWILIO_SENDER": "MG" + "0" * 32,
    }

# May contain logo.svg, and brand.css with other design tokens.
BRAND_DIR = Path(PROVEFLOW["BRAND_DIR"] or BASE_DIR / "brand")
if (BRAND_DIR / "logo.svg").is_file():
    PROVEFLOW["BRAND_LOGO"] = "brand/logo.svg"
if (BRAND_DIR / "brand.css").is_file():
    PROVEFLOW["BRAND_CSS"] = "brand/brand.css"

# --- Django ---------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",  # for an index; harmless with SQLite
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "csp",
    "onboarding",
    "onboarding.api",
    *(["sandbox"] if SANDBOX else []),
]

MIDDLEWARE = [
    "onboarding.web.middleware.observed",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "onboarding.web.middleware.security_headers",
    "proveflow.static_files.Middleware",
    "django.middleware.gzip.GZipMiddleware",  # pads randomly, and Django masks CSRF tokens, against BREACH
    "onboarding.api.middleware.api",
    "django.middleware.locale.LocaleMiddleware",
    "onboarding.web.middleware.request_filter",
    "onboarding.web.middleware.health_checks",
    "onboarding.web.middleware.request_deadline",
    "onboarding.web.middleware.admission",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "onboarding.web.logins.ended_logins",
    "django.contrib.messages.middleware.MessageMiddleware",
]

ROOT_URLCONF = "proveflow.urls"
WSGI_APPLICATION = "proveflow.wsgi.application"

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
                "onboarding.web.context.environment",
            ]
        },
    }
]

DATABASES = {
    "default": database.configuration(
        env.str("DATABASE_URL", default="") or database.sqlite_file(BASE_DIR / "var"),
        pool_size=env.int("DATABASE_POOL_SIZE", default=16),
        pooler=env.bool("DATABASE_POOLER", default=False),
        statement_timeout_s=env.int("DATABASE_STATEMENT_TIMEOUT_S", default=3),
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # the default would set a cookie of its own
LOGIN_URL = "phone"
OTP_TOTP_ISSUER = "proveflow"
# For reviewers: the people who onboard have no password.
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_ENGINE = "onboarding.session_store"
SESSION_COOKIE_AGE = int(max(timedelta(hours=8), PROVEFLOW["LOGIN_IDLE"]).total_seconds())
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("en-gb", "British English"),
    ("es", "Español"),
    ("fr", "Français"),
    ("de", "Deutsch"),
    ("pt-br", "Português (Brasil)"),
    ("ar", "العربية"),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_AGE = int(timedelta(days=365).total_seconds())
LANGUAGE_COOKIE_HTTPONLY, LANGUAGE_COOKIE_SAMESITE = True, "Lax"

# Where browsers load the static files from: below this site, or at a CDN that loads them from the same path here.
STATIC_URL = env.address("STATIC_URL") or f"{PATH_PREFIX}/static/"
STATIC_ORIGINS = ["{0.scheme}://{0.netloc}".format(urlsplit(STATIC_URL))] if urlsplit(STATIC_URL).netloc else []
WHITENOISE_ADD_HEADERS_FUNCTION = for_other_origins if STATIC_ORIGINS else None
STATIC_ROOT = env.path("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("prove", BASE_DIR / "node_modules/@prove-identity/prove-auth/build/bundle/release"),
    *([("brand", BRAND_DIR)] if BRAND_DIR.is_dir() else []),
]
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
if not DEBUG:
    STORAGES = {"staticfiles": {"BACKEND": "proveflow.static_files.Storage"}}

CSRF_FAILURE_VIEW = "onboarding.web.views.system.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024  # bytes of a request's body; the request filter applies it to all content types
DATA_UPLOAD_MAX_NUMBER_FIELDS = None  # the bytes limit it, too; for a query string, nothing catches Django's error

# --- Browser --------------------------------------------------------------------------------------------------

SECURE_REFERRER_POLICY = "same-origin"  # no-referrer makes browsers send Origin: null, which the CSRF check refuses
X_FRAME_OPTIONS = "DENY"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# How long browsers come back by https only, once they were here; and whether this holds for subdomains, and for ever.
HSTS_DAYS = env.int("HSTS_DAYS", default=1)
HSTS_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", default=False)
HSTS_PRELOAD = env.bool("HSTS_PRELOAD", default=False)
# For how long gunicorn keeps an idle connection. A load balancer that keeps it longer loses requests.
KEEPALIVE_S = env.int("KEEPALIVE_S", default=75)
# How long the server goes on serving after SIGTERM while /readyz says that it goes away.
DRAIN_S = env.int("DRAIN_S", default=0)
BEHIND_TLS_PROXY = env.bool("BEHIND_TLS_PROXY", default=False)
if not DEBUG:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    LANGUAGE_COOKIE_NAME = "__Host-language"
    SECURE_HSTS_SECONDS = int(timedelta(days=HSTS_DAYS).total_seconds())
    SECURE_HSTS_INCLUDE_SUBDOMAINS, SECURE_HSTS_PRELOAD = HSTS_SUBDOMAINS, HSTS_PRELOAD
    if BEHIND_TLS_PROXY:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        SECURE_SSL_REDIRECT = True
        SECURE_REDIRECT_EXEMPT = [r"(^|/)(healthz|readyz|version)$"]  # probes bypass the proxy

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, *STATIC_ORIGINS],
        "style-src": [SELF, *STATIC_ORIGINS],
        "img-src": [SELF, *STATIC_ORIGINS],
        "font-src": [SELF, *STATIC_ORIGINS],
        "connect-src": [SELF, *read(PROVEFLOW).device_origins],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": [NONE],
    }
}

# --- What operators see -----------------------------------------------------------------------------------------

LOG_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
LOG_LEVEL = env.choice("LOG_LEVEL", LOG_LEVELS, default="info")  # of our own lines; those of libraries begin at WARNING
LOG_FORMAT = env.choice("LOG_FORMAT", ["text", "json"], default="text" if DEBUG else "json")

DEFAULT_EXCEPTION_REPORTER_FILTER = "onboarding.operations.reports.RedactingFilter"
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "onboarding.telemetry.request_ids.RequestIdFilter"}},
    "formatters": {
        "text": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s [%(request_id)s]"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": ["levelname", "name", "message", "request_id"],
            "rename_fields": {"levelname": "level", "name": "logger"},
            "timestamp": True,
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["request_id"]}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "onboarding": {"level": LOG_LEVEL},
        # Below WARNING, urllib3, requests and twilio log URLs and parameters, and django.template logs values.
        "django.utils.autoreload": {"level": "WARNING"},
        "django": {"handlers": []},  # its console handler would repeat warnings with DEBUG on
        **{name: {"level": "WARNING"} for name in ("urllib3", "twilio", "twilio.http_client", "django.template")},
    },
}

env.refuse_misspelt()
