"""Fixtures: a person with Firefox, and one with WebKit, where the machine has them."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright

from tests.browser.driver import webkit
from tests.browser.driver.person import Person
from tests.browser.driver.site import Site, WithBuiltInSandbox, WithStandaloneSandbox
from tests.browser.driver.verbs import Verbs
from tests.browser.driver.webkit import WebKitPerson

NAMES = ("firefox", "firefox-esr")
FIREFOX = next(filter(None, [os.environ.get("FIREFOX"), *map(shutil.which, NAMES)]), None)


@pytest.fixture(
    scope="session",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ("firefox", "webkit")],
)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def site(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The product as in production. Not for WebKit: without https, it keeps no cookies that are marked as secure."""
    kind = WithBuiltInSandbox if engine == "webkit" else WithStandaloneSandbox
    with kind.running(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="session")
def firefox(playwright: Playwright) -> Iterator[Browser]:
    """Firefox as it is distributed, by WebDriver BiDi."""
    if FIREFOX is None:
        pytest.skip("no Firefox here: install one, or set FIREFOX=/path/to/it")
    browser = playwright.firefox.launch(channel="moz-firefox", executable_path=FIREFOX)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    if webkit.MISSING:
        pytest.skip(f"no {', '.join(webkit.MISSING)} here: Debian has them in webkit2gtk-driver and xvfb")
    with webkit.screen() as display:
        yield display


@pytest.fixture
def firefox_person(site: Site, firefox: Browser) -> Iterator[Person]:
    with firefox.new_context(viewport={"width": 390, "height": 844}) as context:
        person = Person(context, site)
        yield person
        assert person.violations == []


@pytest.fixture
def webkit_person(site: Site, display: str) -> Iterator[WebKitPerson]:
    with WebKitPerson.with_a_browser(site, display) as person:
        yield person


@pytest.fixture
def anybody(request: pytest.FixtureRequest, site: Site, engine: str) -> Verbs:
    """A person with the browser `engine`, and an empty sandbox."""
    site.reset()
    person: Verbs = request.getfixturevalue(f"{engine}_person")
    return person
