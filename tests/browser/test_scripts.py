"""What our scripts add in the browser: progress, Cancel, codes filled in, countdowns that don't shout."""

import pytest
from playwright.sync_api import expect

from tests.browser.stage.person import Person
from tests.browser.stage.states import CHECK, CODE, E164, PHONE, STATES

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
SPOKEN = """
window.spoken = [];
new MutationObserver((changes) => {
  for (const {target} of changes) if (target.matches?.("[data-said]")) window.spoken.push(target.textContent);
}).observe(document, {childList: true, subtree: true});
"""
PRESS = """() => {
  document.querySelector("#phone").value = "201 555 0123";
  const started = performance.now();
  document.querySelector("form[data-device-check]").requestSubmit();
  return [document.querySelector("[data-status]").textContent, performance.now() - started];
}"""


def test_progress_is_told_in_words_within_100_ms(person: Person) -> None:
    PHONE(person)
    words, took_ms = person.page.evaluate(PRESS)
    assert words == "Getting ready…" and took_ms < 100


def test_the_device_check_can_be_cancelled_and_begun_again(person: Person) -> None:
    CHECK(person)
    person.presses("Cancel")
    person.reads("Stopped.")
    expect(person.button("Continue")).to_be_focused()
    person.presses("Continue")
    person.sees("Enter the code")


def test_what_is_typed_stays_as_it_was_typed(person: Person) -> None:
    PHONE(person)
    field = person.field("Phone number")
    field.press_sequentially("+1 (201)-555.0123 ")
    field.blur()
    expect(field).to_have_value("+1 (201)-555.0123 ")


def test_the_example_is_one_of_the_chosen_country(person: Person) -> None:
    PHONE(person)
    hint = person.page.locator("#phone-hint")
    expect(hint).to_have_text("One that can receive texts, for example 201 555 0123", use_inner_text=True)
    person.field("Country").select_option("GB")
    expect(hint).to_have_text("One that can receive texts, for example 07700 900123", use_inner_text=True)
    person.field("Country").select_option("BR")
    expect(hint).to_have_text("One that can receive texts", use_inner_text=True)


def test_a_code_is_typed_into_one_field_and_sent_by_the_button_alone(person: Person) -> None:
    CODE(person)
    fields = person.page.locator("main").get_by_role("textbox").filter(visible=True)
    expect(fields).to_have_count(1)
    fields.press_sequentially(person.code(E164))
    person.page.wait_for_timeout(200)
    person.sees("Enter the code")
    assert person.calls("twilio.verification_check") == []


def test_a_code_that_is_pasted_works(person: Person) -> None:
    CODE(person)
    code = person.code(E164)
    field = person.field("Code")
    field.fill(f" {code[:3]} {code[3:]} ")
    for shortcut in ("Control+A", "Control+X", "Control+V", "Enter"):
        field.press(shortcut)
    person.sees("Your number is linked")


def test_a_code_that_the_browser_reads_is_filled_in_and_not_sent(person: Person) -> None:
    person.context.add_init_script(WEB_OTP)
    CODE(person)
    field = person.page.get_by_label("Code", exact=True)
    expect(field).to_have_value("314159")
    expect(person.page.locator("[data-said]")).to_contain_text("filled in")
    person.sees("Enter the code")
    assert person.calls("twilio.verification_check") == []
    person.presses("Continue")
    person.reads("That code isn't right")
    assert person.page.evaluate("window.name") == "aborted"


def test_the_countdown_is_seen_each_second_and_spoken_at_its_start_each_half_minute_and_at_its_end(
    person: Person,
) -> None:
    person.page.clock.install()
    person.context.add_init_script(SPOKEN)
    CODE(person)
    person.site.ages(minutes=1)
    with person.page.expect_navigation():
        person.presses("Send a code again")  # the second wait is twice as long
    wait = person.page.locator("[data-wait]")
    expect(wait).to_be_visible()
    person.page.clock.run_for(5_000)
    expect(wait.locator("[data-clock]")).to_have_text("0:55")
    expect(wait.locator(".unseen")).to_have_text("55 seconds")
    person.page.clock.run_for(57_000)
    expect(wait).to_be_hidden()
    begun, *spoken = person.page.evaluate("window.spoken")
    assert begun in {"You can ask for another code in 1 minute.", "You can ask for another code in 59 seconds."}
    assert spoken == ["You can ask for another code in 30 seconds.", "You can ask for another code now."]


def test_where_no_code_may_be_sent_yet_the_button_is_quiet_until_the_countdown_ends(person: Person) -> None:
    person.page.clock.install()
    STATES["code-tries-used-up"](person)
    colour = "button => getComputedStyle(button).backgroundColor"
    button = person.button("Send a code")
    assert button.evaluate(colour) == "rgba(0, 0, 0, 0)"
    expect(person.page.locator("[data-clock]")).to_contain_text("9:5")
    person.page.clock.run_for(601_000)
    expect(person.page.locator("[data-wait]")).to_be_hidden()
    assert button.evaluate(colour) != "rgba(0, 0, 0, 0)"


def test_the_end_of_a_code_is_told_a_minute_ahead(person: Person) -> None:
    person.page.clock.install()
    CODE(person)
    tip = person.page.locator("[data-ending]")
    expect(tip).to_be_hidden()
    lasting = person.page.locator("[data-lasting]")
    expect(lasting).to_have_text("It works for another 10 minutes.")
    person.page.clock.fast_forward(4 * 60_000 + 5_000)
    expect(lasting).to_have_text("It works for another 6 minutes.")
    person.page.clock.fast_forward(5 * 60_000)
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("less than a minute")
    expect(lasting).to_be_empty()
    person.page.clock.fast_forward(60_000)
    expect(tip).to_contain_text("has stopped working")


@pytest.mark.parametrize("state", ["phone", "code"])
def test_letters_in_fields_are_large_enough_that_no_phone_zooms_in(person: Person, state: str) -> None:
    STATES[state](person)
    size = "fields => Math.min(...fields.map((field) => parseFloat(getComputedStyle(field).fontSize)))"
    assert person.page.locator("input:not([type=hidden]), select").evaluate_all(size) >= 16


def test_nothing_turns_for_who_wants_less_motion(person: Person) -> None:
    CHECK(person)
    turning = "getComputedStyle(document.querySelector('.status'), '::before').animationName"
    assert person.page.evaluate(turning) == "turn"
    person.page.emulate_media(reduced_motion="reduce")
    assert person.page.evaluate(turning) == "none"
