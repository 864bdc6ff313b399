"""DEEP=1 runs the whole proofs; without it each has a share that fits into `make test`."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.deep.fleet.racers import Racers, racing
from tests.journey.conftest import Sandbox, later, sandbox, visitor

__all__ = ["later", "sandbox", "visitor"]

DEEP = os.environ.get("DEEP") == "1"


@pytest.fixture
def racers(transactional_db: None, sandbox: Sandbox, settings: Any) -> Iterator[Racers]:
    with racing(Path(settings.SANDBOX_STORE)) as racers:
        yield racers


T = TypeVar("T")


def share(deep: T, quick: T) -> T:
    """How often to try, or where."""
    return deep if DEEP else quick


def tell(figure: str) -> None:
    """A figure for whoever runs the long proofs, past the capture of pytest --capture=sys."""
    if DEEP:
        assert sys.__stderr__ is not None
        sys.__stderr__.write(f"\n{figure}\n")


def until(comes_true: Callable[[], bool], complaint: str) -> None:
    """Wait for it, a minute at the most."""
    ends = time.monotonic() + 60
    while not comes_true():
        assert time.monotonic() < ends, complaint
        time.sleep(0.1)
