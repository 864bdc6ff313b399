"""Fixtures of the journeys, and the log lines that they write."""

import json
import logging
import logging.config
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings

from tests.journey.conftest import later, sandbox, visitor

__all__ = ["later", "sandbox", "visitor"]

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Return a function that returns the lines of the verbs so far, as the JSON formatter writes them."""
    configured = logging.config.DictConfigurator(settings.LOGGING)
    formatter = configured.configure_formatter({**settings.LOGGING["formatters"]["json"]})
    written: list[str] = []

    class Recorder(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(formatter.format(record))

    recorder, log = Recorder(), logging.getLogger("onboarding.verbs")
    recorder.addFilter(configured.configure_filter({**settings.LOGGING["filters"]["request_id"]}))
    log.addHandler(recorder)
    yield lambda: [json.loads(line) for line in written]
    log.removeHandler(recorder)
