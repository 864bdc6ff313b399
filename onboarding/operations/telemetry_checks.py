"""System checks of what operators see."""

from collections.abc import Iterator

from django.core.checks import CheckMessage, Error, register

from onboarding.conf import conf
from onboarding.telemetry import tracing


@register
def traces(**_kwargs: object) -> Iterator[CheckMessage]:
    """E080: TRACES is on, and OpenTelemetry is not installed."""
    if conf.TRACES and not tracing.is_installed():
        hint = "pip install 'proveflow[otel]', or TRACES=0."
        yield Error("TRACES needs OpenTelemetry's packages.", hint=hint, id="onboarding.E080")
