"""Browsers that stand where a hostile request may strike: nowhere, at the code, linked, and at the reviewers' desk."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from tests.journeys.conftest import sandbox, visitor
from tests.journeys.visitor import Visitor

__all__ = ["sandbox", "visitor"]

NUMBER, E164 = "201 555 0123", "+12015550123"


@pytest.fixture(params=["a stranger", "at the code", "linked", "a reviewer"])
def browser(request: Any, visitor: Visitor) -> Client:
    """Without Django's CSRF check, so that requests reach the page behind it; an exception is a 500, as on a server."""
    match request.param:
        case "at the code":
            visitor.starts(NUMBER)
        case "linked":
            visitor.links(NUMBER, E164)
        case "a reviewer":
            _log_in_reviewer(visitor.client)
    visitor.client.handler.enforce_csrf_checks = False
    visitor.client.raise_request_exception = False
    return visitor.client


def _log_in_reviewer(client: Client) -> None:
    call_command("createreviewer", "ada", no_input=True, stdout=StringIO())
    ada = User.objects.get(username="ada")
    client.force_login(ada)
    session = client.session
    session["otp_device_id"] = TOTPDevice.objects.get(user=ada).persistent_id
    session.save()
