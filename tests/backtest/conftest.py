"""The fixtures of the journey tests."""

from tests.journey.conftest import later, sandbox, visitor

__all__ = ["later", "sandbox", "visitor"]
