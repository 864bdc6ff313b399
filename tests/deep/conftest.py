"""DEEP=1 runs the deep tests in full; without it each runs the part that fits into `make test`."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.deep.servers.parallel_requests import ParallelClients, parallel_clients
from tests.journey.conftest import Sandbox, later, sandbox, visitor

__all__ = ["later", "sandbox", "visitor"]

DEEP = os.environ.get("DEEP") == "1"


@pytest.fixture
def parallel(transactional_db: None, sandbox: Sandbox, settings: Any) -> Iterator[ParallelClients]:
    with parallel_clients(Path(settings.SANDBOX_STORE)) as parallel:
        yield parallel


T = TypeVar("T")


def share(deep: T, quick: T) -> T:
    """Return `deep` with DEEP=1, otherwise `quick`."""
    return deep if DEEP else quick


def report(figure: str) -> None:
    """Print a figure of a deep test. With pytest --capture=sys it is shown at once."""
    if DEEP:
        assert sys.__stderr__ is not None
        sys.__stderr__.write(f"\n{figure}\n")


def wait_until(condition: Callable[[], bool], message: str) -> None:
    """Wait until the condition holds; fail with the message after a minute."""
    ends = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < ends, message
        time.sleep(0.1)
