"""Faults of vendors, forged answers, crashes of the process, and time that passes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import requests
from django.apps import apps
from django.db import models
from django.db.models import BigIntegerField, F, Value

from onboarding.models import Cell, Checkpoint, Event
from sandbox.adapter import SandboxAdapter
from tests.crashes import Crash

STEPS_S = (1, 31, 41, 61, 121, 301, 601, 1801, 86_401)  # each longer than one of the waits, timeouts and lifetimes
PAST_EVERYTHING_S = 31 * 86_400  # the hold of an undecided bind ends after 30 days
ODD_VALUES = (True, False, "True", "TRUE", "yes", "maybe", 1, None, ["true"], {"true": "true"}, "")

FAULTS: list[dict[str, Any]] = [
    {"kind": kind} for kind in ("refuse", "reset", "lost", "truncated", "html", "empty", "types", "unknown_value")
]
FAULTS += [{"kind": "status", "status": status} for status in (400, 401, 403, 404, 429, 500, 503)]
FAULTS += [{"kind": "status", "status": 503, "effect": True}, {"kind": "status", "status": 500, "effect": True}]

FOR_ANOTHER_NUMBER: dict[str, Any] = {"success": "true", "proveId": "p", "phoneNumber": "+12025550102"}
DECLINED: dict[str, Any] = {"success": "false", "evaluation": {"authentication": {"failureReasons": {"9100": "no"}}}}
FORGED_ANSWERS: list[dict[str, Any]] = [
    {"kind": "answer", "body": {"success": value, "proveId": "p"}} for value in ODD_VALUES
]
FORGED_ANSWERS += [
    {"kind": "answer", "body": body}
    for body in (
        FOR_ANOTHER_NUMBER,
        DECLINED,
        {"success": "true", "proveId": "p", "clientRequestId": "another"},
        {"success": "true"},
        {"success": "true", "proveId": "p", "deviceId": None, "phoneNumber": ""},
        {"status": "approved", "valid": True},
    )
]


class CrashPoint:
    """Crashes the process at one call to a vendor, before it is sent or after it was answered."""

    def __init__(self) -> None:
        self.end, self.after = "", False

    def arm(self, end: str, *, after: bool) -> None:
        self.end, self.after = end, after

    @contextmanager
    def installed(self) -> Iterator[None]:
        unpatched = SandboxAdapter.send

        def send(adapter: SandboxAdapter, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
            hit = bool(self.end) and str(request.url).endswith("/" + self.end)
            if hit:
                self.end = ""
            if hit and not self.after:
                raise Crash
            answer = unpatched(adapter, request, *args, **kwargs)
            if hit:
                raise Crash
            return answer

        with patch.object(SandboxAdapter, "send", send):
            yield


def later(seconds: int) -> None:
    """Let seconds pass: the product's clock is the database's, so the times in all rows are moved into the past."""
    for model in apps.get_app_config("proveflow").get_models():
        times = [each.name for each in model._meta.fields if isinstance(each, models.DateTimeField)]
        if times and model not in (Event, Checkpoint):  # which are append-only
            model._default_manager.update(**{name: F(name) - timedelta(seconds=seconds) for name in times})
    Cell.objects.update(tat=F("tat") - Value(seconds * 1000, BigIntegerField()))  # ms


class FakeClock:
    """Replaces the process's clock, for breakers, waits and the access token: `sleep` advances it without waiting."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def advance(self, seconds: float) -> None:
        self.ahead_s += seconds

    @contextmanager
    def installed(self) -> Iterator[None]:
        real = time.monotonic
        with (
            patch.object(time, "monotonic", lambda: real() + self.ahead_s),
            patch.object(time, "sleep", self.advance),
        ):
            yield
