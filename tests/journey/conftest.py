"""The product's own pages against the sandbox, in this process."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F
from django.test import Client

from onboarding.models import Binding, Cell, Event, Lease, OnboardingSession, ProveKey
from onboarding.upstream.breaker import PROBE_EVERY_S
from onboarding.upstream.lookup import lookup
from onboarding.upstream.messaging import messaging
from onboarding.upstream.prove import prove
from onboarding.upstream.twilio import twilio
from tests.journey.visitor import Visitor


class Sandbox:
    """The sandbox's control API."""

    def has(self, route: str, kind: str, **options: object) -> None:
        """A bad day from now on."""
        self._post("faults", {"route": route, "kind": kind, **options})

    def is_well(self) -> None:
        Client().delete("/sandbox/control/faults", data="{}", content_type="application/json")

    def calls(self, route: str) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = Client().get("/sandbox/control/ledger.json", {"route": route}).json()
        return calls

    def advance(self, seconds: int) -> None:
        self._post("clock", {"advance_s": seconds})

    def turn(self, **switches: str) -> None:
        self._post("switches", dict(switches))

    def _post(self, what: str, order: dict[str, object]) -> None:
        answer = Client().post(f"/sandbox/control/{what}", json.dumps(order), content_type="application/json")
        assert answer.status_code == 200, answer.content


@pytest.fixture(autouse=True)
def sandbox(settings: Any, tmp_path: Path) -> Sandbox:
    """A sandbox that remembers nothing, and clients that have no token of another."""
    settings.SANDBOX_STORE = tmp_path / "sandbox.sqlite3"
    prove.cache_clear()
    twilio.cache_clear()
    lookup.cache_clear()
    messaging.cache_clear()
    return Sandbox()


def next_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the seconds pass until a breaker that is open asks its upstream again."""
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + PROBE_EVERY_S)


@pytest.fixture
def visitor(db: None) -> Visitor:
    return Visitor()


@pytest.fixture
def later() -> Callable[[int], None]:
    """Lets seconds pass for the product: its clock is the database's, so its rows grow older instead."""

    def pass_by(seconds: int) -> None:
        columns = (
            "created_at",
            "moved_at",
            "expires_at",
            "code_sent_at",
            "send_again_at",
            "approved_at",
            "reviewed_at",
            "clearance_used_at",
        )
        past = {column: F(column) - timedelta(seconds=seconds) for column in columns}
        OnboardingSession.objects.update(**past)
        Binding.objects.update(**{c: F(c) - timedelta(seconds=seconds) for c in ("created_at", "revoked_at")})
        ProveKey.objects.update(**{c: F(c) - timedelta(seconds=seconds) for c in ("revoked_at", "tell_prove_at")})
        Event.objects.update(at=F("at") - timedelta(seconds=seconds))
        Lease.objects.update(**{c: F(c) - timedelta(seconds=seconds) for c in ("ends_at", "code_sent_at")})
        Cell.objects.update(tat=F("tat") - seconds * 1000)

    return pass_by
