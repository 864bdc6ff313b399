"""System checks of hosts, origins, links and folders, and of the database's time limits.

https://docs.djangoproject.com/en/stable/topics/checks/
"""

import os
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning
from django.db import connections

from onboarding.conf import conf
from onboarding.operations.settings_check import of_settings

PORT = r":([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])"
HOST = r"(\w([\w-]*\w)?\.)*\w([\w-]*\w)?"
# What Django compares with: https://docs.djangoproject.com/en/stable/ref/settings/#allowed-hosts
ALLOWED_HOST = re.compile(rf"\*|\.?{HOST}|\[[0-9a-f:.]+\]", re.ASCII | re.IGNORECASE)
ORIGIN = re.compile(rf"https?://((\*\.)?{HOST}|\[[0-9a-f:.]+\])({PORT})?", re.ASCII | re.IGNORECASE)
SENT_ORIGIN = re.compile(rf"(?!https:.*:443$|http:.*:80$){ORIGIN.pattern}", re.ASCII)  # browsers leave that port out
HOST_AND_PORT = re.compile(rf"({HOST}|\[[0-9a-f:.]+\])({PORT})?", re.ASCII | re.IGNORECASE)
LINKS = ("SUPPORT_URL", "PRIVACY_URL", "TERMS_URL")
SHORTEST_PRELOAD = timedelta(days=365)  # https://hstspreload.org
TIME_LIMITS = "SELECT name FROM pg_settings WHERE name = ANY(%s) AND setting = '0' ORDER BY name"
LIMITED = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]


@of_settings()
def hosts(**_kwargs: object) -> Iterator[CheckMessage]:
    """E038: a host or origin can match nothing that a browser sends. E016: there is no host in production."""
    if not settings.DEBUG and not settings.ALLOWED_HOSTS:
        yield Error("ALLOWED_HOSTS is empty.", hint="The host that people see: verify.example.com", id="proveflow.E016")
    hint = "A name like verify.example.com, .example.com with its subdomains, an IPv4 address, or [::1]; no port."
    yield from _mismatches("ALLOWED_HOSTS", settings.ALLOWED_HOSTS, ALLOWED_HOST, hint)
    if all(map(ALLOWED_HOST.fullmatch, settings.ALLOWED_HOSTS)):
        hint = "As browsers write it: https://verify.example.com:8443, without a path; https://*.example.com."
        yield from _mismatches("CSRF_TRUSTED_ORIGINS", settings.CSRF_TRUSTED_ORIGINS, SENT_ORIGIN, hint)
    hint = "A name, with a port if it has one of its own: app.example.com:8443."
    yield from _mismatches("CONTINUE_HOSTS", conf.CONTINUE_HOSTS, HOST_AND_PORT, hint)
    hint = "As https://device.prove-auth.proveapis.com, without a path."
    yield from _mismatches("PROVE_DEVICE_ORIGINS", conf.PROVE_DEVICE_ORIGINS, ORIGIN, hint)
    yield from _mismatches("PROVE_EU_DEVICE_ORIGINS", conf.PROVE_EU_DEVICE_ORIGINS, ORIGIN, hint)


def _mismatches(name: str, found: Sequence[str], pattern: re.Pattern[str], hint: str) -> Iterator[CheckMessage]:
    for position, each in enumerate(found, start=1):
        if not pattern.fullmatch(each):
            yield Error(f"{name}: entry {position} can match nothing.", hint=hint, id="proveflow.E038")


@of_settings()
def links(**_kwargs: object) -> Iterator[CheckMessage]:
    """E039: a link of every page leads nowhere."""
    for name in LINKS:
        url = urlsplit(getattr(conf, name))
        is_web = url.scheme in ("http", "https") and bool(url.netloc)
        is_other = url.scheme in ("mailto", "tel") and bool(url.path)
        is_ours = not url.scheme and url.path.startswith("/") and not url.netloc
        if url.geturl() and not (is_web or is_other or is_ours):
            hint = "An https URL, a path of this site, or mailto: and an address."
            yield Error(f"{name} is no link.", hint=hint, id="proveflow.E039")


@of_settings()
def paths(**_kwargs: object) -> Iterator[CheckMessage]:
    """E044: the pages or the static files have no possible path."""
    if not re.fullmatch(r"(/[\w.~-]+)*", settings.FORCE_SCRIPT_NAME or "", re.ASCII):
        hint = "A path that begins with a slash: /verify"
        yield Error("PATH_PREFIX is no path.", hint=hint, id="proveflow.E044")
    url = urlsplit(settings.STATIC_URL)
    if not (url.path.startswith("/") and url.path.endswith("/") and bool(url.netloc) == (url.scheme == "https")):
        hint = "A path, or an https URL at your CDN, that ends with a slash: https://cdn.example.com/static/"
        yield Error("STATIC_URL is no place of static files.", hint=hint, id="proveflow.E044")


@of_settings()
def folders(**_kwargs: object) -> Iterator[CheckMessage]:
    """E040: a folder is missing, or this user cannot write to it."""
    if conf.BRAND_DIR and not Path(conf.BRAND_DIR).is_dir():
        yield Error("BRAND_DIR is no folder.", hint="It contains logo.svg or brand.css.", id="proveflow.E040")
    static = Path(str(settings.STATIC_ROOT or ""))
    is_collected = (static / "staticfiles.json").is_file()  # as in a container whose files cannot be changed
    written = {} if settings.DEBUG or is_collected or not settings.STATIC_ROOT else {"STATIC_ROOT": static}
    if apps.is_installed("sandbox"):
        written["SANDBOX_STORE"] = Path(str(settings.SANDBOX_STORE)).parent
    for name, folder in written.items():
        nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
            hint = "Name a place that this user can write to."
            yield Error(f"{name} is in a folder that cannot be written to.", hint=hint, id="proveflow.E040")


@of_settings()
def strict_transport(**_kwargs: object) -> Iterator[CheckMessage]:
    """E042: browsers' preload lists would not take the site."""
    is_long = SHORTEST_PRELOAD.total_seconds() <= settings.SECURE_HSTS_SECONDS
    if settings.SECURE_HSTS_PRELOAD and not (is_long and settings.SECURE_HSTS_INCLUDE_SUBDOMAINS):
        hint = "Set HSTS_DAYS=365 or more and HSTS_SUBDOMAINS=1, or leave HSTS_PRELOAD out."
        yield Error("HSTS_PRELOAD is not possible.", hint=hint, id="proveflow.E042")


@of_settings(Tags.database)
def time_limits(databases: Sequence[str] | None = None, **_kwargs: object) -> Iterator[CheckMessage]:
    """W037: PostgreSQL does not answer, or a pooler has dropped the time limits of its sessions."""
    for alias in databases or ():
        if connections[alias].vendor == "postgresql":
            yield from _time_limits(connections[alias])


def _time_limits(database: Any) -> Iterator[CheckMessage]:
    """Ask on a connection of its own: the pool would wait for a database that does not answer."""
    try:
        with database.Database.connect(**database.get_connection_params()) as connection:
            found = connection.execute(TIME_LIMITS, [LIMITED]).fetchall()
    except database.Database.OperationalError as error:
        reason = str(error).partition("\n")[0]
        yield Warning(f"The database of DATABASE_URL fails: {reason}", hint="See its log.", id="proveflow.W037")
        return
    for (name,) in found:
        role = database.settings_dict["USER"]
        hint = f"A pooler drops it: set it for the role, ALTER ROLE {role} SET {name} = '3s'."
        yield Warning(f"PostgreSQL has no {name}.", hint=hint, id="proveflow.W037")
