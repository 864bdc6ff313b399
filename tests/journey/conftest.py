"""Fixtures: the product's pages and the sandbox, in this process."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.db.models import BigIntegerField, F, Value
from django.test import Client

from onboarding.models import Binding, Case, Cell, Event, Lease, OnboardingSession, Proposal, ProveKey
from onboarding.operations.evidence.removal import allowed
from onboarding.upstream.breaker import PROBE_AGAIN_EVERY_S
from onboarding.upstream.lookup import lookup
from onboarding.upstream.messaging import messaging
from onboarding.upstream.prove import prove
from onboarding.upstream.twilio import twilio
from tests.journey.visitor import Visitor

Later = Callable[[int], None]


class Sandbox:
    """The sandbox's control API: docs/sandbox.md."""

    def inject_fault(self, route: str, kind: str, **options: object) -> None:
        """Let the calls of `route` fail in this way from now on."""
        self._post("faults", {"route": route, "kind": kind, **options})

    def clear_faults(self) -> None:
        Client().delete("/sandbox/control/faults", data="{}", content_type="application/json")

    def calls(self, route: str) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = Client().get("/sandbox/control/ledger.json", {"route": route}).json()
        return calls

    def advance(self, seconds: int) -> None:
        self._post("clock", {"advance_s": seconds})

    def set_switches(self, **switches: str) -> None:
        self._post("switches", dict(switches))

    def _post(self, what: str, order: dict[str, object]) -> None:
        answer = Client().post(f"/sandbox/control/{what}", json.dumps(order), content_type="application/json")
        assert answer.status_code == 200, answer.content


@pytest.fixture(autouse=True)
def sandbox(settings: Any, tmp_path: Path) -> Sandbox:
    """An empty sandbox, and vendor clients without an access token."""
    settings.SANDBOX_STORE = tmp_path / "sandbox.sqlite3"
    prove.cache_clear()
    twilio.cache_clear()
    lookup.cache_clear()
    messaging.cache_clear()
    return Sandbox()


def next_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Advance the process's clock to the time when an open breaker sends its next probe."""
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + PROBE_AGAIN_EVERY_S)


@pytest.fixture
def visitor(db: None) -> Visitor:
    return Visitor()


@pytest.fixture
def later() -> Later:
    """Return a function that lets seconds pass: the product's clock is the database's, so all rows become older."""

    def make_older(seconds: int) -> None:
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
        with transaction.atomic(), allowed():
            Event.objects.update(at=F("at") - timedelta(seconds=seconds))
        Lease.objects.update(**{c: F(c) - timedelta(seconds=seconds) for c in ("ends_at", "code_sent_at")})
        Case.objects.update(**{c: F(c) - timedelta(seconds=seconds) for c in ("taken_until", "snoozed_until")})
        Proposal.objects.update(at=F("at") - timedelta(seconds=seconds))
        Cell.objects.update(tat=F("tat") - Value(seconds * 1000, BigIntegerField()))

    return make_older
