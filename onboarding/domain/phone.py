"""Numbers as people write them, and the one form that everything else uses. Pure: no Django, no network, no clock."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import phonenumbers
from phonenumbers import CountryCodeSource, NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

# Superscripts and the like, which libphonenumber drops as if nothing had been typed; control characters.
UNREADABLE = frozenset({"No", "Nl", "Cc", "Cs"})
BACKWARDS = "\u202e"  # what follows is shown from its end
DASHES = "\u2212ー"  # a minus; what the key for a dash gives on a Japanese keyboard
NORTH_AMERICA = 1
# 1-800-FLOWERS. Only a word at the end: an O typed for a 0 is no 6. Elsewhere numbers have no fixed length, so that
# any word that stands behind a number could belong to it.
VANITY = re.compile(r"[^A-Za-z]*[0-9][ .)-]*([A-Za-z][ .-]*){4,}")

# Numbers that are kept for fiction, as their country writes them.
EXAMPLES = {
    "US": "201 555 0123",
    "CA": "604 555 0123",
    "GB": "07700 900123",
    "FR": "06 39 98 12 34",
    "AU": "0491 570 006",
    "DE": "0171 39200 12",
    "IE": "020 913 0123",
    "SE": "070 174 06 05",
}


class NotANumber(ValueError):
    """Nobody could be called on what was typed."""


@dataclass(frozen=True)
class Number:
    """An E.164 number. Its `str` and `repr` are masked, so that it can't leak by accident."""

    e164: str

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"Number({self.masked})"

    @property
    def masked(self) -> str:
        return "•••• " + self.e164[-4:]

    @property
    def ending(self) -> str:
        """Enough for its owner, too little for others who use the same computer."""
        return self.e164[-2:]

    @property
    def display(self) -> str:
        """As people of the number's country write it for others: +1 201-555-0123."""
        return phonenumbers.format_number(phonenumbers.parse(self.e164), PhoneNumberFormat.INTERNATIONAL)

    @property
    def region(self) -> str | None:
        """ISO 3166 code; the main country of the calling code where the number's own range is in no plan."""
        parsed = phonenumbers.parse(self.e164)
        return phonenumbers.region_code_for_number(parsed) or phonenumbers.region_code_for_country_code(
            parsed.country_code or 0
        )


def parse(text: str, *, region: str) -> Number:
    """The number meant by `text`; `region` (ISO 3166) is where a number without country code is from.

    Possible, not valid, is asked: Prove's own test users are in no numbering plan. Raises NotANumber.
    """
    readings = list(_readings(_written(text), region))
    if not readings:
        raise NotANumber
    meant = max(readings, key=phonenumbers.is_valid_number)  # the first, unless only the other is in a plan
    return Number(phonenumbers.format_number(meant, PhoneNumberFormat.E164))


def same(one: str, other: str) -> bool:
    """Whether Prove means the same number: it writes North American ones with and without +1."""
    return _comparable(one) == _comparable(other)


def _comparable(text: str) -> str:
    return text if text.startswith("+") else f"+1{text.removeprefix('1')}" if len(text) in (10, 11) else text


def as_seen(text: str) -> str:
    """What the eye sees in what was typed or pasted: ASCII digits, blanks and dashes. Raises NotANumber."""
    if BACKWARDS in text or any(unicodedata.category(c) in UNREADABLE and not c.isspace() for c in text):
        raise NotANumber
    return " ".join("".join(map(_seen, unicodedata.normalize("NFKC", text))).split())


def _seen(character: str) -> str:
    if character in DASHES or unicodedata.category(character) == "Pd":
        return "-"
    if unicodedata.category(character) == "Cf":  # marks of direction, soft hyphens: pasted along
        return ""
    return str(unicodedata.decimal(character, character))


def _written(text: str) -> str:
    """The number as it stands there, without the words before it."""
    seen = as_seen(text)
    start = re.search("[0-9+]", seen)
    if start is None or seen[: start.start()][-1:].isalpha():
        raise NotANumber
    return seen[start.start() :]


def _readings(written: str, region: str) -> Iterator[PhoneNumber]:
    """As the country dials; and with 00 for the plus, which people write everywhere."""
    own, abroad = _read(written, region), re.sub(r"^\W*0 ?0", "+", written)
    if own and (abroad == written or own.country_code_source == CountryCodeSource.FROM_NUMBER_WITH_IDD):
        yield own
    if abroad != written and (number := _read(abroad, region)):
        yield number


def _read(written: str, region: str) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(written, region, keep_raw_input=True)
    except NumberParseException:
        return None
    if number.extension or phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    if any(map(str.isalpha, written)) and not (number.country_code == NORTH_AMERICA and VANITY.fullmatch(written)):
        return None
    return number
