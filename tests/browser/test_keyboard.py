"""Every journey by keyboard alone."""

import pytest
from playwright.sync_api import expect

from tests import qr
from tests.browser.stage.person import Person
from tests.browser.stage.states import CODE, E164, NUMBER, OTHER_E164, OTHER_NUMBER

pytestmark = pytest.mark.parametrize(
    "site", [pytest.param("built in", marks=pytest.mark.xdist_group("built in"))], indirect=True
)


def types(person: Person, field: str, text: str) -> None:
    person.walks_to(person.field(field))
    person.page.keyboard.type(text)


def enters(person: Person, field: str, text: str) -> None:
    types(person, field, text)
    person.page.keyboard.press("Enter")


def hits(person: Person, button: str) -> None:
    person.walks_to(person.button(button))
    person.page.keyboard.press("Enter")


def unfolds(person: Person, words: str) -> None:
    person.walks_to(person.page.locator("summary", has_text=words))
    person.page.keyboard.press("Enter")


def test_from_the_number_over_a_second_code_to_the_end_and_back(person: Person) -> None:
    person.opens()
    types(person, "Country", "Canada")
    enters(person, "Phone number", NUMBER)
    person.sees("Enter the code")
    expect(person.field("Code")).to_be_focused()
    person.site.ages(minutes=1)
    hits(person, "Send a code again")
    person.sees("Enter the code")
    enters(person, "Code", person.code(E164))
    person.sees("Your number is linked")
    hits(person, "Remember me here")
    person.reads("This browser remembers your number: next time one tap is enough.")
    person.opens()
    expect(person.button("Continue")).to_be_focused()
    person.page.keyboard.press("Enter")
    person.sees("Your number is linked")
    unfolds(person, "Unlink this number")
    hits(person, "Yes, unlink it")
    person.sees("Your number is unlinked")


def test_a_check_is_cancelled_and_begun_again(person: Person) -> None:
    person.has_a_bad_day("prove.device_register", "hang", times=1)
    person.opens()
    enters(person, "Phone number", NUMBER)
    person.waits_until_asked("prove.device_register")
    hits(person, "Cancel")
    person.reads("Stopped. Press the button when you want to go on.")
    hits(person, "Continue")
    person.sees("Enter the code")


def test_a_device_is_moved_to_another_number(person: Person) -> None:
    person.links(NUMBER, E164)
    person.opens()
    enters(person, "Phone number", OTHER_NUMBER)
    person.sees("This device is linked to another number")
    hits(person, "Move this device to my number")
    person.sees("Enter the code")
    enters(person, "Code", person.code(OTHER_E164))
    person.sees("Your number is linked")


def test_a_wrong_code_leads_from_the_summary_to_the_field(person: Person) -> None:
    CODE(person)
    enters(person, "Code", "000000" if person.code(E164) != "000000" else "000001")
    expect(person.page.locator("#notice")).to_be_focused()
    person.walks_to(person.page.locator("#notice a"))
    person.page.keyboard.press("Enter")
    expect(person.field("Code")).to_be_focused()


def test_a_journey_moves_from_one_screen_to_the_other(person: Person) -> None:
    person.opens("/handoff/")
    hits(person, "Show the code")
    person.sees("Scan this code with your phone")
    with person.next_to_another() as phone:
        phone.page.goto(qr.read(person.page.locator(".qr").inner_html()))
        hits(phone, "Yes, I started this")
        phone.sees("Type this number on your computer")
        person.sees("Which number does your phone show?")
        enters(person, "Number on your phone", phone.page.locator(".match").inner_text())
        person.sees("Your phone is ready")
        phone.sees("What's your phone number?")
