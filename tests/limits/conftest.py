"""The journeys' sandbox and visitors, and the races' racers, for what may not be done too often."""

from tests.deep.conftest import racers
from tests.journey.conftest import later, sandbox, visitor

__all__ = ["later", "racers", "sandbox", "visitor"]
