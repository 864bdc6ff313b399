"""Requests that hang, break or are blocked: the page shows a message within 30 seconds and keeps the input."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.browser.driver.page_states import NUMBER, PAGE_STATES, PHONE, SDK, refused
from tests.browser.driver.person import Person

SLOW_S, LIMIT_S = 4, 30
STILL = "Still checking. This can take a few seconds on a slow connection…"
TOO_SLOW = "This is taking too long. Nothing is lost: try again, on another connection if you can."
UNREACHED = "We couldn't reach the service. Nothing is lost: try again in a moment."
OFFLINE = "You seem to be offline. Nothing is lost: try again when you're connected."
FASTER_TIMERS = "const later = setTimeout; window.setTimeout = (act, ms) => later(act, ms / 4)"
START, END, REGISTER = "**/start/", "**/device/", "**/device/passive/register"
pytestmark = pytest.mark.parametrize(
    "site", [pytest.param("built in", marks=pytest.mark.xdist_group("built in"))], indirect=True
)


def never_arrives(_route: Route) -> None:
    """Lose the request on its way to the server."""


def gets_no_response(route: Route) -> None:
    """Lose the response on its way to the browser."""
    route.fetch()


def sees_message(person: Person, words: str) -> None:
    expect(person.page.locator("#summary")).to_contain_text(words)
    expect(person.page.locator("#summary")).to_be_focused()
    expect(person.page).to_have_title("Error: Your phone number · proveflow")
    expect(person.page.locator("[data-status]")).to_be_empty()
    expect(person.button("Cancel")).to_be_hidden()
    expect(person.field("Phone number")).to_have_value(NUMBER)


def waits_for_the_timeout(person: Person) -> None:
    person.page.clock.run_for(SLOW_S * 1000)
    person.reads(STILL)
    person.page.clock.run_for((LIMIT_S - SLOW_S) * 1000)
    sees_message(person, TOO_SLOW)


@pytest.mark.parametrize(
    ("url", "failure", "status"),
    [
        (START, never_arrives, "Getting ready…"),
        (START, gets_no_response, "Getting ready…"),
        (REGISTER, never_arrives, "Checking this device…"),
        (END, never_arrives, "Almost there…"),
        (END, gets_no_response, "Almost there…"),
    ],
)
def test_a_request_that_hangs_is_reported_as_slow_then_times_out_and_can_be_repeated(
    person: Person, url: str, failure: Callable[[Route], None], status: str
) -> None:
    routes: list[Route] = []

    def handle(route: Route) -> None:
        failure(route)
        routes.append(route)

    person.page.clock.install()
    person.page.route(url, handle)
    person.starts(NUMBER)
    person.reads(status)
    person.waits_until(lambda: routes)
    waits_for_the_timeout(person)
    person.page.unroute(url)
    person.presses("Continue")
    person.sees("Enter the code")


def test_after_a_timeout_the_same_download_of_the_sdk_is_awaited_again(person: Person) -> None:
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    person.page.clock.install()
    person.page.route(SDK, hold)
    person.page.goto(person.site.origin, wait_until="commit")
    person.types_number(NUMBER)
    person.reads("Checking this device…")
    waits_for_the_timeout(person)
    person.presses("Continue")
    person.reads("Checking this device…")
    asked[0].continue_()
    person.sees("Enter the code")


def test_a_next_page_that_never_loads_times_out_and_can_be_requested_again(person: Person) -> None:
    """Playwright cannot advance the clock of a page that is being left, so the timers run faster instead."""
    person.context.add_init_script(FASTER_TIMERS)
    person.page.route("**/code/", never_arrives)
    PHONE(person)
    person.field("Phone number").fill(NUMBER)
    with person.page.expect_request("**/code/"):
        person.page.locator("form[data-device-check]").evaluate("form => form.requestSubmit()")
    person.page.locator("#summary").wait_for(timeout=LIMIT_S * 1000)
    sees_message(person, TOO_SLOW)
    person.page.unroute("**/code/")
    person.presses("Continue")
    person.sees("Enter the code")


def test_an_offline_person_gets_a_message_and_can_continue_when_connected(person: Person) -> None:
    PAGE_STATES["offline"](person)
    sees_message(person, OFFLINE)
    person.context.set_offline(False)
    person.presses("Continue")
    person.sees("Enter the code")


@pytest.mark.parametrize("url", [START, END])
def test_after_a_broken_connection_the_request_can_be_repeated(person: Person, url: str) -> None:
    person.page.route(url, lambda route: route.abort("connectionreset"))
    person.starts(NUMBER)
    sees_message(person, UNREACHED)
    person.page.unroute(url)
    person.presses("Continue")
    person.sees("Enter the code")


@pytest.mark.parametrize(("status", "words"), [(502, UNREACHED), (403, "Reload this page and try again")])
def test_an_html_error_in_place_of_json_gets_a_message_that_helps(person: Person, status: int, words: str) -> None:
    person.page.route(START, lambda route: route.fulfill(status=status, body="<h1>no</h1>", content_type="text/html"))
    person.starts(NUMBER)
    sees_message(person, words)


def test_a_blocked_sdk_gets_a_message_and_starts_no_flow_twice(person: Person) -> None:
    refused(SDK)(person)
    for _ in range(2):
        person.starts(NUMBER)
        sees_message(person, "The device check couldn't be loaded. Reload this page.")
        person.presses("Continue")
        sees_message(person, "The device check couldn't be loaded. Reload this page.")
    assert len(person.calls("prove.unify")) <= 2


@pytest.mark.parametrize(
    "lack",
    [
        "Object.defineProperty(window, 'indexedDB', {value: undefined})",
        "Object.defineProperty(window, 'isSecureContext', {value: false})",
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }})",
    ],
)
def test_a_browser_that_lacks_a_feature_gets_a_message(person: Person, lack: str) -> None:
    person.context.add_init_script(lack)
    person.starts(NUMBER)
    sees_message(person, "This browser can't do the device check.")
    assert person.messages("+12015550123") == []


STORE = "This browser can't store this device's key. Reload this page."


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("indexedDB.open = () => ({})", STORE),
        ("IDBObjectStore.prototype.put = () => { throw new DOMException('no', 'DataCloneError'); }", STORE),
        ("IDBObjectStore.prototype.put = function () { this.transaction.abort(); }", STORE),
        ("Object.defineProperty(crypto, 'subtle', {value: undefined})", STORE),
        ("Object.defineProperty(navigator, 'cookieEnabled', {value: false})", "This browser blocks cookies"),
    ],
)
def test_a_browser_that_stores_nothing_is_told_so_within_seconds(person: Person, fault: str, words: str) -> None:
    person.context.add_init_script(fault)
    person.page.clock.install()
    person.starts(NUMBER)
    person.page.clock.run_for(3_000)
    sees_message(person, words)
    assert person.calls("prove.unify") == []


def test_an_error_that_the_sdk_does_not_catch_is_told_at_once(person: Person) -> None:
    PHONE(person)
    person.inject_fault("prove.device_register", "hang", times=1)
    person.types_number(NUMBER)
    person.waits_until_asked("prove.device_register")
    person.page.evaluate("setTimeout(() => { throw new Error('uncaught'); })")
    sees_message(person, "We couldn't recognize this device.")


def test_a_tab_that_hangs_keeps_no_other_tab_waiting(person: Person) -> None:
    person.inject_fault("prove.device_register", "hang", times=1)
    person.starts(NUMBER)
    person.waits_until_asked("prove.device_register")
    person.new_tab()
    person.page.clock.install()
    person.starts(NUMBER)
    person.waits_until(lambda: person.page.evaluate("navigator.locks.query().then(({ pending }) => pending.length)"))
    person.page.clock.run_for(5_000)
    person.sees("Enter the code")


def test_a_token_that_another_tab_changed_is_fetched_again(person: Person) -> None:
    PHONE(person)
    person.page.locator("[name=csrfmiddlewaretoken]").first.evaluate("field => { field.value = 'x'.repeat(64); }")
    person.types_number(NUMBER)
    person.sees("Enter the code")


def test_what_was_typed_stays_when_the_language_is_changed(person: Person) -> None:
    PHONE(person)
    person.field("Country").select_option("GB")
    person.field("Phone number").fill("07700 900123")
    person.field("Language").select_option("de")
    person.presses("Change language")
    expect(person.page.get_by_role("heading", level=1)).to_contain_text("Wie lautet Ihre Telefonnummer?")
    expect(person.page.locator("#phone")).to_have_value("07700 900123")
    expect(person.page.locator("#country")).to_have_value("GB")
    assert person.page.evaluate("sessionStorage.length") == 0


def test_back_from_the_last_page_shows_it_again(person: Person) -> None:
    person.links(NUMBER, "+12015550123")
    person.page.go_back()
    person.sees("Your number is linked")


def test_a_press_before_the_script_has_loaded_asks_to_press_again(person: Person) -> None:
    PAGE_STATES["phone-needs-script"](person)
    expect(person.page.locator(".notice").first).to_contain_text("Please press the button again")
    expect(person.page).to_have_title("Error: Your phone number · proveflow")
    expect(person.field("Phone number")).to_have_value(NUMBER)
    refused(START)(person)
    person.presses("Continue")
    sees_message(person, UNREACHED)
    expect(person.page.locator(".notice").filter(visible=True)).to_have_count(0)
    person.page.unroute(START)
    person.presses("Continue")
    person.sees("Enter the code")
