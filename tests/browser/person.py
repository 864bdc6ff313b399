"""What a person does and sees in a browser."""

from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from tests.browser.site import Site

VIOLATION = ("Content Security Policy", "TrustedHTML", "TrustedScript", "Permissions Policy")


class Person:
    """One browser in one person's hands, and the sandbox that stands for their phone."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.context, self.site = context, site
        self.violations: list[str] = []
        self.page: Page = self.new_tab()

    def new_tab(self) -> Page:
        self.page = self.context.new_page()
        self.page.on("console", self._listen)
        return self.page

    def _listen(self, message: ConsoleMessage) -> None:
        if any(sign in message.text for sign in VIOLATION):
            self.violations.append(message.text)

    def opens(self, path: str = "/") -> None:
        self.page.goto(self.site.origin + path)

    def types_number(self, number: str) -> None:
        self.page.get_by_label("Phone number").fill(number)
        self.presses("Continue")

    def types_code(self, code: str) -> None:
        self.page.get_by_label("Code", exact=True).fill(code)
        self.presses("Continue")

    def presses(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def sees(self, heading: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(heading)

    def reads(self, text: str) -> None:
        expect(self.page.get_by_text(text).filter(visible=True)).to_have_count(1)

    def links(self, number: str, e164: str) -> None:
        """The whole journey of somebody new."""
        self.opens()
        self.types_number(number)
        self.sees("Enter the code")
        self.types_code(self.code(e164))
        self.sees("Your number is linked")

    def messages(self, number: str) -> list[dict[str, Any]]:
        return self.site.read("messages.json", to=number)

    def code(self, number: str) -> str:
        return str(self.messages(number)[0]["code"])

    def calls(self, route: str) -> list[dict[str, Any]]:
        """What the sandbox was asked, by its own ledger."""
        return self.site.read("control/ledger.json", route=route)

    def has_a_bad_day(self, route: str, kind: str, **options: object) -> None:
        self.site.control("POST", "faults", {"route": route, "kind": kind, **options})

    def has_good_days_again(self) -> None:
        self.site.control("DELETE", "faults", {})
