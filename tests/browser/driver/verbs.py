"""What a person does, in whatever browser: a subclass drives one kind."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Any, Self

from django.utils.translation import gettext, override

from tests.browser.driver.site import Site


class Verbs(ABC):
    """A person with one browser, who reads `language`. `site` is the product; its sandbox stands for their phone."""

    site: Site
    language: str = "en"

    @abstractmethod
    def goes_to(self, url: str) -> None: ...

    @abstractmethod
    def fills(self, field: str, text: str) -> None:
        """Replace the text of the field that has this label."""

    @abstractmethod
    def presses(self, name: str) -> None: ...

    @abstractmethod
    def sees(self, heading: str) -> None:
        """Wait until the page has this heading."""

    @abstractmethod
    def reads(self, text: str) -> None:
        """Wait until this text is visible."""

    @abstractmethod
    def text_of(self, selector: str) -> str: ...

    @abstractmethod
    def runs(self, script: str) -> Any:
        """Return the value of a JavaScript expression; of a promise, what it becomes."""

    @abstractmethod
    def forgets_cookies(self) -> None: ...

    @abstractmethod
    def goes_back(self) -> None: ...

    @abstractmethod
    def another_person(self) -> AbstractContextManager[Self]:
        """Yield another person with a browser of their own."""

    def translated(self, english: str) -> str:
        """Return the translation into this person's language."""
        with override(self.language):
            return gettext(english)

    def opens(self, path: str = "/") -> None:
        self.goes_to(self.site.origin + path)

    def types_number(self, number: str) -> None:
        self.fills("Phone number", number)
        self.presses("Continue")

    def types_code(self, code: str) -> None:
        self.fills("Code", code)
        self.presses("Continue")

    def starts(self, number: str) -> None:
        """Open the phone page and send the number."""
        self.opens()
        self.types_number(number)

    def links(self, number: str, e164: str) -> None:
        """Take the whole journey of a new person."""
        self.starts(number)
        self.sees("Enter the code")
        self.types_code(self.code(e164))
        self.sees("Your number is linked")

    def messages(self, number: str) -> list[dict[str, Any]]:
        return self.site.read("messages.json", to=number)

    def code(self, number: str) -> str:
        return str(self.messages(number)[0]["code"])

    def calls(self, route: str) -> list[dict[str, Any]]:
        """Return the calls that the sandbox received for this route."""
        return self.site.read("control/ledger.json", route=route)

    def inject_fault(self, route: str, kind: str, **options: object) -> None:
        self.site.control("POST", "faults", {"route": route, "kind": kind, **options})

    def clear_faults(self) -> None:
        self.site.control("DELETE", "faults", {})
