"""The fixtures of the journey tests, together as `actors`."""

from typing import Any

import pytest

from tests.closed_sets.actors import Actors
from tests.journey.conftest import Later, Sandbox, later, sandbox, visitor
from tests.journey.visitor import Visitor

__all__ = ["later", "sandbox", "visitor"]


@pytest.fixture
def actors(visitor: Visitor, sandbox: Sandbox, later: Later, settings: Any) -> Actors:
    settings.ALLOWED_COUNTRIES = ["US"]  # a list of one country is rendered sooner than a list of all
    return Actors(visitor, sandbox, later, settings)
