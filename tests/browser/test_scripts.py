"""What our scripts add in the browser: progress, Cancel, codes filled in, countdowns that don't shout."""

import pytest
from playwright.sync_api import expect

from tests.browser.person import Person
from tests.browser.states import code, device_check, phone

built_in = pytest.mark.parametrize(
    "site", [pytest.param("built in", marks=pytest.mark.xdist_group("built in"))], indirect=True
)
pytestmark = built_in

WEB_OTP = """
window.OTPCredential = class {};
navigator.credentials.get = ({signal}) => {
  signal.addEventListener("abort", () => { window.name = "aborted"; });
  return window.name ? new Promise(() => {}) : Promise.resolve({code: "314159"});
};
"""
COUNT = """
window.spoken = [];
new MutationObserver(() => window.spoken.push(document.querySelector("[data-said]").textContent))
  .observe(document.querySelector("[data-said]"), {childList: true});
"""
PRESS = """() => {
  document.querySelector("#phone").value = "201 555 0123";
  const started = performance.now();
  document.querySelector("form[data-device-check]").requestSubmit();
  return [document.querySelector("[data-status]").textContent, performance.now() - started];
}"""


def test_progress_is_told_in_words_within_100_ms(person: Person) -> None:
    phone(person)
    words, took_ms = person.page.evaluate(PRESS)
    assert words == "Getting ready…" and took_ms < 100


def test_the_device_check_can_be_cancelled_and_begun_again(person: Person) -> None:
    device_check(person)
    person.presses("Cancel")
    person.reads("Stopped.")
    person.presses("Continue")
    person.sees("Enter the code")


def test_a_code_that_the_browser_reads_is_filled_in_and_not_sent(person: Person) -> None:
    person.context.add_init_script(WEB_OTP)
    code(person)
    field = person.page.get_by_label("Code", exact=True)
    expect(field).to_have_value("314159")
    expect(person.page.locator("[data-said]")).to_contain_text("filled in")
    person.sees("Enter the code")
    assert person.calls("twilio.verification_check") == []
    person.presses("Continue")
    person.reads("That code isn't right")
    assert person.page.evaluate("window.name") == "aborted"


def test_the_countdown_is_seen_each_second_and_spoken_at_its_end_alone(person: Person) -> None:
    person.page.clock.install()
    code(person)
    wait = person.page.locator("[data-wait]")
    expect(wait).to_be_visible()
    person.page.evaluate(COUNT)
    person.page.clock.run_for(5_000)
    expect(wait.locator("[data-clock]")).to_have_text("0:25")
    person.page.clock.run_for(27_000)
    expect(wait).to_be_hidden()
    assert person.page.evaluate("window.spoken") == ["You can ask for another code now."]


def test_the_end_of_a_code_is_told_a_minute_ahead(person: Person) -> None:
    person.page.clock.install()
    code(person)
    tip = person.page.locator("[data-ending]")
    expect(tip).to_be_hidden()
    person.page.clock.fast_forward(9 * 60_000 + 5_000)
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("less than a minute")
    person.page.clock.fast_forward(60_000)
    expect(tip).to_contain_text("has stopped working")
