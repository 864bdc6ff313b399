"""The answers that the Web SDK can get, and what a person does about them."""

import re
from typing import Any

from playwright.sync_api import expect

from tests.browser.driver.person import Person

NUMBER, E164 = "(201) 555-0123", "+12015550123"
CONTINUE, CODE_PAGE, DONE = "Continue", "Enter the code", "Your number is linked"

Answers = dict[str, dict[str, Any]]  # the faults of the sandbox that give them
NO_DEVICE = {"code": 10006, "message": "no"}
ONCE_MORE = {"kind": "answer", "body": {"next": "device/passive/silent"}}
ELSEWHERE = {"kind": "answer", "headers": {"Location": "?again"}}

# Answers to the SDK's call of register or verify.
ANSWERS: Answers = {
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
    "an error of no shape": {"kind": "answer", "body": {"error": True}},
    "no device found": {"kind": "answer", "body": {"next": "", "error": NO_DEVICE}},
    "no device found, again": {"kind": "answer", "body": {"next": "device/passive/silent", "error": NO_DEVICE}},
    "no device found, and done": {"kind": "answer", "body": {"next": "done", "error": NO_DEVICE}},
    "no device found, in a string": {"kind": "answer", "body": {"next": "", "error": {**NO_DEVICE, "code": "10006"}}},
    "201, and done": {"kind": "answer", "status": 201, "body": {"next": "done"}},
    "202, and done": {"kind": "answer", "status": 202, "body": {"next": "done"}},
    "204": {"kind": "answer", "status": 204},
    "302": {**ELSEWHERE, "status": 302},
    "307": {**ELSEWHERE, "status": 307},
    "a late one": {"kind": "latency", "seconds": 1},
    "a dripping one": {"kind": "drip", "seconds": 0.01},
}

# Answers to the SDK's report of an answer that it could not use.
REPORTS: Answers = {
    "stop here": {"kind": "answer", "body": {"next": ""}},
    "done": {"kind": "answer", "body": {"next": "done"}},
    "once more": ONCE_MORE,
    "no next step": {"kind": "answer", "body": {}},
    "an error": {"kind": "answer", "body": {"next": "", "error": {"code": 10002, "message": "no"}}},
    "no device found": {"kind": "answer", "body": {"next": "", "error": NO_DEVICE}},
    "500": {"kind": "status", "status": 500},
    "nothing": {"kind": "empty"},
    "a broken connection": {"kind": "lost", "times": 5},
}

# Answers to the SDK's request for a challenge, which it signs in its report.
CHALLENGES: Answers = {
    "an error": {"kind": "answer", "body": {"error": {"code": 10002, "message": "no"}}},
    "no challenge": {"kind": "answer", "body": {}},
    "no device found": {"kind": "answer", "body": {"error": NO_DEVICE}},
    "500": {"kind": "status", "status": 500},
    "nothing": {"kind": "empty"},
    "a broken connection": {"kind": "lost", "times": 5},
}
KEY_IS_GONE = {name for name in (*ANSWERS, *CHALLENGES) if name.startswith("no device found")} - {
    "no device found, in a string"
}


def continues_to(person: Person, goal: str) -> None:
    """Try again up to four times, until the page has this heading; each time the page must show a message."""
    reached = person.page.get_by_role("heading", level=1, name=goal)
    message = person.page.locator("[data-summary]", has_text=re.compile("again", re.I)).filter(visible=True)
    refused = person.page.get_by_role("link", name="Try again")
    for _ in range(4):
        expect(reached.or_(message).or_(refused)).to_be_visible(timeout=20_000)
        if reached.count():
            return
        if refused.count():
            refused.click()
        person.presses(CONTINUE)
        expect(message).to_have_count(0)
    expect(reached).to_be_visible()
