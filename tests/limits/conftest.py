"""The fixtures of the journey tests, and clients that send requests in parallel."""

from tests.deep.conftest import parallel
from tests.journey.conftest import later, sandbox, visitor

__all__ = ["later", "parallel", "sandbox", "visitor"]
