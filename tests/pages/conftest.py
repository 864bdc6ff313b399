"""The journeys' own sandbox, visitor and clock."""

from tests.journeys.conftest import later, sandbox, visitor

__all__ = ["later", "sandbox", "visitor"]
