"""System checks of the project that the app is installed in: its user model, hooks, middleware, apps and database.

https://docs.djangoproject.com/en/stable/topics/checks/
"""

from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning
from django.db import connection

from onboarding import hooks
from onboarding.operations.settings_check import of_settings

SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
OTP = "django_otp.middleware.OTPMiddleware"
ENDED_LOGINS = "onboarding.web.logins.ended_logins"
IN_THIS_ORDER = (SESSION, AUTHENTICATION, OTP, ENDED_LOGINS)
# What SECURITY.md promises, by the middleware that does it. `protection` does all of it.
PROTECTION = "onboarding.web.middleware.protection"
API = "onboarding.api.middleware.api"
PROMISES = {
    "onboarding.web.middleware.security_headers": "Pages may be embedded in other sites' pages",
    "onboarding.web.middleware.request_filter": "Large, malformed and cross-site requests are not refused",
    "onboarding.web.middleware.request_deadline": "A request has no deadline, and hooks do not know it",
}
DATABASES = ("postgresql", "sqlite")


@of_settings()
def host_hooks(**_kwargs: object) -> Iterator[CheckMessage]:
    """E045: HOOKS names no class of hooks. E046: the default hook cannot make users of the user model."""
    try:
        adapter: object = hooks.adapter()
    except (ImportError, TypeError) as error:
        hint = "The dotted path of a class that extends onboarding.hooks.Hooks."
        yield Error(f"HOOKS cannot be used: {type(error).__name__}.", hint=hint, id="proveflow.E045")
        return
    if not isinstance(adapter, hooks.Hooks):
        yield Error("HOOKS is no class of hooks.", hint="Extend onboarding.hooks.Hooks.", id="proveflow.E045")
    elif not hooks.is_overridden("user_for") and (missing := hooks.missing_fields()):
        hint = "Give these fields a default, or set HOOKS, with a `user_for` that finds or makes the user."
        what = f"{settings.AUTH_USER_MODEL} cannot be made without {', '.join(missing)}: no number could be linked."
        yield Error(what, hint=hint, id="proveflow.E046")


@of_settings()
def middleware(**_kwargs: object) -> Iterator[CheckMessage]:
    """E047: middleware without which nobody is logged in is missing. W048: a promise of SECURITY.md is not kept.

    E051: the API is installed without its middleware.
    """
    found = [name for name in settings.MIDDLEWARE if name in IN_THIS_ORDER]
    if found != list(IN_THIS_ORDER):
        hint = "MIDDLEWARE has to have, in this order: " + ", ".join(IN_THIS_ORDER)
        yield Error("Middleware is missing, or in another order.", hint=hint, id="proveflow.E047")
    if CSRF not in settings.MIDDLEWARE:
        yield Error("Forms have no CSRF token.", hint=f"Add {CSRF}.", id="proveflow.E047")
    if apps.is_installed("onboarding.api") and API not in settings.MIDDLEWARE:
        hint = f"Add {API} before the middleware that reads languages, sessions and forms."
        yield Error("The API takes cookies, and no other origin can call it.", hint=hint, id="proveflow.E051")
    for name, consequence in PROMISES.items():
        if not {name, PROTECTION} & set(settings.MIDDLEWARE):
            yield Warning(f"{consequence}.", hint=f"Add {PROTECTION} at the top.", id="proveflow.W048")


@of_settings()
def host_apps(**_kwargs: object) -> Iterator[CheckMessage]:
    """E049: an app that ours needs is not installed, or the database is of a kind that limits cannot count in."""
    for name in ("django.contrib.auth", "django.contrib.postgres", "django.contrib.sessions", "django_otp"):
        if not apps.is_installed(name):
            yield Error(f"{name} is not installed.", hint="Add it to INSTALLED_APPS.", id="proveflow.E049")
    if connection.vendor not in DATABASES:
        hint = "PostgreSQL, or SQLite where few people use it."
        yield Error(f"Limits cannot be counted in {connection.vendor}.", hint=hint, id="proveflow.E049")
    if settings.DATABASES["default"].get("ATOMIC_REQUESTS"):
        hint = "Nothing to do: what a hook writes is committed at once, as all of it."
        yield Info("ATOMIC_REQUESTS does not hold for the app's views.", hint=hint, id="proveflow.I050")
