"""All journeys by keyboard alone."""

import pytest
from playwright.sync_api import expect

from tests import qr
from tests.browser.driver.page_states import CODE, E164, NUMBER, OTHER_E164, OTHER_NUMBER
from tests.browser.driver.person import Person

pytestmark = pytest.mark.parametrize(
    "site", [pytest.param("built in", marks=pytest.mark.xdist_group("built in"))], indirect=True
)


def types(person: Person, field: str, text: str) -> None:
    person.tabs_to(person.field(field))
    person.page.keyboard.type(text)


def types_and_submits(person: Person, field: str, text: str) -> None:
    types(person, field, text)
    person.page.keyboard.press("Enter")


def activates(person: Person, button: str) -> None:
    person.tabs_to(person.button(button))
    person.page.keyboard.press("Enter")


def expands(person: Person, words: str) -> None:
    person.tabs_to(person.page.locator("summary", has_text=words))
    person.page.keyboard.press("Enter")


def test_a_link_with_a_second_code_a_return_and_an_unlinking_work(person: Person) -> None:
    person.opens()
    types(person, "Country", "Canada")
    types_and_submits(person, "Phone number", NUMBER)
    person.sees("Enter the code")
    expect(person.field("Code")).to_be_focused()
    person.site.make_older(minutes=1)
    person.page.reload()
    activates(person, "Send a code again")
    person.sees("Enter the code")
    types_and_submits(person, "Code", person.code(E164))
    person.sees("Your number is linked")
    activates(person, "Don't ask for my number on this device")
    person.reads("This browser remembers your number: next time one tap is enough.")
    person.opens()
    expect(person.button("Continue")).to_be_focused()
    person.page.keyboard.press("Enter")
    person.sees("Your number is linked")
    expands(person, "Unlink this number")
    activates(person, "Yes, unlink it")
    person.sees("Your number is unlinked")


def test_the_device_check_can_be_cancelled_and_restarted(person: Person) -> None:
    person.inject_fault("prove.device_register", "hang", times=1)
    person.opens()
    types_and_submits(person, "Phone number", NUMBER)
    person.waits_until_asked("prove.device_register")
    activates(person, "Cancel")
    person.reads("Canceled. Press the button when you want to go on.")
    activates(person, "Continue")
    person.sees("Enter the code")


def test_a_device_can_be_rebound_to_another_number(person: Person) -> None:
    person.links(NUMBER, E164)
    person.opens()
    types_and_submits(person, "Phone number", OTHER_NUMBER)
    person.sees("This device is linked to another number")
    activates(person, "Move this device to my number")
    person.sees("Enter the code")
    types_and_submits(person, "Code", person.code(OTHER_E164))
    person.sees("Your number is linked")


def test_the_error_summary_of_a_wrong_code_leads_to_the_field(person: Person) -> None:
    CODE(person)
    types_and_submits(person, "Code", "000000" if person.code(E164) != "000000" else "000001")
    expect(person.page.locator("#notice")).to_be_focused()
    person.tabs_to(person.page.locator("#notice a"))
    person.page.keyboard.press("Enter")
    expect(person.field("Code")).to_be_focused()


def test_a_handoff_works(person: Person) -> None:
    person.opens("/handoff/")
    activates(person, "Show the QR code")
    person.sees("Scan this QR code with your phone")
    with person.another_person() as phone:
        phone.page.goto(qr.read(person.page.locator(".qr").inner_html()))
        activates(phone, "Yes, I started this")
        phone.sees("Type this 2‑digit number on your computer")
        person.sees("Which 2‑digit number does your phone show?")
        types_and_submits(person, "2-digit number on your phone", phone.page.locator(".match").inner_text())
        person.sees("Your phone is ready")
        phone.sees("What's your phone number?")
