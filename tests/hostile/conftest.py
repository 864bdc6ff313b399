"""Browsers that stand where a hostile request may strike."""

from typing import Any

import pytest
from django.test import Client

from tests.deep.conftest import share
from tests.hostile.places import PLACES, numbered
from tests.journey.conftest import Sandbox, sandbox, visitor

__all__ = ["sandbox", "visitor"]

SOME = ("a stranger", "at the code", "linked", "a reviewer")


@pytest.fixture(autouse=True)
def _quick_pages(settings: Any) -> None:
    """One country to choose: the names of the others take longer to draw than all the rest."""
    settings.ALLOWED_COUNTRIES = ["US"]


@pytest.fixture(params=share(deep=PLACES, quick=[place for place in PLACES if place.name in SOME]), ids=str)
def browser(request: Any, db: None, sandbox: Sandbox) -> Client:
    """Without Django's CSRF check, so that requests reach the page behind it; an exception is a 500, as on a server."""
    client: Client = request.param.take(numbered(123), sandbox).client
    client.handler.enforce_csrf_checks = False
    client.raise_request_exception = False
    return client
