"""Without JavaScript: the phone page says that it needs it; from the code page on everything works."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.driver.page_states import CODE, E164, NUMBER
from tests.browser.driver.person import Person

pytestmark = pytest.mark.parametrize(
    "site", [pytest.param("built in", marks=pytest.mark.xdist_group("built in"))], indirect=True
)


@pytest.fixture
def plain(chromium: Browser, person: Person) -> Iterator[Person]:
    """Yield a person whose browser runs no JavaScript."""
    with chromium.new_context(java_script_enabled=False) as context:
        plain = Person(context, person.site)
        yield plain
        assert plain.violations == []


def continues_without_javascript(person: Person, plain: Person) -> None:
    plain.context.add_cookies(person.context.cookies())  # type: ignore[arg-type]
    plain.opens()


def test_the_phone_page_says_that_javascript_is_missing(plain: Person) -> None:
    plain.opens()
    expect(plain.page.locator("noscript p")).to_be_visible()
    plain.types_number(NUMBER)
    expect(plain.page.locator("noscript p")).to_contain_text("needs JavaScript, and it is off")
    expect(plain.page.locator(".notice").filter(visible=True)).to_have_count(1)
    expect(plain.field("Phone number")).to_have_value(NUMBER)
    assert plain.calls("prove.unify") == []


def test_from_the_code_page_on_everything_works(person: Person, plain: Person) -> None:
    CODE(person)
    continues_without_javascript(person, plain)
    plain.sees("Enter the code")
    plain.presses("Send a code again")
    expect(plain.page.locator("#notice")).to_contain_text("It is too soon for another code.")
    plain.site.make_older(minutes=1)
    plain.presses("Get the code by phone call")
    plain.types_code("hello")
    expect(plain.page.locator("#code-error")).to_be_visible()
    plain.types_code(plain.code(E164))
    plain.sees("Your number is linked")
    plain.presses("Don't ask for my number on this device")
    plain.opens()
    plain.sees("Welcome back")
    plain.opens("/done/")
    plain.unlinks()
