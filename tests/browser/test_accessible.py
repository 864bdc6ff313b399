"""Accessibility of all page states: axe-core finds no violation, and nothing is cut off at 320 pixels and 200 %."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.browser.driver.page_states import PAGE_STATES
from tests.browser.driver.person import Person
from tests.processes import ROOT

AXE = ROOT / "node_modules/axe-core/axe.min.js"
MEDIA: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "more contrast": {"color_scheme": "light", "contrast": "more"},
    "dark, more contrast": {"color_scheme": "dark", "contrast": "more"},
    "forced colours": {"color_scheme": "dark", "contrast": "no-preference", "forced_colors": "active"},
}
# The rules of axe that depend on colours. It cannot judge contrast in forced colours: it reads those of the page.
COLOUR_RULES = ["link-in-text-block", "color-contrast"]
RUN_AXE = """([forced, some]) =>
  Promise.all(document.getAnimations().map(({finished}) => finished)).then(() => axe.run({
  resultTypes: ["violations"],
  ...(some ? {runOnly: some} : {rules: {"target-size": {enabled: true}, "color-contrast": {enabled: !forced}}}),
})).then(({violations}) =>
  violations.map(({id, nodes}) => [id, ...nodes.map((node) => node.failureSummary + node.html)]))"""
BOXES = """() => JSON.stringify([...document.querySelectorAll("*")].map((it) =>
  [it.checkVisibility(), it.getBoundingClientRect()]))"""
SMALL_TARGETS = """[...document.querySelectorAll("button, a.button, select, summary, input:not([type=hidden])")]
  .filter((it) => it.checkVisibility() && it.getBoundingClientRect().height < 44)
  .map((it) => it.outerHTML)"""
# A word of at most ten letters must not be broken; a field must show all of a six-digit code.
CUT_TEXTS = """() => {
  const lines = (node, start, end) => {
    const range = document.createRange();
    range.setStart(node, start);
    range.setEnd(node, end);
    return new Set([...range.getClientRects()].map((place) => Math.round(place.top))).size;
  };
  const cut = document.documentElement.scrollWidth > innerWidth ? ["the page"] : [];
  for (const it of document.querySelectorAll("h1, h2, label, button, .button, .match, input, a, summary")) {
    if (!it.checkVisibility()) continue;
    if (it.matches("input, button, .match") && it.scrollWidth > it.clientWidth) cut.push(it.outerHTML);
    const texts = document.createTreeWalker(it, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      for (const {0: word, index} of text.data.matchAll(/[^\\s-]+/g)) {
        if (word.length <= 10 && lines(text, index, index + word.length) > 1) cut.push(word);
      }
    }
  }
  return cut;
}"""
# A worker for each half of the states in each language.
LANGUAGES = [pytest.param(code, marks=pytest.mark.xdist_group(code)) for code in ("en", "ar")]
STATES = [pytest.param(name, marks=pytest.mark.xdist_group(f"{n % 2}")) for n, name in enumerate(PAGE_STATES)]
pytestmark = [  # as in production, with its error pages
    pytest.mark.parametrize("site", ["alone"], indirect=True),
    pytest.mark.parametrize("language", LANGUAGES),
]


def found_by_axe(person: Person, looks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the violations of each look. All rules run again only in a look that moves, shows or hides something."""
    seen = list(person.violations)
    person.page.evaluate(AXE.read_text())
    found, checked = {}, set()
    for name, media in looks.items():
        person.page.emulate_media(reduced_motion="reduce", **media)
        boxes, forced = person.page.evaluate(BOXES), "forced_colors" in media
        rules = COLOUR_RULES[: 1 if forced else 2] if boxes in checked else None
        found[name] = person.page.evaluate(RUN_AXE, [forced, rules])
        checked.add(boxes)
    person.violations[:] = seen  # axe itself may violate the policy
    return {name: violations for name, violations in found.items() if violations}


def cut_texts(person: Person) -> list[str]:
    person.page.set_viewport_size({"width": 320, "height": 640})
    person.page.evaluate("document.documentElement.style.fontSize = '200%'")
    if (code := person.page.locator("input.code")).count():
        code.fill("123456")
    words: list[str] = person.page.evaluate(CUT_TEXTS)
    return words


@pytest.mark.parametrize("state", STATES)
def test_a_page_state_is_accessible(person: Person, state: str, language: str) -> None:
    PAGE_STATES[state](person)
    looks = MEDIA if language == "en" else {"light": MEDIA["light"]}  # colours are the same in all languages
    assert found_by_axe(person, looks) == {}
    if not state.startswith("desk"):  # Django's admin, for reviewers at computers
        assert person.page.evaluate(SMALL_TARGETS) == []
        assert cut_texts(person) == []
