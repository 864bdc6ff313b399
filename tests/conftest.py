"""One Chromium for all tests of a worker."""

import gc
import os
import shutil
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.utils import translation
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from onboarding.conf import NAME, TYPES, conf
from onboarding.operations.evidence.removal import TABLE

SHELLS = ("chromium-headless-shell", "headless_shell")  # first: they draw no window
NAMES = (*SHELLS, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
CANDIDATES = [os.environ.get("CHROMIUM"), *map(shutil.which, NAMES), shutil.which(MAC_CHROME)]
CHROMIUM: str | None = next(filter(None, CANDIDATES), None)
FLAGS = [
    f"--{flag}"
    for flag in ("no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-component-update")
    + ("disable-background-networking", "disable-sync")
]
FLAGS.append("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost")  # nothing beyond loopback

expect.set_options(timeout=20_000)  # ms: on a busy machine, a page takes its time

NO_OPTIMIZER = "--js-flags=--no-opt,--no-maglev"  # pages live too short for optimized code to pay

LONG = ("tests/deep/", "tests/hostile/")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests come first: at the end, the other workers would have nothing to do but wait for them."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_collection_finish() -> None:
    """Garbage collections skip all that has been imported."""
    gc.freeze()


class ProductSettings:
    """Django's settings, in which a test also reads and sets those of the dict PROVEFLOW, by their names."""

    def __init__(self, django_settings: Any) -> None:
        self.__dict__["django_settings"] = django_settings

    def __getattr__(self, name: str) -> Any:
        return getattr(conf if name in TYPES else self.django_settings, name)

    def __setattr__(self, name: str, value: object) -> None:
        if name in TYPES:
            name, value = NAME, {**getattr(self, NAME), name: value}
        setattr(self.django_settings, name, value)


@pytest.fixture
def settings(settings: Any) -> ProductSettings:
    return ProductSettings(settings)


@pytest.fixture(autouse=True)
def _default_language() -> None:
    """A request leaves its language active in the thread: without this, the next test would start in it."""
    translation.deactivate()


@pytest.fixture(autouse=True, scope="session")
def _tables_can_be_emptied() -> Iterator[None]:
    """After a test with transactions, SQLite's tables are emptied by DELETE, which is refused for events."""
    kind: Any = DatabaseWrapper.ops_class
    flush = kind.execute_sql_flush

    def flush_events_too(operations: Any, statements: list[str]) -> None:
        flush(operations, [f"INSERT INTO {TABLE} VALUES (1)", *statements, f"DELETE FROM {TABLE}"])

    with patch.object(kind, "execute_sql_flush", flush_events_too):
        yield


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    if CHROMIUM is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("no Chromium or Chrome here: install one, or set CHROMIUM=/path/to/it")
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, NO_OPTIMIZER])
    yield browser
    browser.close()
