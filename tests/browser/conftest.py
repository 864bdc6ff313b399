"""A real browser, the unmodified Web SDK, and the product as people run it: once with the sandbox built in, once as
in production, with the sandbox alone behind real HTTP."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.stage.person import Person
from tests.browser.stage.site import Alone, BuiltIn, Site


@pytest.fixture(
    scope="session",
    params=[
        pytest.param("built in", marks=pytest.mark.xdist_group("built in")),
        pytest.param("alone", marks=pytest.mark.xdist_group("alone")),
    ],
)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The product in a process of its own, and its sandbox."""
    folder = tmp_path_factory.mktemp("site")
    with (BuiltIn if request.param == "built in" else Alone).running(folder) as site:
        yield site


@pytest.fixture
def language() -> str:
    return "en"


@pytest.fixture
def context(chromium: Browser, language: str) -> Iterator[BrowserContext]:
    with chromium.new_context(viewport={"width": 390, "height": 844}, locale=language) as context:
        yield context


@pytest.fixture
def person(site: Site, context: BrowserContext, language: str) -> Iterator[Person]:
    """Somebody with a fresh browser, and a sandbox that remembers nothing. Ends with: no CSP violation was seen."""
    site.forget()
    person = Person(context, site, language)
    yield person
    assert person.violations == []
