"""The catalogues in `locale/`: updated from the sources by `make messages`, and checked by tests.

In pure Python, so that nobody needs gettext: Babel extracts and compiles, Django's own `templatize` reads templates.
"""

import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).parent.parent.parent
SOURCES = ("onboarding/**/*.py", "templates/**/*.html")
EXCLUDED = ("templates/sandbox/",)  # the sandbox is for developers, in English
LOCALES = ("es", "fr", "de", "pt_BR", "ar")
VARIANTS = ("en_GB",)  # only strings that are spelt otherwise; the others are those of the sources
KEYWORDS = dict.fromkeys(("_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"))
LINE_LENGTH = 120


def sources() -> Iterator[tuple[str, str]]:
    """Yield path and Python text of every source. A template is given as the Python that Django makes of it."""
    for path in sorted(path for pattern in SOURCES for path in ROOT.glob(pattern)):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(EXCLUDED):
            continue
        text = path.read_text()
        if path.suffix == ".html":
            text = re.sub(r"^[ \t]+", "", templatize(text), flags=re.M)
        yield name, text


def extracted() -> Catalog:
    """Return every string of the product, once, with its locations."""
    catalog = Catalog(project="proveflow", charset="utf-8")
    for name, text in sources():
        for line, _function, text_or_plural, _notes in extract_python(io.BytesIO(text.encode()), KEYWORDS, [], {}):
            catalog.add(_message(text_or_plural), locations=[(name, line)])
    return catalog


def _message(text_or_plural: object) -> str | tuple[str, str]:
    """Return one string, or singular and plural without the count that follows them."""
    if isinstance(text_or_plural, str):
        return text_or_plural
    singular, plural, *_count = text_or_plural if isinstance(text_or_plural, tuple) else ()
    return singular, plural


def path_of(locale: str, suffix: str = "po") -> Path:
    return ROOT / f"locale/{locale}/LC_MESSAGES/django.{suffix}"


def stored(locale: str) -> Catalog:
    with path_of(locale).open("rb") as file:
        return read_po(file, locale=locale)


def messages(catalog: Catalog) -> Iterable[Message]:
    """Return the strings of the catalogue, without the header."""
    return (message for message in catalog if message.id)


def compiled(catalog: Catalog) -> bytes:
    """Return the content of the .mo file."""
    target = io.BytesIO()
    write_mo(target, catalog)
    return target.getvalue()


def update(locale: str, template: Catalog) -> list[str]:
    """Add new strings, delete old ones, and write the files. Return the strings that have no translation."""
    path = path_of(locale)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalog = stored(locale) if path.exists() else _new(locale)
    catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    catalog.header_comment, catalog.fuzzy = f"# proveflow in {catalog.locale and catalog.locale.english_name}", False
    with path.open("wb") as file:
        write_po(file, catalog, width=LINE_LENGTH, include_lineno=False)
    path_of(locale, "mo").write_bytes(compiled(catalog))
    return [str(message.id) for message in messages(catalog) if not all(strings(message))]


def update_variant(locale: str, template: Catalog) -> list[str]:
    """Delete strings that are gone, and write the compiled file. Return the strings that have no translation."""
    catalog, known = stored(locale), {message.id for message in messages(template)}
    for message in list(messages(catalog)):
        if message.id not in known:
            catalog.delete(message.id)
    with path_of(locale).open("wb") as file:
        write_po(file, catalog, width=LINE_LENGTH, include_lineno=False)
    path_of(locale, "mo").write_bytes(compiled(catalog))
    return [str(message.id) for message in messages(catalog) if not all(strings(message))]


def _new(locale: str) -> Catalog:
    return Catalog(
        locale=locale, project="proveflow", version="0.1", last_translator="proveflow", msgid_bugs_address=" "
    )


def strings(message: Message) -> tuple[str, ...]:
    """Return the translation: one string, or one for each plural form."""
    return tuple(map(str, message.string if isinstance(message.string, tuple | list) else [message.string or ""]))


def main() -> int:
    """Update all catalogues, and print what still has to be translated."""
    template = extracted()
    missing = {locale: update(locale, template) for locale in LOCALES}
    missing |= {locale: update_variant(locale, template) for locale in VARIANTS}
    for locale, texts in missing.items():
        sys.stdout.writelines(f"{locale}: {text!r}\n" for text in texts)
    return int(any(missing.values()))


if __name__ == "__main__":
    sys.exit(main())
