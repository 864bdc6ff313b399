"""Finds phone numbers in prose, such as the reasons that reviewers write. Pure: no Django, no network, no clock."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from typing import Any

from onboarding.domain.phone import NotANumber, Number
from onboarding.domain.readings import FEWEST_DIGITS, VANITY, read

MOST_DIGITS = 15  # of E.164
LAST_DIGITS = 7  # of a number, which are enough to know it by
DATE = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])(?![0-9])")  # ISO 8601
LIKE_A_NUMBER = re.compile(r"([0-9][\s().+/-]*){7}")  # without an area code, too
RUN = re.compile(r"\+?[0-9](?:[\W_]{0,5}[0-9])*")  # of digits, with whatever but letters between them
GROUP = re.compile(r"\+?[0-9]+")


def mentions_number(text: str, regions: Collection[str]) -> bool:
    """Return whether `text`, or a part of it, can be read as a phone number of one of `regions` or with country code.

    A date like 2026-11-29 is none.
    """
    seen = DATE.sub("a date", _digits_in_ascii(text))
    parts = [part for run in RUN.findall(seen) for part in _parts(run)]
    words = [seen] if VANITY.fullmatch(seen) else []
    return (
        LIKE_A_NUMBER.search(seen) is not None
        or any(_is_number(part, region) for part in parts + words for region in regions)
        or any(_is_number(f"+{part.removeprefix('+')}", "") for part in parts)
    )


def without_number(value: Any, number: Number) -> Any:
    """Return a JSON value with `number` masked in its texts, in whatever spelling. Names of members stay."""
    last = r"[\W_]{0,5}".join(number.e164[-LAST_DIGITS:])
    return _replaced(value, re.compile(rf"(?:\+?[0-9(][0-9() ./-]*)?{last}(?![0-9])"), number.masked)


def _replaced(value: Any, pattern: re.Pattern[str], by: str) -> Any:
    if isinstance(value, dict):
        return {name: _replaced(each, pattern, by) for name, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, pattern, by) for each in value]
    if isinstance(value, str) or (isinstance(value, int) and pattern.search(str(value))):
        return pattern.sub(by, str(value))
    return value


def _digits_in_ascii(text: str) -> str:
    """Return the text with ASCII digits in place of others, and without invisible characters."""
    seen = (c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    return " ".join("".join(str(unicodedata.decimal(c, c)) for c in seen).split())


def _parts(run: str) -> Iterator[str]:
    """Yield all neighbouring groups of digits that are together as long as a number."""
    groups = GROUP.findall(run)
    for first in range(len(groups)):
        part = ""
        for group in groups[first:]:
            part = f"{part} {group}".strip()
            digits = sum(map(str.isdigit, part))
            if digits > MOST_DIGITS:
                break
            if digits >= FEWEST_DIGITS:
                yield part


def _is_number(text: str, region: str) -> bool:
    try:
        return bool(read(text, region))
    except NotANumber as error:
        return bool(region and error.possible)
