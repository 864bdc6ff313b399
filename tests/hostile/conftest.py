"""Fixtures: a browser in each situation in which a hostile request may arrive."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tests.deep.conftest import share
from tests.hostile.situations import SITUATIONS, number_of
from tests.journey.conftest import Sandbox, sandbox, visitor

__all__ = ["sandbox", "visitor"]

# SQLite in `make test` has the desk only: what a database can decide, PostgreSQL decides in production.
QUICK = ("a stranger", "at the code", "linked", "a reviewer") if connection.vendor == "postgresql" else ("a reviewer",)


@pytest.fixture(autouse=True)
def _quick_pages(settings: Any) -> None:
    """Allow one country: the list of all countries would slow down each page."""
    settings.ALLOWED_COUNTRIES = ["US"]


@pytest.fixture(
    params=share(deep=SITUATIONS, quick=[situation for situation in SITUATIONS if situation.name in QUICK]),
    ids=str,
)
def browser(request: Any, db: None, sandbox: Sandbox) -> Client:
    """A browser without Django's CSRF check, so that requests get past it. An exception is a 500, as on a server."""
    client: Client = request.param.prepare(number_of(123), sandbox).client
    client.handler.enforce_csrf_checks = False
    client.raise_request_exception = False
    return client
