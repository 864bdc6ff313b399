"""Clients of vendors that only `responses` or a loopback socket stands in for."""

from collections.abc import Iterator

import pytest
import responses


@pytest.fixture
def vendor() -> Iterator[responses.RequestsMock]:
    """No call leaves; each reply that a test prepared has to be fetched."""
    with responses.RequestsMock() as mock:
        yield mock
