"""Accessibility of all page states: axe-core finds no violation, and nothing is cut off at 320 pixels and 200 %."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.browser.conftest import SIZE
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
END_MOVEMENTS = """() => {
  for (const it of document.getAnimations()) if (it.effect.getComputedTiming().endTime !== Infinity) it.finish();
}"""
RUN_AXE = """([forced, some]) => axe.run({
  resultTypes: ["violations"],
  ...(some ? {runOnly: some} : {rules: {"target-size": {enabled: true}, "color-contrast": {enabled: !forced}}}),
}).then(({violations}) =>
  violations.map(({id, nodes}) => [id, ...nodes.map((node) => node.failureSummary + node.html)]))"""
BOXES = """() => JSON.stringify([...document.querySelectorAll("*")].map((it) =>
  [it.checkVisibility(), it.getBoundingClientRect()]))"""
# All that the rules about colours read of an element, and of what is drawn before and after it.
COLOURS = """() => {
  const names = ["color", "backgroundColor", "backgroundImage", "opacity", "textShadow", "textDecoration", "filter",
    "fontSize", "fontWeight", "mixBlendMode", "borderBottom", "boxShadow", "outline", "content"];
  const drawn = (it, part) => {
    const style = getComputedStyle(it, part);
    return part && style.content === "none" ? null : names.map((name) => style[name]);
  };
  return JSON.stringify([...document.querySelectorAll("*")].filter((it) => it.checkVisibility())
    .map((it) => [null, "::before", "::after"].map((part) => drawn(it, part))));
}"""
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
VISIBLE = """() => JSON.stringify([...document.body.querySelectorAll("*")].filter((it) => it.checkVisibility())
  .map(({tagName, className}) => tagName + className))"""
# States that a page leaves when it is loaded again.
PASSING = frozenset(
    [
        "phone-expanded",
        "phone-wrong",
        "phone-two-numbers",
        "phone-unlisted",
        "phone-limited",
        "phone-country-refused",
        "check",
        "check-slow",
        "check-failed",
        "check-too-slow",
        "check-blocked",
        "check-unsupported",
        "offline",
        "unreached",
        "service-down",
        "move-service-down",
        "code-ends-soon",
        "code-too-often",
        "done-alone",
        "done-with-others",
        "desk-nothing-found",
        "desk-revealed",
    ]
)
OF_REVIEWERS = {name for name in PAGE_STATES if name.startswith("desk")} | {"held-approved"}
OF_A_SECOND_SERVER = {"handoff-only", "moved-lately"}


def group_of(n: int, state: str) -> str:
    """Return the group of a state: what takes long to prepare is prepared in one worker only."""
    if state in OF_REVIEWERS:
        return "of reviewers"
    return f"{0 if state in OF_A_SECOND_SERVER else n % 2}"


STATES = [
    pytest.param(name, marks=pytest.mark.xdist_group(f"states {group_of(n, name)}"))
    for n, name in enumerate(PAGE_STATES)
]
pytestmark = pytest.mark.parametrize("site", ["alone"], indirect=True)  # as in production, with its error pages


def found_by_axe(person: Person, looks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the violations of each look. Rules run again only in a look that changes what they judge."""
    seen = list(person.violations)
    person.page.evaluate(AXE.read_text())
    found: dict[str, Any] = {}
    checked: set[object] = set()
    for name, media in looks.items():
        person.page.emulate_media(reduced_motion="reduce", **media)
        person.page.evaluate(END_MOVEMENTS)
        boxes, forced = person.page.evaluate(BOXES), "forced_colors" in media
        look = boxes, person.page.evaluate(COLOURS), forced
        if look not in checked:
            rules = COLOUR_RULES[: 1 if forced else 2] if boxes in checked else None
            found[name] = person.page.evaluate(RUN_AXE, [forced, rules])
        checked |= {boxes, look}
    person.violations[:] = seen  # axe itself may violate the policy
    return {name: violations for name, violations in found.items() if violations}


def cut_texts(person: Person) -> list[str]:
    person.page.set_viewport_size({"width": 320, "height": 640})
    person.page.evaluate("document.documentElement.style.fontSize = '200%'")
    if (code := person.page.locator("input.code")).count():
        code.fill("123456")
    words: list[str] = person.page.evaluate(CUT_TEXTS)
    return words


def assert_fits(person: Person, state: str) -> None:
    if not state.startswith("desk"):  # Django's admin, for reviewers at computers
        assert person.page.evaluate(SMALL_TARGETS) == []
        assert cut_texts(person) == []


def load_in_arabic(person: Person) -> None:
    """Load the page again in Arabic, at its size of before."""
    person.page.set_viewport_size(SIZE)
    person.page.emulate_media(contrast="no-preference", forced_colors="none")
    url = person.site.origin.replace("http:", "https:")  # a cookie that is marked as secure is sent to loopback
    person.context.add_cookies([{"name": "__Host-language", "value": "ar", "url": url, "secure": True}])
    person.page.reload()
    assert person.page.locator("html").get_attribute("dir") == "rtl"


@pytest.mark.parametrize("state", STATES)
def test_a_page_state_is_accessible(person: Person, state: str) -> None:
    PAGE_STATES[state](person)
    assert found_by_axe(person, MEDIA) == {}
    visible = person.page.evaluate(VISIBLE)
    assert_fits(person, state)
    if state not in PASSING:
        load_in_arabic(person)
        assert person.page.evaluate(VISIBLE) == visible  # else it belongs to PASSING
        assert found_by_axe(person, {"light": MEDIA["light"]}) == {}  # colours are the same in all languages
        assert_fits(person, state)


@pytest.mark.parametrize("language", ["ar"])
@pytest.mark.parametrize("state", [each for each in STATES if each.values[0] in PASSING])
def test_a_passing_page_state_is_accessible_in_arabic(person: Person, state: str, language: str) -> None:
    PAGE_STATES[state](person)
    assert found_by_axe(person, {"light": MEDIA["light"]}) == {}
    assert_fits(person, state)
