"""The Web SDK in Chromium, on a page of another origin than the sandbox's."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.sandbox.prove.browser import Sdk, page_server


@pytest.fixture(scope="module")
def page_origin(standalone_origin: str) -> Iterator[str]:
    with page_server(standalone_origin) as origin:
        yield origin


@pytest.fixture
def sdk(chromium: Browser, page_origin: str) -> Iterator[Sdk]:
    """The Web SDK in a new browser profile. Fails the test on a violation of the page's Content-Security-Policy."""
    violations: list[str] = []
    with chromium.new_context() as context:
        page = context.new_page()
        page.on(
            "console", lambda message: violations.append(message.text) if "Security Policy" in message.text else None
        )
        page.goto(page_origin)
        yield Sdk(page)
    assert violations == []
