"""Fixtures: Chromium with the unmodified Web SDK, and the product with the sandbox built in or as in production."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ViewportSize

from tests.browser.driver.person import Person
from tests.browser.driver.site import Site, WithBuiltInSandbox, WithStandaloneSandbox
from tests.deep.conftest import share

SIZE: ViewportSize = {"width": 390, "height": 844}
BUILT_IN, ALONE = (pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ("built in", "alone"))


@pytest.fixture(scope="session", params=share(deep=[BUILT_IN, ALONE], quick=[ALONE]))
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The product in a process of its own, and its sandbox."""
    folder = tmp_path_factory.mktemp("site")
    with (WithBuiltInSandbox if request.param == "built in" else WithStandaloneSandbox).running(folder) as site:
        yield site


@pytest.fixture
def language() -> str:
    return "en"


@pytest.fixture
def context(chromium: Browser, language: str) -> Iterator[BrowserContext]:
    with chromium.new_context(viewport=SIZE, locale=language) as context:
        yield context


@pytest.fixture
def person(site: Site, context: BrowserContext, language: str) -> Iterator[Person]:
    """Yield a person with a new browser and an empty sandbox; at the end, assert that there was no CSP violation."""
    site.reset()
    person = Person(context, site, language)
    yield person
    assert person.violations == []
