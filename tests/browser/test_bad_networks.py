"""Nobody waits for ever: what hangs, breaks or is missing is told within half a minute, and nothing typed is lost."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.browser.stage.person import Person
from tests.browser.stage.states import NUMBER, PHONE, SDK, STATES, refused

SLOW_S, LIMIT_S = 4, 30
STILL = "Still checking. This can take a few seconds on a slow connection…"
TOO_SLOW = "This is taking too long. Nothing is lost: try again, on another connection if you can."
UNREACHED = "We couldn't reach the service. Nothing is lost: try again in a moment."
OFFLINE = "You seem to be offline. Nothing is lost: try again when you're connected."
IN_A_HURRY = "const later = setTimeout; window.setTimeout = (act, ms) => later(act, ms / 4)"
START, END, REGISTER = "**/start/", "**/device/", "**/device/passive/register"
pytestmark = pytest.mark.parametrize(
    "site", [pytest.param("built in", marks=pytest.mark.xdist_group("built in"))], indirect=True
)


def is_lost(_route: Route) -> None:
    """On its way to the server."""


def is_answered_in_vain(route: Route) -> None:
    route.fetch()


def is_told(person: Person, words: str) -> None:
    expect(person.page.locator("#summary")).to_contain_text(words)
    expect(person.page.locator("#summary")).to_be_focused()
    expect(person.page).to_have_title("Error: Your phone number · proveflow")
    expect(person.page.locator("[data-status]")).to_be_empty()
    expect(person.button("Cancel")).to_be_hidden()
    expect(person.field("Phone number")).to_have_value(NUMBER)


def waits_long(person: Person) -> None:
    person.page.clock.run_for(SLOW_S * 1000)
    person.reads(STILL)
    person.page.clock.run_for((LIMIT_S - SLOW_S) * 1000)
    is_told(person, TOO_SLOW)


@pytest.mark.parametrize(
    ("url", "what", "since"),
    [
        (START, is_lost, "Getting ready…"),
        (START, is_answered_in_vain, "Getting ready…"),
        (REGISTER, is_lost, "Checking this device…"),
        (END, is_lost, "Almost there…"),
        (END, is_answered_in_vain, "Almost there…"),
    ],
)
def test_what_hangs_is_told_to_be_slow_then_ended_and_can_be_tried_again(
    person: Person, url: str, what: Callable[[Route], None], since: str
) -> None:
    met: list[Route] = []

    def meets(route: Route) -> None:
        what(route)
        met.append(route)

    person.page.clock.install()
    person.page.route(url, meets)
    person.starts(NUMBER)
    person.reads(since)
    person.waits_until(lambda: met)
    waits_long(person)
    person.page.unroute(url)
    person.presses("Continue")
    person.sees("Enter the code")


def test_a_download_that_hangs_is_waited_for_again(person: Person) -> None:
    asked: list[Route] = []

    def is_kept(route: Route) -> None:
        asked.append(route)

    person.page.clock.install()
    person.page.route(SDK, is_kept)
    person.page.goto(person.site.origin, wait_until="commit")
    person.types_number(NUMBER)
    person.reads("Checking this device…")
    waits_long(person)
    person.presses("Continue")
    person.reads("Checking this device…")
    asked[0].continue_()
    person.sees("Enter the code")


def test_a_next_page_that_never_comes_can_be_left(person: Person) -> None:
    """Playwright sees nothing of a page that is about to be left, so no clock of its can be turned meanwhile."""
    person.context.add_init_script(IN_A_HURRY)
    person.page.route("**/code/", is_lost)
    PHONE(person)
    person.field("Phone number").fill(NUMBER)
    with person.page.expect_request("**/code/"):
        person.page.locator("form[data-device-check]").evaluate("form => form.requestSubmit()")
    person.page.locator("#summary").wait_for(timeout=LIMIT_S * 1000)
    is_told(person, TOO_SLOW)
    person.page.unroute("**/code/")
    person.presses("Continue")
    person.sees("Enter the code")


def test_who_is_offline_is_told_so_and_goes_on_when_connected(person: Person) -> None:
    STATES["offline"](person)
    is_told(person, OFFLINE)
    person.context.set_offline(False)
    person.presses("Continue")
    person.sees("Enter the code")


@pytest.mark.parametrize("url", [START, END])
def test_a_connection_that_breaks_loses_nothing(person: Person, url: str) -> None:
    person.page.route(url, lambda route: route.abort("connectionreset"))
    person.starts(NUMBER)
    is_told(person, UNREACHED)
    person.page.unroute(url)
    person.presses("Continue")
    person.sees("Enter the code")


@pytest.mark.parametrize(("status", "words"), [(502, UNREACHED), (403, "Reload this page and try again")])
def test_a_page_in_place_of_an_answer_is_told_by_what_helps(person: Person, status: int, words: str) -> None:
    person.page.route(START, lambda route: route.fulfill(status=status, body="<h1>no</h1>", content_type="text/html"))
    person.starts(NUMBER)
    is_told(person, words)


def test_a_script_that_is_blocked_is_told_and_begins_no_flow_twice(person: Person) -> None:
    refused(SDK)(person)
    for _ in range(2):
        person.starts(NUMBER)
        is_told(person, "The device check couldn't be loaded. Reload this page.")
        person.presses("Continue")
        is_told(person, "The device check couldn't be loaded. Reload this page.")
    assert len(person.calls("prove.unify")) <= 2


@pytest.mark.parametrize(
    "lack",
    [
        "Object.defineProperty(window, 'indexedDB', {value: undefined})",
        "Object.defineProperty(window, 'isSecureContext', {value: false})",
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }})",
    ],
)
def test_a_browser_that_lacks_something_is_told_so(person: Person, lack: str) -> None:
    person.context.add_init_script(lack)
    person.starts(NUMBER)
    is_told(person, "This browser can't do the device check.")
    assert person.messages("+12015550123") == []


def test_a_press_before_the_script_is_there_asks_for_another_press(person: Person) -> None:
    STATES["phone-needs-script"](person)
    expect(person.page.locator(".notice").first).to_contain_text("Please press the button again")
    expect(person.page).to_have_title("Error: Your phone number · proveflow")
    expect(person.field("Phone number")).to_have_value(NUMBER)
    refused(START)(person)
    person.presses("Continue")
    is_told(person, UNREACHED)
    expect(person.page.locator(".notice").filter(visible=True)).to_have_count(0)
    person.page.unroute(START)
    person.presses("Continue")
    person.sees("Enter the code")
