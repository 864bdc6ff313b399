"""Django's settings of the database, from DATABASE_URL."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import Env
from psycopg import Error
from psycopg.conninfo import make_conninfo

from proveflow.postgresql.connection import ToldConnection

POSTGRESQL = ("postgres", "postgresql", "psql", "pgsql")
# What the query of DATABASE_URL may set besides the options of libpq.
OF_DJANGO = {"assume_role", "isolation_level"}
# What would break the rules of docs/design.md, or the pool of connections.
FIXED = ("CONN_MAX_AGE", "CONN_HEALTH_CHECKS", "ATOMIC_REQUESTS", "AUTOCOMMIT", "DISABLE_SERVER_SIDE_CURSORS")
IDLE_S = 60.0  # after which an idle connection of the pool is closed
SESSION_LIMITS_MS = {"lock_timeout": 2000, "idle_in_transaction_session_timeout": 5000}
# PostgreSQL parses and plans a statement once a connection: a third less of its CPU than without.
PREPARED = {"server_side_binding": True, "prepare_threshold": 2}
# The kernel notices a database host that has died.
ALIVE = {
    "connect_timeout": 2,  # seconds
    "tcp_user_timeout": 5000,  # ms
    "keepalives_idle": 5,  # seconds, as the next
    "keepalives_interval": 2,
    "keepalives_count": 2,
}


def configuration(url: str, *, pool_size: int, pooler: bool, statement_timeout_s: int) -> dict[str, Any]:
    """Return an entry of DATABASES. Raises ImproperlyConfigured, without any part of the URL, which has a password.

    `pooler`: PgBouncer or the like is between us and PostgreSQL, in transaction mode. It keeps no options of a session,
    so the limits have to be the role's: the check `proveflow.W037` tells whether they are.
    """
    config = _parsed(url)
    if config["ENGINE"] == "django.db.backends.sqlite3":
        config["OPTIONS"] = {
            "timeout": 20,  # seconds
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
        return config
    theirs = _options(config)
    limits_ms = {"statement_timeout": statement_timeout_s * 1000, **SESSION_LIMITS_MS}
    limits = " ".join(f"-c {name}={limit}" for name, limit in limits_ms.items())
    if not pooler:
        theirs["options"] = f"{limits} {theirs.get('options', '')}".strip()
    # A pool, since a request gives its connection back while it waits for a vendor. Times in seconds.
    pool = {"min_size": 1, "max_size": max(1, pool_size), "timeout": 10, "reconnect_timeout": 2, "max_idle": IDLE_S}
    return {
        **config,
        "ENGINE": "proveflow.postgresql",  # checks idle connections, and tells why there is none
        "OPTIONS": {
            **ALIVE,
            **PREPARED,
            **theirs,
            **({"prepare_threshold": None} if pooler else {}),
            "pool": {**pool, "connection_class": ToldConnection},
        },
        "DISABLE_SERVER_SIDE_CURSORS": pooler,
    }


def sqlite_file(folder: Path) -> str:
    """Return the URL of the database that is used without DATABASE_URL. Raises ImproperlyConfigured."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"DATABASE_URL is not set, and {folder} cannot be made: {error.strerror}.") from None
    return "sqlite:///" + quote(str(folder / "proveflow.sqlite3"))


def _parsed(url: str) -> dict[str, Any]:
    """Return what django-environ reads, if it can be the URL of a database that we support."""
    scheme, _, rest = url.partition("://")
    if scheme not in (*POSTGRESQL, "sqlite"):
        raise ImproperlyConfigured("DATABASE_URL has to begin with postgres:// or sqlite:///.")
    if scheme == "sqlite" and not re.match(r"/.|:memory:", rest):
        raise ImproperlyConfigured(
            "DATABASE_URL has three slashes before the path of an SQLite file, as sqlite:///var/x."
        )
    try:
        is_whole = not urlsplit(url).fragment
        config: dict[str, Any] = Env.db_url_config(url)
    except ValueError:
        is_whole = False
    if not is_whole:
        hint = "In a password, write %23 for #, %2F for /, %3F for ?, %40 for @, %5B for [ and %25 for %."
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read. {hint}")
    if not config["NAME"]:
        raise ImproperlyConfigured("DATABASE_URL names no database: postgres://user:password@host:5432/name.")
    return config


def _options(config: dict[str, Any]) -> dict[str, Any]:
    """Return the options in the query of the URL, which go to libpq. Raises ImproperlyConfigured."""
    for name in FIXED:
        if name in config:
            raise ImproperlyConfigured(f"DATABASE_URL sets {name}, which proveflow sets itself: remove it.")
    options: dict[str, Any] = config.get("OPTIONS", {})
    for name in options.keys() - OF_DJANGO:
        try:
            make_conninfo("", **{name: "1"})
        except Error:
            raise ImproperlyConfigured(f"DATABASE_URL: {name} is no option of a connection to PostgreSQL.") from None
        if name in ALIVE and not str(options[name]).isdecimal():
            raise ImproperlyConfigured(f"DATABASE_URL: {name} has to be a whole number.")
    return options
