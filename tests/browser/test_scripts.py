"""Our scripts: progress, Cancel, codes filled in, countdowns and what screen readers announce of them."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.driver.page_states import CHECK, CODE, E164, PAGE_STATES, PHONE
from tests.browser.driver.person import Person

built_in = pytest.mark.parametrize(
    "site", [pytest.param("built in", marks=pytest.mark.xdist_group("built in"))], indirect=True
)
pytestmark = built_in

FAKE_WEB_OTP = """
window.OTPCredential = class {};
navigator.credentials.get = ({signal}) => {
  signal.addEventListener("abort", () => { window.name = "aborted"; });
  return window.name ? new Promise(() => {}) : Promise.resolve({code: "314159"});
};
"""
RECORD_ANNOUNCEMENTS = """
window.spoken = [];
new MutationObserver((changes) => {
  for (const {target} of changes) if (target.matches?.("[data-said]")) window.spoken.push(target.textContent);
}).observe(document, {childList: true, subtree: true});
"""
AN_HOUR_BACK_AFTER_LOADING = """
const now = Date.now;
addEventListener("load", () => { Date.now = () => now() - 3_600_000; });
"""
ARABIC_INDIC_DIGITS = """
const Usual = Intl.NumberFormat;
Intl.NumberFormat = function (language, options) { return new Usual(language, {numberingSystem: "arab", ...options}); };
"""
PRESS = """() => {
  document.querySelector("#phone").value = "201 555 0123";
  const started = performance.now();
  document.querySelector("form[data-device-check]").requestSubmit();
  return [document.querySelector("[data-status]").textContent, performance.now() - started];
}"""


def test_progress_is_shown_in_words_within_100_ms(person: Person) -> None:
    PHONE(person)
    words, took_ms = person.page.evaluate(PRESS)
    assert words == "Getting ready…" and took_ms < 100


def test_the_device_check_can_be_cancelled_and_restarted(person: Person) -> None:
    CHECK(person)
    person.presses("Cancel")
    person.reads("Canceled.")
    expect(person.button("Continue")).to_be_focused()
    person.presses("Continue")
    person.sees("Enter the code")


def test_the_input_is_not_reformatted(person: Person) -> None:
    PHONE(person)
    field = person.field("Phone number")
    field.press_sequentially("+1 (201)-555.0123 ")
    field.blur()
    expect(field).to_have_value("+1 (201)-555.0123 ")


def test_the_example_number_is_one_of_the_chosen_country(person: Person) -> None:
    PHONE(person)
    hint = person.page.locator("#phone-hint")
    expect(hint).to_have_text("It must be able to receive texts, like 201 555 0123", use_inner_text=True)
    person.field("Country").select_option("GB")
    expect(hint).to_have_text("It must be able to receive texts, like 07700 900123", use_inner_text=True)
    person.field("Country").select_option("BR")
    expect(hint).to_have_text("It must be able to receive texts", use_inner_text=True)


def test_which_number_is_meant_is_asked_once(person: Person) -> None:
    PHONE(person)
    person.field("Country").select_option("IT")
    person.types_number("+39 (0)331 234567")
    both = person.page.get_by_role("radio")
    expect(both).to_have_count(2)
    person.field("Phone number").press_sequentially("8")
    expect(both).to_have_count(0)
    person.types_number("+39 (0)331 234567")
    person.page.get_by_label("+39 331 234 567").check()
    person.presses("Continue")
    person.sees("Enter the code")
    assert person.messages("+39331234567")


def test_a_number_that_no_plan_has_is_confirmed(person: Person) -> None:
    PHONE(person)
    person.types_number("+1 111 111 1111")
    person.page.get_by_label("It is right: +1 1111111111").check()
    person.presses("Continue")
    person.sees("Enter the code")


def test_a_code_is_typed_into_one_field_and_sent_only_by_the_button(person: Person) -> None:
    CODE(person)
    fields = person.page.locator("main").get_by_role("textbox").filter(visible=True)
    expect(fields).to_have_count(1)
    fields.press_sequentially(person.code(E164))
    person.page.wait_for_timeout(200)
    person.sees("Enter the code")
    assert person.calls("twilio.verification_check") == []


def test_a_pasted_code_works(person: Person) -> None:
    CODE(person)
    code = person.code(E164)
    field = person.field("Code")
    field.fill(f" {code[:3]} {code[3:]} ")
    for shortcut in ("Control+A", "Control+X", "Control+V", "Enter"):
        field.press(shortcut)
    person.sees("Your number is linked")


def test_a_code_that_the_browser_reads_from_the_text_is_filled_in_and_not_sent(person: Person) -> None:
    person.context.add_init_script(FAKE_WEB_OTP)
    CODE(person)
    field = person.page.get_by_label("Code", exact=True)
    expect(field).to_have_value("314159")
    expect(person.page.locator("[data-said]")).to_contain_text("filled in")
    person.sees("Enter the code")
    assert person.calls("twilio.verification_check") == []
    person.presses("Continue")
    expect(person.page.locator("#notice")).to_contain_text("That code isn't right")
    assert person.page.evaluate("window.name") == "aborted"


def test_the_countdown_changes_each_second_and_is_announced_each_half_minute(
    person: Person,
) -> None:
    person.page.clock.install()
    person.context.add_init_script(RECORD_ANNOUNCEMENTS)
    CODE(person)
    person.site.make_older(minutes=1)
    person.page.reload()
    with person.page.expect_navigation():
        person.presses("Send a code again")  # the second wait is twice as long
    wait = person.page.locator("[data-wait]")
    expect(wait).to_be_visible()
    person.page.clock.run_for(5_000)
    expect(wait.locator("[data-clock]")).to_have_text("0:55")
    expect(wait.locator(".unseen")).to_have_text("55 seconds")
    person.page.clock.run_for(57_000)
    expect(wait).to_be_hidden()
    first, *announced = person.page.evaluate("window.spoken")
    assert first in {"You can ask for another code in 1 minute.", "You can ask for another code in 59 seconds."}
    assert announced == ["You can ask for another code in 30 seconds.", "You can ask for another code now."]


def test_the_wait_is_announced_only_once_a_screen_reader_can_have_read_the_page(person: Person) -> None:
    person.page.clock.install()
    CODE(person)
    said = person.page.locator("[data-said]")
    person.page.clock.run_for(1_000)
    expect(said).to_be_empty()
    person.page.clock.run_for(2_000)
    expect(said).to_contain_text("You can ask for another code in")


@pytest.mark.parametrize("language", ["ar"])
def test_in_arabic_times_keep_the_digits_that_the_server_wrote(person: Person) -> None:
    person.context.add_init_script(ARABIC_INDIC_DIGITS)
    person.page.clock.install()
    CODE(person)
    person.page.clock.run_for(5_000)
    expect(person.page.locator("[data-wait] .unseen")).to_have_text(re.compile("^[0-9]+ ثانية$"))


def test_who_wants_to_be_remembered_lets_the_browser_keep_the_key(person: Person) -> None:
    """Else Safari deletes it after seven days without a visit."""
    person.context.add_init_script("navigator.storage.persist = () => { window.name = 'kept'; }")
    PAGE_STATES["done"](person)
    assert person.page.evaluate("window.name") == ""
    person.presses("Don't ask for my number on this device")
    person.reads("This browser remembers your number: next time one tap is enough.")
    assert person.page.evaluate("window.name") == "kept"


def test_a_button_that_is_busy_says_so(person: Person) -> None:
    CHECK(person)
    expect(person.button("Continue")).to_be_disabled()
    expect(person.page.locator("form[data-device-check]")).to_have_attribute("data-busy", "")


def test_the_countdown_stands_in_place_of_the_button_until_it_ends(person: Person) -> None:
    person.page.clock.install()
    PAGE_STATES["code-tries-used-up"](person)
    expect(person.button("Send a new code")).to_be_hidden()
    expect(person.page.locator("[data-clock]")).to_contain_text("9:5")
    person.page.clock.run_for(601_000)
    expect(person.page.locator("[data-wait]")).to_be_hidden()
    expect(person.button("Send a new code")).to_be_visible()


def test_a_countdown_does_not_follow_the_time_of_day(person: Person) -> None:
    person.context.add_init_script(AN_HOUR_BACK_AFTER_LOADING)
    CODE(person)
    person.page.wait_for_timeout(1_200)
    expect(person.page.locator("[data-clock]")).to_contain_text("0:2")
    expect(person.page.locator("[data-lasting]")).to_have_text("It works for another 10 minutes.")


def test_a_code_sent_again_is_confirmed_with_the_time(person: Person) -> None:
    PAGE_STATES["code-again"](person)
    expect(person.page.locator(".good")).to_have_text(
        re.compile(r"We sent it again at \d\d?:\d\d.[AP]M\. It is the same")
    )


def test_the_end_of_a_code_is_announced_a_minute_before(person: Person) -> None:
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
    expect(person.page.locator("[data-code]")).to_be_hidden()
    expect(person.button("Send a new code")).to_be_focused()


@pytest.mark.parametrize("state", ["phone", "code"])
def test_text_in_fields_is_so_large_that_no_phone_zooms_in(person: Person, state: str) -> None:
    PAGE_STATES[state](person)
    size = "fields => Math.min(...fields.map((field) => parseFloat(getComputedStyle(field).fontSize)))"
    assert person.page.locator("input:not([type=hidden]), select").evaluate_all(size) >= 16


def test_in_forced_colors_the_main_button_differs_from_the_others(person: Person) -> None:
    PAGE_STATES["handoff-asked"](person)
    person.page.emulate_media(forced_colors="active")
    border = "button => getComputedStyle(button).borderTopWidth"  # the user's colors are the same for all buttons
    main, other = (person.button(name).evaluate(border) for name in ("Yes, I started this", "No, stop"))
    assert main != other


def test_with_reduced_motion_nothing_is_animated(person: Person) -> None:
    CHECK(person)
    animation = "getComputedStyle(document.querySelector('.status'), '::before').animationName"
    assert person.page.evaluate(animation) == "turn"
    person.page.emulate_media(reduced_motion="reduce")
    assert person.page.evaluate(animation) == "none"


def test_a_number_of_the_sandboxs_page_is_tried_in_the_app_with_a_press(person: Person) -> None:
    person.opens("/sandbox/")
    with person.context.expect_page() as opened:
        person.page.get_by_role("button", name="Try +12025550101").first.click()
    expect(opened.value.locator("#phone")).to_have_value("+12025550101")


def test_a_number_with_a_story_says_so_in_the_banner(person: Person) -> None:
    story = person.page.locator("[data-story]")
    PHONE(person)
    person.field("Phone number").fill("202 555 0153")
    person.field("Phone number").blur()
    expect(story).to_have_text("+12025550153: the message never arrives")
    person.presses("Continue")
    person.sees("Enter the code")
    expect(story).to_have_text("+12025550153: the message never arrives")
