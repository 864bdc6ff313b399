"""The fixtures of journeys, for a host project's hooks and signals."""

from tests.journey.conftest import later, sandbox, visitor  # noqa: F401 - fixtures
