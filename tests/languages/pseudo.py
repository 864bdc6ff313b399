"""A pseudo-language: every translated string is in brackets, so a text outside them is not marked for translation."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.catalog import Catalog

from tests.languages.catalogues import compiled, extracted, messages

CODE = "eo"  # Esperanto: Django knows it, and the product has no catalogue for it
SKIPPED_TAGS = ("script", "style", "svg")
TEXT_ATTRIBUTES = ("aria-label", "title", "alt", "placeholder")
BRACKETED = re.compile(r"⟦[^⟦⟧]*⟧")


def write_catalogue(folder: Path) -> None:
    """Write the catalogue; `folder` is for LOCALE_PATHS."""
    path = folder / CODE / "LC_MESSAGES/django.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(_catalogue())


@cache
def _catalogue() -> bytes:
    """Return the .mo file."""
    catalog = Catalog(locale=CODE)
    for message in messages(extracted()):
        texts = message.id if isinstance(message.id, tuple) else (message.id,)
        bracketed = tuple(f"⟦{text}⟧" for text in texts)
        catalog.add(message.id, string=bracketed if isinstance(message.id, tuple) else bracketed[0])
    return compiled(catalog)


def untranslated(html: str, *, names: tuple[str, ...]) -> list[str]:
    """Return the words of a page that are in no catalogue. `names` are the same in every language."""
    reader = _Reader()
    reader.feed(html)
    text = " ".join(reader.texts)
    while BRACKETED.search(text):
        text = BRACKETED.sub(" ", text)
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, " ")
    return re.findall(r"[^\W\d_]{2,}", text)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._skipped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.texts += [value for name, value in attrs if name in TEXT_ATTRIBUTES and value]
        if tag in SKIPPED_TAGS:
            self._skipped.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._skipped and self._skipped[-1] == tag:
            self._skipped.pop()

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.texts.append(data)
