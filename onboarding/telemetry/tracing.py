"""Spans of OpenTelemetry, if TRACES is on. The extra `otel` installs what that needs.

Where spans go is read from OpenTelemetry's own variables, such as OTEL_EXPORTER_OTLP_ENDPOINT:
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from onboarding import __version__
from onboarding.telemetry import request_ids

EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
_tracer: Any = None


def is_installed() -> bool:
    """Return whether the packages of the extra are there."""
    return find_spec("opentelemetry") is not None and find_spec("opentelemetry.sdk") is not None


def set_up(processor: Any = None) -> None:
    """Send the spans of this process to `processor`, or to the collector that the environment names."""
    global _tracer  # noqa: PLW0603 - one for a process
    sdk, export = import_module("opentelemetry.sdk.trace"), import_module("opentelemetry.sdk.trace.export")
    resource = import_module("opentelemetry.sdk.resources").Resource.create({"service.name": "proveflow"})
    provider = sdk.TracerProvider(resource=resource)
    provider.add_span_processor(processor or export.BatchSpanProcessor(import_module(EXPORTER).OTLPSpanExporter()))
    _tracer = provider.get_tracer("proveflow", __version__)


def tear_down() -> None:
    """Make no spans from now on."""
    global _tracer  # noqa: PLW0603 - as above
    _tracer = None


@contextmanager
def span(name: str, outcome: Mapping[str, str]) -> Iterator[None]:
    """Make a span of the block. `outcome` is filled by the block, and becomes attributes.

    No exception is recorded: its text could name anything.
    """
    if _tracer is None:
        yield
        return
    with _tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as current:
        try:
            yield
        finally:
            current.set_attributes({"request_id": request_ids.current(), **outcome})
