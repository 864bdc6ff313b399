"""Handoff from a computer to a phone, in two browsers."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests import qr
from tests.browser.driver.person import TIMEOUT_MS, Person
from tests.browser.driver.site import Site, WithStandaloneSandbox

NUMBER, E164 = "(201) 555-0123", "+12015550123"
AGENT = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"
)


@pytest.fixture
def computer(person: Person) -> Person:
    person.page.set_viewport_size({"width": 1280, "height": 800})
    return person


@pytest.fixture
def phone(chromium: Browser, site: Site, computer: Person) -> Iterator[Person]:
    with chromium.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, user_agent=AGENT) as context:
        context.set_default_timeout(TIMEOUT_MS)
        person = Person(context, site)
        yield person
        assert person.violations == []


def scan(phone: Person, computer: Person) -> None:
    computer.sees("Scan this QR code with your phone")
    phone.page.goto(qr.read(computer.page.locator(".qr").inner_html()))


def test_a_journey_continues_on_the_phone_and_both_pages_follow(computer: Person, phone: Person) -> None:
    computer.opens()
    computer.page.get_by_role("link", name="Use your phone instead").click()
    computer.presses("Show the QR code")
    scan(phone, computer)
    phone.sees("Did you start this on your computer?")
    assert "/h/" not in phone.page.url
    phone.presses("Yes, I started this")
    computer.sees("Which 2‑digit number does your phone show?")
    expect(computer.page.get_by_label("2-digit number on your phone")).to_be_focused()
    computer.page.keyboard.type(phone.page.locator(".match").inner_text())
    computer.page.keyboard.press("Enter")
    computer.sees("Your phone is ready")
    phone.sees("What's your phone number?")
    phone.types_number(NUMBER)
    phone.sees("Enter the code")
    phone.types_code(phone.code(E164))
    phone.sees("Your number is linked")
    computer.sees("Done on your phone")
    assert "555" not in computer.page.content()


def test_a_wrong_match_number_ends_the_handoff_on_both_pages(computer: Person, phone: Person) -> None:
    computer.opens("/handoff/")
    computer.presses("Show the QR code")
    scan(phone, computer)
    phone.presses("Yes, I started this")
    shown = int(phone.page.locator(".match").inner_text())
    computer.page.get_by_label("2-digit number on your phone").fill(str(10 + (shown - 9) % 90))
    computer.presses("Continue")
    computer.sees("This QR code no longer works")
    phone.sees("This QR code no longer works")


def test_a_refusal_on_the_phone_ends_the_handoff_on_the_computer(computer: Person, phone: Person) -> None:
    computer.opens("/handoff/")
    computer.presses("Show the QR code")
    scan(phone, computer)
    phone.presses("No, stop")
    phone.sees("Stopped")
    computer.sees("This QR code no longer works")


def test_the_computers_page_follows_without_javascript(chromium: Browser, phone: Person) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        plain = Person(context, phone.site)
        plain.opens("/handoff/")
        plain.presses("Show the QR code")
        scan(phone, plain)
        phone.presses("Yes, I started this")
        expect(plain.page.get_by_role("heading", level=1)).to_contain_text("Which 2‑digit number", timeout=12_000)


def test_a_tablet_that_calls_itself_a_computer_is_not_sent_away(chromium: Browser, site: Site) -> None:
    if not isinstance(site, WithStandaloneSandbox):
        pytest.skip("the server that requires a phone stands alone")
    agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15"
    with chromium.new_context(
        has_touch=True, user_agent=agent
    ) as context:  # is_mobile would send a hint that it is one
        context.add_init_script("Object.defineProperty(navigator, 'maxTouchPoints', {value: 5})")
        tablet = Person(context, site)
        tablet.page.goto(site.strict_origin)
        tablet.sees("What's your phone number?")
        assert tablet.violations == []
