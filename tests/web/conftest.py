"""The journeys' own sandbox, visitor and clock."""

from tests.journey.conftest import later, sandbox, visitor

__all__ = ["later", "sandbox", "visitor"]
