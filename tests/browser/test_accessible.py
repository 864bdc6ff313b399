"""axe-core finds nothing on any page in any state, light and dark."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.person import Person
from tests.browser.states import STATES
from tests.processes import ROOT

AXE = ROOT / "node_modules/axe-core/axe.min.js"
FOUND = "axe.run().then(({violations}) => violations.map((v) => [v.id, ...v.nodes.map((n) => n.failureSummary)]))"
pytestmark = pytest.mark.parametrize(  # with the pages of production, errors among them
    "site", [pytest.param("alone", marks=pytest.mark.xdist_group("alone"))], indirect=True
)


@pytest.fixture(params=["light", "dark"])
def context(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[BrowserContext]:
    size = {"width": 390, "height": 844}
    with chromium.new_context(viewport=size, color_scheme=request.param, reduced_motion="reduce") as context:  # type: ignore[arg-type]
        context.set_default_timeout(8_000)  # ms
        yield context


@pytest.mark.parametrize("state", ["phone", "phone-wrong", "code", "code-wrong", "moved", "done", "welcome"])
def test_nothing_is_cut_at_320_pixels_and_text_twice_the_size(person: Person, state: str) -> None:
    STATES[state](person)
    person.page.set_viewport_size({"width": 320, "height": 640})
    person.page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert person.page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(person: Person, state: str) -> None:
    STATES[state](person)
    person.page.evaluate(AXE.read_text())
    assert person.page.evaluate(FOUND) == []
