"""System checks of what operators see."""

from collections.abc import Iterator

from django.core.checks import CheckMessage, Error

from onboarding.conf import conf
from onboarding.operations.settings_check import of_settings
from onboarding.telemetry import tracing


@of_settings()
def traces(**_kwargs: object) -> Iterator[CheckMessage]:
    """E080: TRACES is on, and OpenTelemetry is not installed."""
    if conf.TRACES and not tracing.is_installed():
        hint = "pip install 'proveflow[otel]', or TRACES=0."
        yield Error("TRACES needs OpenTelemetry's packages.", hint=hint, id="proveflow.E080")
