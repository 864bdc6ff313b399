"""Typical mistakes in each variable of .env.example, and what becomes of them."""

import os
import runpy
import warnings
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from onboarding.conf import TYPES
from tests.processes import ROOT

SECRETS = {
    "SECRET_KEY": "k9Zq-x7Rw_" * 6,
    "DATA_KEYS": "wR7x-qZ9k_" * 6,
    "PROVE_CLIENT_SECRET": "prove-Secret-47",
    "TWILIO_AUTH_TOKEN": "twilio-Token-47",
    "TWILIO_API_KEY_SECRET": "key-Secret-47",
}
PASSWORD = "data-Password-47"
RIGHT = SECRETS | {
    "ENV_FILE": os.devnull,
    "DEBUG": "0",
    "ALLOWED_HOSTS": "verify.example.com",
    "DATABASE_URL": f"postgres://proveflow:{PASSWORD}@127.0.0.1:5432/proveflow",
    "PROVE_BASE_URL": "https://platform.proveapis.com",
    "PROVE_CLIENT_ID": "prove-client",
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "TWILIO_API_KEY_SID": "SK" + "1" * 32,
    "TWILIO_VERIFY_SERVICE_SID": "VA" + "1" * 32,
    "SUPPORT_URL": "https://example.com/help",
    "CONTINUE_URL": "https://app.example.com/",
    "BEHIND_TLS_PROXY": "1",
    "TRUSTED_PROXY_COUNT": "1",
    "TRUSTED_PROXY_CIDRS": "127.0.0.0/8",
}
# Settings that the running test process keeps, because they are not about the environment.
KEPT = {"INSTALLED_APPS", "DATABASES", "MIDDLEWARE", "TEMPLATES", "LOGGING", "STORAGES", "STATICFILES_DIRS", "BASE_DIR"}

NUMBERS = ["DATABASE_STATEMENT_TIMEOUT_S", "DATABASE_POOL_SIZE", "REBIND_COOLING_OFF_HOURS", "HOLD_DAYS", "HSTS_DAYS"]
NUMBERS += ["UPSTREAM_CALLS_AT_ONCE", "RETENTION_DAYS", "LOGIN_IDLE_MINUTES", "LOGIN_HOURS", "STEP_UP_MINUTES"]
NUMBERS += ["CODE_LENGTH", "REVIEW_HOURS", "TRUSTED_PROXY_COUNT", "PROVE_PRICE_CENTS", "TEXT_PRICE_CENTS"]
NUMBERS += ["LOOKUP_PRICE_CENTS", "KEEPALIVE_S", "DRAIN_S", "LINK_RETENTION_DAYS", "LOG_RETENTION_DAYS"]
NUMBERS += ["FIGURES_RETENTION_DAYS"]
NO_NUMBERS = ["ninety", "-1", "1.5", "7 days", "7 # days", "7;", "$7", '"7"', "1e3", "0x10", "99999999999", "7\u200b"]
SWITCHES = ["DEBUG", "PROVE_CHECK_REPUTATION", "TWILIO_LOOKUP", "REBIND_REVIEW", "NEW_DEVICE_NOTICE", "DESKTOP_ALLOWED"]
SWITCHES += ["BEHIND_TLS_PROXY", "LIMITS_WATCH_ONLY", "HSTS_SUBDOMAINS", "HSTS_PRELOAD", "DATABASE_POOLER"]
NO_SWITCHES = ["treu", "2", "'1'", "1 # on", "$1", "enabled", "-1", "1;"]
LINKS = ["SUPPORT_URL", "PRIVACY_URL", "TERMS_URL", "CONTINUE_URL"]
BASE_URLS = ["PROVE_BASE_URL", "TWILIO_BASE_URL"]
NO_URLS = ["example.com", "https//example.com", "https:/example.com", "https://", "https://[::1", "ftp://example.com"]
NO_URLS += ["https://a b.example", '"https://example.com"', "https://example.com:port/", "$URL", "javascript:alert(1)"]
HOSTS = ["https://verify.example.com", "verify.example.com:443", "a.example;b.example", "a.example b.example"]
HOSTS += ["a.example # ours", "*.example.com", "verify.example.com/", "::1", "münchen.example", "a.example.", "$HOST"]
HOSTS += ['["a.example"]', "a..example"]
ORIGINS = ["verify.example.com", "https://verify.example.com/", "https://verify.example.com/path", "$X", "https://"]
ORIGINS += ["https://verify.example.com;", "https://a.example https://b.example", "https://verify.example.com:443"]
ORIGINS += ["http://verify.example.com:80", "https://verify.example.com:65536", "https://verify.example.com:0"]
COUNTRIES = ["us", "UK", "USA", "+1", "US;CA", "US CA", "'US'", "$US", "Germany"]
DATABASE_URLS = ["postgres://", "mysql://u:{}@h/x", "u:{}@h/x", "postgres://u:{}#@h/x", "postgres://u:{}/@h/x", "$URL"]
DATABASE_URLS += [
    "postgres://u:{}@h:port/x",
    "postgres://u:{}@[::1/x",
    "postgres://u:{}@h:5432",
    '"postgres://u:{}@h/x"',
]
DATABASE_URLS += [
    "sqlite://var/x.sqlite3",
    "sqlite:",
    "postgres://u:{}@h/x?sslmod=require",
    "postgres://u:{}@h/x?pool=9",
    "postgres://u:{}@h/x?connect_timeout=soon",
    "postgres://u:{}@h/x?keepalives_idle=no",
]
DATABASE_URLS += ["postgres://u:{}@h/x?CONN_MAX_AGE=60", "postgres://u:{}@h/x?ATOMIC_REQUESTS=1", "postgres//u:{}@h/x"]
NETWORKS = ["10.0.0.0/33", "proxy", "10.0.0.0/8;", "10.0.0", "$NET", "0.0.0.0/0", "10.0.0.0-10.0.0.9", ""]
LIMITS = ["[]", "5", "{", '{"sends": 1}', "{'money': {}}", '{"money": {"burst": "1"}}', '{"money": {"every_s": 0}}']
LIMITS += ['{"money": {"brust": 1}}', '{"money": null}', "money=5", "$LIMITS", '{"money": {"burst": -1}}', "[" * 5000]
LIMITS += ['{"money": {"every_s": 1e400}}', '{"money": {"every_s": Infinity}}', f'{{"money": {{"burst": {10**30}}}}}']
CREDENTIALS = [
    "PROVE_CLIENT_SECRET",
    "TWILIO_API_KEY_SECRET",
    "PROVE_CLIENT_ID",
    "TWILIO_ACCOUNT_SID",
    "TWILIO_VERIFY_SERVICE_SID",
    "TWILIO_API_KEY_SID",
]
# Of a right value: what becomes of it. Each is another value, and none is what was meant.
SPOILT = ["", "${}", '"{}"', "{}\u200b", "\ufeff{}", "{}\x07", "$${}", "{} # mine", "<{} >"]
# Names: a letter is missing, doubled, another, or exchanged with the next.
TYPOS: list[Callable[[str], str]] = [
    lambda n: n[:-1],
    lambda n: n + n[-1],
    lambda n: n[:4] + "X" + n[5:],
    lambda n: n[:-2] + n[-1] + n[-2],
]


def mistakes(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield names and wrong values."""
    for names, values in (
        (NUMBERS, NO_NUMBERS),
        (SWITCHES, NO_SWITCHES),
        (LINKS, NO_URLS),
        (BASE_URLS, [*NO_URLS, "http://example.com", "https://user:pass@example.com"]),
        (["TWILIO_BASE_URL"], ["https://verify.twilio.com/v2", "https://verify.twilio.com/?x", "https://a.example/#x"]),
        (["PROVE_BASE_URL"], ["https://platform.proveapis.com/v3", "https://platform.proveapis.com/v3/unify"]),
        (["LOG_LEVEL", "LOG_FORMAT"], ["verbose", "3", "$L", "'info'", "text,json"]),
        (["UPSTREAM_CALLS_AT_ONCE", "REQUESTS_WAITING"], ["0"]),
        (["TWO_REVIEWERS"], ["aprove", "Approve", "approve;decline", "approve decline", "all", "1", "'revoke'"]),
        (["NOTICES_VERSION"], ["terms of 1 December 2026, second edition"]),
        (["ALLOWED_HOSTS"], [*HOSTS, "", "*"]),
        (["CONTINUE_HOSTS"], [*HOSTS[:1], *HOSTS[2:7], *HOSTS[8:]]),
        (["CSRF_TRUSTED_ORIGINS"], ORIGINS),
        (["ALLOWED_COUNTRIES", "DEFAULT_REGION"], COUNTRIES),
        (["DATABASE_URL"], [url.format(PASSWORD) for url in DATABASE_URLS]),
        (["TRUSTED_PROXY_CIDRS"], NETWORKS),
        (["LIMITS"], LIMITS),
        (["DATA_KEYS"], ["short", "$K", "changeme" * 7, f"{SECRETS['DATA_KEYS']},plain", SECRETS["SECRET_KEY"]]),
        (
            ["PATH_PREFIX"],
            ["verify", "/verify/x y", "https://example.com/verify", "//verify", "$P", "/verify?x", "http://["],
        ),
        (
            ["STATIC_URL"],
            ["/static", "cdn.example.com", "http://cdn.example.com/", "//cdn.example.com/", "$S"],
        ),
        (["FORWARDED_HEADER"], ["", "X_FORWARDED_FOR", "X-Forwarded-For:", "X-Forwarded-For, Forwarded", "$H"]),
        (["CODE_CHANNELS"], ["", "SMS", "sms;call", "pigeon", "$sms", "'sms'"]),
        (
            ["TWILIO_FROM_NUMBER", "TWILIO_MESSAGING_SERVICE_SID"],
            ["Acme", "MG123", "2015550123", "+1 201 555 0123", "$F"],
        ),
        (["BRAND_DIR"], [str(folder / "missing"), "$BRAND", "'brand'"]),
        (["STATIC_ROOT"], ["$ROOT", "/dev/null/static"]),
        (["ENV_FILE"], [str(folder / "missing.env"), str(folder)]),
    ):
        yield from product(names, values)
    for name, spoilt in [*product(CREDENTIALS, SPOILT), *product(["SECRET_KEY"], SPOILT[:-2])]:  # a key has any text
        yield name, spoilt.replace("{}", RIGHT[name])


def misspellings(names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield names that are nearly those that the product has, with the right name's value."""
    for name in names:
        for each in {misspell(name) for misspell in TYPOS} - {name, *names}:
            yield each, RIGHT.get(name, "1")


def told(environment: Mapping[str, str]) -> list[str]:
    """Return what start-up says of the environment: the sentence that ends it, or the warnings and errors of checks."""
    try:
        found = read(environment)
    except ImproperlyConfigured as error:
        return [str(error)]
    values = {name: value for name, value in found.items() if name.isupper() and name not in KEPT | {*TYPES}}
    changed = {name: value for name, value in values.items() if getattr(settings, name, None) != value}
    engine = {"ENGINE": found["DATABASES"]["default"]["ENGINE"]}
    with override_settings(**changed), mock.patch.dict(settings.DATABASES["default"], engine):
        found_issues = [issue for check in our_checks() for issue in check(app_configs=None) or ()]
    return [str(issue) for issue in found_issues if issue.level >= checks.WARNING]


def read(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings that follow from the environment, those of the app too, without a process of their own.

    A warning is an error.
    """
    with mock.patch.dict(os.environ, environment, clear=True), warnings.catch_warnings():
        warnings.simplefilter("error")
        found = runpy.run_path(str(ROOT / "proveflow/settings.py"))
    return {**found, **found["PROVEFLOW"]}


def our_checks() -> list[Any]:
    return [check for check in checks.registry.registry.registered_checks if check.__module__.startswith("onboarding.")]
