"""What may go wrong: a vendor's bad day, a lie, a process that dies, time that passes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import requests
from django.apps import apps
from django.db import models
from django.db.models import F

from onboarding.models import Cell, Event
from sandbox.adapter import SandboxAdapter

STEPS_S = (1, 31, 41, 61, 121, 301, 601, 1801, 86_401)  # past each wait, lease and end that there is
PAST_EVERYTHING_S = 2 * 86_400
ODD = (True, False, "True", "TRUE", "yes", "maybe", 1, None, ["true"], {"true": "true"}, "")

KINDS: list[dict[str, Any]] = [
    {"kind": kind} for kind in ("refuse", "reset", "lost", "truncated", "html", "empty", "types", "unknown_value")
]
KINDS += [{"kind": "status", "status": status} for status in (400, 401, 403, 404, 429, 500, 503)]
KINDS += [{"kind": "status", "status": 503, "effect": True}, {"kind": "status", "status": 500, "effect": True}]

SOMEBODY_ELSES: dict[str, Any] = {"success": "true", "proveId": "p", "phoneNumber": "+12025550102"}
A_NO: dict[str, Any] = {"success": "false", "evaluation": {"authentication": {"failureReasons": {"9100": "no"}}}}
FORGERIES: list[dict[str, Any]] = [{"kind": "answer", "body": {"success": odd, "proveId": "p"}} for odd in ODD]
FORGERIES += [
    {"kind": "answer", "body": body}
    for body in (
        SOMEBODY_ELSES,
        A_NO,
        {"success": "true", "proveId": "p", "clientRequestId": "another"},
        {"success": "true"},
        {"status": "approved", "valid": True},
    )
]


class Crash(BaseException):
    """The process dies here, as far as one process can play it: nothing that comes after happens."""


class Bomb:
    """Goes off at one outside call, before it is sent or after it was answered."""

    def __init__(self) -> None:
        self.end, self.after = "", False

    def arm(self, end: str, *, after: bool) -> None:
        self.end, self.after = end, after

    @contextmanager
    def planted(self) -> Iterator[None]:
        calm = SandboxAdapter.send

        def send(adapter: SandboxAdapter, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
            hit = bool(self.end) and str(request.url).endswith("/" + self.end)
            if hit:
                self.end = ""
            if hit and not self.after:
                raise Crash
            answer = calm(adapter, request, *args, **kwargs)
            if hit:
                raise Crash
            return answer

        with patch.object(SandboxAdapter, "send", send):
            yield


def later(seconds: int) -> None:
    """The product's clock is the database's: every moment that a row waits for moves into the past instead."""
    for model in apps.get_app_config("onboarding").get_models():
        moments = [each.name for each in model._meta.fields if isinstance(each, models.DateTimeField)]
        if moments and model is not Event:
            model._default_manager.update(**{name: F(name) - timedelta(seconds=seconds) for name in moments})
    Cell.objects.update(tat=F("tat") - seconds * 1000)  # ms


class Patience:
    """This process's own clock, for breakers, waits and the access token: it goes on by order, and sleep is free."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def pass_by(self, seconds: float) -> None:
        self.ahead_s += seconds

    @contextmanager
    def granted(self) -> Iterator[None]:
        true = time.monotonic
        with (
            patch.object(time, "monotonic", lambda: true() + self.ahead_s),
            patch.object(time, "sleep", self.pass_by),
        ):
            yield
