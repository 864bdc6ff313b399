"""A language in which every translated string stands in brackets, so that one outside them is one nobody marked."""

import re
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.catalog import Catalog

from tests.languages.catalogues import compiled, extracted, messages

CODE = "eo"  # Django knows it, and we don't speak it
UNSAID = ("script", "style", "svg")
SAID_ATTRIBUTES = ("aria-label", "title", "alt", "placeholder")
BRACKETED = re.compile(r"⟦[^⟦⟧]*⟧")


def write_catalogue(folder: Path) -> None:
    """`folder` becomes one of LOCALE_PATHS."""
    catalog = Catalog(locale=CODE)
    for message in messages(extracted()):
        said = message.id if isinstance(message.id, tuple) else (message.id,)
        bracketed = tuple(f"⟦{words}⟧" for words in said)
        catalog.add(message.id, string=bracketed if isinstance(message.id, tuple) else bracketed[0])
    path = folder / CODE / "LC_MESSAGES/django.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(compiled(catalog))


def unmarked(html: str, *, names: tuple[str, ...]) -> list[str]:
    """The words of a page that no catalogue holds; `names` are said alike in every language."""
    reader = _Reader()
    reader.feed(html)
    text = " ".join(reader.said)
    while BRACKETED.search(text):
        text = BRACKETED.sub(" ", text)
    for name in names:
        text = text.replace(name, " ")
    return re.findall(r"[^\W\d_]{2,}", text)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.said += [value for name, value in attrs if name in SAID_ATTRIBUTES and value]
        if tag in UNSAID:
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.said.append(data)
