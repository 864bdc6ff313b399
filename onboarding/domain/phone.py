"""Phone numbers in E.164. Pure: no Django, no network, no clock."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

# Unicode categories of superscripts and the like, which libphonenumber drops in silence, and of control characters.
UNREADABLE = frozenset({"No", "Nl", "Cc", "Cs"})
RIGHT_TO_LEFT_OVERRIDE = "\u202e"  # the digits that follow are shown in reverse
DASHES = "\u2212ー"  # minus sign; the dash key of a Japanese keyboard

# https://github.com/google/libphonenumber/blob/master/FAQ.md tells the types apart.
SERVICES = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PAGER,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
        PhoneNumberType.PERSONAL_NUMBER,
    }
)

# Second spellings of a line in E.164, and what to replace: Argentina's and Mexico's for mobiles that are called from
# abroad, Brazil's of before mobiles got a ninth digit (those in 7 got none), and Gabon's with its trunk zero.
SPELLINGS: Mapping[str, tuple[str, str]] = {
    "AR": (r"^\+549(?=[0-9]{10}$)", "+54"),
    "BR": (r"^(\+55[1-9][0-9])(?=[689][0-9]{7}$)", r"\g<1>9"),
    "GA": (r"^\+2410(?=[2-7][0-9]{6}$)", "+241"),
    "MX": (r"^\+521(?=[0-9]{10}$)", "+52"),
}

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


class Problem(StrEnum):
    """Why a text is no number that can be used."""

    UNREADABLE = "unreadable"
    NO_COUNTRY = "no_country"  # it has no country code, and no country was chosen
    NO_SUCH_COUNTRY_CODE = "no_such_country_code"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    UNLISTED = "unlisted"  # it has the right length, but no numbering plan has it


@dataclass(eq=False)
class NotANumber(ValueError):
    """The text is not a phone number. `country` (ISO 3166) is the one whose numbers it was compared with."""

    problem: Problem = Problem.UNREADABLE
    country: str = ""
    possible: "tuple[Number, ...]" = ()  # if UNLISTED: a range can be newer than our numbering plans


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
        return phonenumbers.format_number(self._parsed, PhoneNumberFormat.INTERNATIONAL)

    @property
    def region(self) -> str | None:
        """Return the ISO 3166 code; for a range in no numbering plan, the main country of the calling code."""
        return _region(self.e164)

    @property
    def subscriber(self) -> str:
        """Return one spelling for all that reach the same phone. Budgets and leases are keyed by it."""
        spelling = self.e164
        for pattern, replacement in SPELLINGS.values():
            spelling = re.sub(pattern, replacement, spelling)
        return spelling

    @property
    def spellings(self) -> frozenset[str]:
        """Return all spellings of this phone in E.164."""
        short = self.subscriber
        longer = ("+549" + short[3:], "+521" + short[3:], "+2410" + short[4:], short[:5] + short[6:])
        return frozenset({self.e164, short, *(each for each in longer if Number(each).subscriber == short)})

    @property
    def is_listed(self) -> bool:
        """Return whether a numbering plan has the number."""
        return phonenumbers.is_valid_number(self._parsed)

    @property
    def is_landline(self) -> bool:
        return phonenumbers.number_type(self._parsed) == PhoneNumberType.FIXED_LINE

    @property
    def is_service(self) -> bool:
        """Return whether it is premium rate, toll-free or another number that is no person's own phone."""
        return phonenumbers.number_type(self._parsed) in SERVICES

    @property
    def _parsed(self) -> PhoneNumber:
        return _parsed(self.e164)


# Cached: each step of a journey asks several times, and the answer takes longer than a statement.
@lru_cache(maxsize=1024)
def _parsed(e164: str) -> PhoneNumber:
    return phonenumbers.parse(e164)


@lru_cache(maxsize=1024)
def _region(e164: str) -> str | None:
    number = _parsed(e164)
    return phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(
        number.country_code or 0
    )


def same(one: str, other: str) -> bool:
    """Return whether both are the same number, however vendors spell it.

    Prove writes North American ones with or without +1. Another number without its plus is no number.
    """
    return _comparable(one) == _comparable(other)


def _comparable(text: str) -> str:
    if not text.startswith("+"):
        return f"+1{text.removeprefix('1')}" if len(text) in (10, 11) else text
    return Number("+" + re.sub("[^0-9]", "", text)).subscriber


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
