"""Fixtures: a mock of the vendors."""

from collections.abc import Iterator

import pytest
import responses


@pytest.fixture
def vendor() -> Iterator[responses.RequestsMock]:
    """Yield a mock of all vendors: no call leaves the process, and every registered response must be fetched."""
    with responses.RequestsMock() as mock:
        yield mock
