"""Whatever a server can do to the Web SDK, the page tells the person and gives them a way on."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.person import Person

NUMBER, E164 = "(201) 555-0123", "+12015550123"
CONTINUE, CODE_PAGE, DONE = "Continue", "Enter the code", "Your number is linked"

# What the answer to the SDK's register or verify can be, and how the sandbox is told to give it.
ANSWERS: dict[str, dict[str, Any]] = {
    "401": {"kind": "status", "status": 401},
    "404": {"kind": "status", "status": 404},
    "500": {"kind": "status", "status": 500},
    "503": {"kind": "status", "status": 503},
    "a proxy's page": {"kind": "html"},
    "nothing": {"kind": "empty"},
    "a broken connection": {"kind": "lost", "times": 5},  # Chromium sends a POST again that met one
    "half an answer": {"kind": "truncated"},
    "5 MB": {"kind": "huge"},
    "other types": {"kind": "types"},
    "a next step unheard of": {"kind": "unknown_value"},
    "stop here": {"kind": "answer", "body": {"next": ""}},
    "no next step": {"kind": "answer", "body": {}},
    "null": {"kind": "answer", "body": None},
    "done, and no device": {"kind": "answer", "body": {"next": "done"}},
    "done, and a device without id": {"kind": "answer", "body": {"next": "done", "data": {}}},
    "an error, and done": {"kind": "answer", "body": {"next": "done", "error": {"code": 10000, "message": "no"}}},
    "an error": {"kind": "answer", "body": {"next": "", "error": {"code": 10001, "message": "<b>no</b>"}}},
    "no device found": {"kind": "answer", "body": {"next": "", "error": {"code": 10006, "message": "no"}}},
    "no device found, again": {
        "kind": "answer",
        "body": {"next": "device/passive/silent", "error": {"code": 10006, "message": "no"}},
    },
}


KEY_IS_GONE = {"no device found", "no device found, again"}
alone = pytest.mark.parametrize("site", [pytest.param("alone", marks=pytest.mark.xdist_group("alone"))], indirect=True)


def goes_on(person: Person, goal: str) -> None:
    """Tries again as somebody patient would; each time the page has said how it stands."""
    reached = person.page.get_by_role("heading", level=1, name=goal)
    told = person.page.locator("[data-summary]", has_text=re.compile("again", re.I)).filter(visible=True)
    refused = person.page.get_by_role("link", name="Try again")
    for _ in range(4):
        expect(reached.or_(told).or_(refused)).to_be_visible(timeout=20_000)
        if reached.count():
            return
        if refused.count():
            refused.click()
        person.presses(CONTINUE)
        expect(told).to_have_count(0)
    expect(reached).to_be_visible()


@alone
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_new_person_gets_on_whatever_the_key_is_answered(person: Person, answer: str) -> None:
    person.has_a_bad_day("prove.device_register", **{"times": 1, **ANSWERS[answer]})
    person.opens()
    person.types_number(NUMBER)
    goes_on(person, CODE_PAGE)
    person.types_code(person.code(E164))
    person.sees(DONE)


@alone
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_known_person_gets_on_whatever_the_key_is_answered(person: Person, answer: str) -> None:
    person.links(NUMBER, E164)
    person.has_a_bad_day("prove.device_verify", **{"times": 1, **ANSWERS[answer]})
    person.opens()
    person.types_number(NUMBER)
    goes_on(person, CODE_PAGE if answer in KEY_IS_GONE else DONE)
    assert len(person.calls("prove.unify_bind")) == 1
