"""The journeys' sandbox and visitors, for what may not be done too often."""

from tests.journeys.conftest import later, sandbox, visitor

__all__ = ["later", "sandbox", "visitor"]
