"""The sandbox, visitor and clock of the journeys, together."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.closed_sets.scenarios import Actors
from tests.journey.conftest import Sandbox, later, sandbox, visitor
from tests.journey.visitor import Visitor

__all__ = ["later", "sandbox", "visitor"]


@pytest.fixture
def actors(visitor: Visitor, sandbox: Sandbox, later: Callable[[int], None], settings: Any) -> Actors:
    settings.ALLOWED_COUNTRIES = ["US"]  # a list of one country is rendered sooner than a list of all
    return Actors(visitor, sandbox, later, settings)
