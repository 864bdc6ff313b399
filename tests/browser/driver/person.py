"""A person with a browser that Playwright drives: what they do and see there, in their language."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.browser.driver.site import Site
from tests.browser.driver.verbs import Verbs

VIOLATION_SIGNS = (
    "Content Security Policy",
    "Content-Security-Policy",
    "TrustedHTML",
    "TrustedScript",
    "Permissions Policy",
)
TIMEOUT_MS = 20_000
TIMEOUT_S = 20
MOST_STOPS = 60  # of the Tab key on one page


class Person(Verbs):
    """A person with Chromium or Firefox."""

    def __init__(self, context: BrowserContext, site: Site, language: str = "en") -> None:
        context.set_default_timeout(TIMEOUT_MS)
        self.context, self.site, self.language = context, site, language
        self.violations: list[str] = []
        self.page: Page = self.new_tab()

    def new_tab(self) -> Page:
        self.page = self.context.new_page()
        self.page.on("console", self._on_console)
        return self.page

    def _on_console(self, message: ConsoleMessage) -> None:
        if any(sign in message.text for sign in VIOLATION_SIGNS):
            self.violations.append(message.text)

    def goes_to(self, url: str) -> None:
        self.page.goto(url)

    def goes_back(self) -> None:
        self.page.go_back()

    def forgets_cookies(self) -> None:
        self.context.clear_cookies()

    def runs(self, script: str) -> Any:
        return self.page.evaluate(script)

    def text_of(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def field(self, name: str) -> Locator:
        return self.page.get_by_label(self.translated(name), exact=True)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=self.translated(name), exact=True)

    def presses(self, name: str) -> None:
        self.page.wait_for_load_state("domcontentloaded")  # then its script is listening
        self.button(name).click()

    def follows(self, name: str) -> None:
        self.page.get_by_role("link", name=self.translated(name), exact=True).first.click()

    def expands(self, summary: str) -> None:
        self.page.locator("summary", has_text=self.translated(summary)).click()

    def fills(self, field: str, text: str) -> None:
        self.field(field).fill(text)

    def tabs_to(self, target: Locator) -> None:
        """Press the Tab key until the element has the focus."""
        for _ in range(MOST_STOPS):
            if target.evaluate("it => it === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        expect(target).to_be_focused()

    def sees(self, heading: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(self.translated(heading))

    def reads(self, text: str) -> None:
        expect(self.page.get_by_text(self.translated(text)).filter(visible=True)).to_have_count(1)

    def unlinks(self) -> None:
        self.expands("Unlink this number")
        self.presses("Yes, unlink it")
        self.sees("Your number is unlinked")

    def logs_in_as_reviewer(self, code: str = "") -> None:
        reviewer = self.site.reviewer
        self.opens("/admin/")
        self.page.locator("[name=username]").fill(reviewer.name)
        self.page.locator("[name=password]").fill(reviewer.password)
        self.page.locator("[name=otp_token]").fill(code or self.site.reviewer_code())
        self.presses("Log in")

    def is_reviewer(self) -> None:
        """Open the desk, logged in as in an earlier test if there was one."""
        self.context.add_cookies(self.site.reviewer_cookies)
        self.opens("/admin/")
        if self.page.locator("[name=otp_token]").count():
            self.logs_in_as_reviewer()
            self.page.locator("#user-tools").wait_for()
            self.site.reviewer_cookies = [each for each in self.context.cookies() if "session" in each["name"]]

    @contextmanager
    def another_person(self) -> Iterator[Self]:
        """Yield another person with a browser of their own."""
        assert self.context.browser
        with self.context.browser.new_context() as context:
            yield type(self)(context, self.site)

    def waits_until(self, condition: Callable[[], object]) -> None:
        for _ in range(TIMEOUT_S * 20):
            if condition():
                return
            self.page.wait_for_timeout(50)  # ms
        raise AssertionError("the condition was never met")

    def waits_until_asked(self, route: str) -> None:
        self.waits_until(lambda: self.calls(route))
