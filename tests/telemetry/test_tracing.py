"""Spans of verbs and calls, with TRACES on: each with the request's id, none with personal data."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from onboarding.models import OnboardingSession
from onboarding.operations import telemetry_checks as checks
from onboarding.telemetry import tracing
from tests.deep.any_order.canaries import assert_absent
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor

NUMBER, E164 = "(201) 555-0123", "+12015550123"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.set_up(SimpleSpanProcessor(exporter))
    yield exporter
    tracing.tear_down()


def test_a_journey_makes_spans_of_its_requests_verbs_and_calls(visitor: Visitor, spans: InMemorySpanExporter) -> None:
    visitor.links(NUMBER, E164)
    names = [span.name for span in spans.get_finished_spans()]
    assert {"start", "check_device", "check_code", "bind"} <= set(names)
    assert {"prove.unify", "prove.unify-bind", "twilio.Verifications"} <= set(names)
    [bind] = [span for span in spans.get_finished_spans() if span.name == "bind"]
    assert bind.attributes and bind.attributes["outcome"] == "bound" and bind.attributes["request_id"]


def test_no_canary_is_in_a_span(visitor: Visitor, sandbox: Sandbox, spans: InMemorySpanExporter) -> None:
    sandbox.inject_fault("prove.unify", "refuse", times=1)
    visitor.opens()
    visitor.fetches("/start/", phone=NUMBER)
    visitor.links(NUMBER, E164)
    session = OnboardingSession.objects.get(state="bound")
    canaries = {E164, E164[1:], session.correlation_id or "", session.verification_sid, visitor.code(E164)}
    written = "\n".join(f"{span.to_json()}" for span in spans.get_finished_spans())
    assert_absent(written, canaries, "a span")


def test_after_a_tear_down_no_span_is_made(visitor: Visitor, spans: InMemorySpanExporter) -> None:
    tracing.tear_down()
    visitor.starts(NUMBER)
    assert spans.get_finished_spans() == ()


def test_traces_without_the_packages_are_an_error_at_start_up(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TRACES = True
    assert list(checks.traces()) == []
    monkeypatch.setattr(tracing, "is_installed", lambda: False)
    assert [error.id for error in checks.traces()] == ["proveflow.E080"]
