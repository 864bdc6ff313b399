"""Phone numbers: from what people type to E.164. Pure: no Django, no network, no clock."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import phonenumbers
from phonenumbers import CountryCodeSource, NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

# Unicode categories of superscripts and the like, which libphonenumber drops in silence, and of control characters.
UNREADABLE = frozenset({"No", "Nl", "Cc", "Cs"})
RIGHT_TO_LEFT_OVERRIDE = "\u202e"  # the digits that follow are shown in reverse
DASHES = "\u2212ー"  # minus sign; the dash key of a Japanese keyboard
NORTH_AMERICA = 1
# 1-800-FLOWERS. A word counts only at the end, since an O typed for a 0 is no 6, and only in North America, where
# numbers have a fixed length.
VANITY = re.compile(r"[^A-Za-z]*[0-9][ .)-]*([A-Za-z][ .-]*){4,}")

# Example numbers, reserved for fiction, in their national format.
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
    """The text is not a phone number."""


@dataclass(frozen=True)
class Number:
    """An E.164 number. `str` and `repr` mask it, so that it does not leak into logs."""

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
        """Return the last two digits: enough for the owner to know it, too little for others at the same browser."""
        return self.e164[-2:]

    @property
    def display(self) -> str:
        """Return the international format, like +1 201-555-0123."""
        return phonenumbers.format_number(phonenumbers.parse(self.e164), PhoneNumberFormat.INTERNATIONAL)

    @property
    def region(self) -> str | None:
        """Return the ISO 3166 code; for a range in no numbering plan, the main country of the calling code."""
        parsed = phonenumbers.parse(self.e164)
        return phonenumbers.region_code_for_number(parsed) or phonenumbers.region_code_for_country_code(
            parsed.country_code or 0
        )


def parse(text: str, *, region: str) -> Number:
    """Return the number in `text`. A number without country code is read as one of `region` (ISO 3166).

    The number has to be possible, not valid: Prove's test users are in no numbering plan. Raises NotANumber.
    """
    readings = list(_readings(_written(text), region))
    if not readings:
        raise NotANumber
    meant = max(readings, key=phonenumbers.is_valid_number)  # the first reading, unless only the second is valid
    return Number(phonenumbers.format_number(meant, PhoneNumberFormat.E164))


def same(one: str, other: str) -> bool:
    """Return whether both are the same number. Prove writes North American ones with or without +1."""
    return _comparable(one) == _comparable(other)


def _comparable(text: str) -> str:
    return text if text.startswith("+") else f"+1{text.removeprefix('1')}" if len(text) in (10, 11) else text


def normalized(text: str) -> str:
    """Return `text` with ASCII digits, blanks and dashes in place of their Unicode variants. Raises NotANumber."""
    if RIGHT_TO_LEFT_OVERRIDE in text or any(unicodedata.category(c) in UNREADABLE and not c.isspace() for c in text):
        raise NotANumber
    return " ".join("".join(map(_seen, unicodedata.normalize("NFKC", text))).split())


def _seen(character: str) -> str:
    if character in DASHES or unicodedata.category(character) == "Pd":
        return "-"
    if unicodedata.category(character) == "Cf":  # marks of direction and soft hyphens, which come with pasted text
        return ""
    return str(unicodedata.decimal(character, character))


def _written(text: str) -> str:
    """Return the number as it was written, without the words before it. Raises NotANumber."""
    seen = normalized(text)
    start = re.search("[0-9+]", seen)
    if start is None or seen[: start.start()][-1:].isalpha():
        raise NotANumber
    return seen[start.start() :]


def _readings(written: str, region: str) -> Iterator[PhoneNumber]:
    """Yield the number as dialled in `region`, and with a leading 00 read as the plus."""
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
