"""Numbers as people write them, and the one form that everything else uses. Pure: no Django, no network, no clock."""

import unicodedata
from dataclasses import dataclass

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

LONGEST_INPUT = 40  # characters
PLUS = ("+", "\uff0b")
PUNCTUATION = frozenset(" \t\u00a0\u2009\u202f\u3000-\u2010\u2011\u2012\u2013\u2014\uff0d.()\uff08\uff09/").union(PLUS)
INVISIBLE = frozenset("\u200b\u200e\u200f\u202a\u202c\u2060\u2066\u2069\ufeff")  # pasted along from contact lists


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
    try:
        parsed = phonenumbers.parse(_plain(text), region)
    except NumberParseException:
        raise NotANumber from None
    if parsed.extension or not phonenumbers.is_possible_number(parsed):
        raise NotANumber
    return Number(phonenumbers.format_number(parsed, PhoneNumberFormat.E164))


def same(one: str, other: str) -> bool:
    """Whether Prove means the same number: it writes North American ones with and without +1."""
    return _comparable(one) == _comparable(other)


def _comparable(text: str) -> str:
    return text if text.startswith("+") else f"+1{text.removeprefix('1')}" if len(text) in (10, 11) else text


def _plain(text: str) -> str:
    """ASCII digits and at most a leading plus; anything that isn't part of writing a number raises NotANumber."""
    if len(text) > LONGEST_INPUT:
        raise NotANumber
    text = "".join(c for c in text.strip() if c not in INVISIBLE)
    text = text.removeprefix("tel:").strip()
    digits = "".join(_digit(c) for c in text)
    if text.startswith(PLUS):
        return f"+{digits}"
    return f"+{digits[2:]}" if digits.startswith("00") else digits


def _digit(character: str) -> str:
    if character in PUNCTUATION:
        return ""
    value = unicodedata.decimal(character, None)
    if value is None:
        raise NotANumber
    return str(value)
