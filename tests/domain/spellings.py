"""Every region's numbers, from libphonenumber's metadata, and the ways in which people write one."""

import random
import re
from collections.abc import Iterator

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat, PhoneNumberType

TYPES = [kind for kind in PhoneNumberType.values() if kind != PhoneNumberType.UNKNOWN]
NEIGHBOURS = 1  # of each example number
KEPT = 2  # digits that a number shares with its neighbours


def numbers(region: str) -> list[PhoneNumber]:
    """Return the example number of each type of the region, and neighbours of it that have the same type."""
    examples = [found for kind in TYPES if (found := phonenumbers.example_number_for_type(region, kind))]
    return [number for example in examples for number in (example, *_neighbours(example, region))]


def _neighbours(example: PhoneNumber, region: str) -> Iterator[PhoneNumber]:
    draw, kind = random.Random(f"{region} {example}"), phonenumbers.number_type(example)
    national = phonenumbers.national_significant_number(example)
    found = 0
    for _ in range(100):
        digits = national[:KEPT] + "".join(draw.choices("0123456789", k=len(national) - KEPT))
        number = phonenumbers.parse(f"+{example.country_code}{digits}")
        if phonenumbers.number_type(number) == kind and phonenumbers.national_significant_number(number) == digits:
            yield number
            found += 1
        if found == NEIGHBOURS:
            return


def e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def spellings(number: PhoneNumber, region: str) -> dict[str, str]:
    """Return the ways to write the number in its region, by their names."""
    code, digits = number.country_code, phonenumbers.national_significant_number(number)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    rest = international.removeprefix(f"+{code}").lstrip(" -")
    return {
        "national": national,
        "national, digits": re.sub("[^0-9]", "", national),
        "national, quoted": f"'{national}'",
        "national, with a word": f"{national} (cell)",
        "national, without its prefix": digits,
        "international": international,
        "international, E.164": f"+{code}{digits}",
        "international, URI": phonenumbers.format_number(number, PhoneNumberFormat.RFC3966),
        "international, dots": re.sub("[ -]", "·", international),
        "international, code in brackets": f"(+{code}) {rest}",
        "international, plus before brackets": f"+({code}) {rest}",
        "without plus": f"{code} {rest}",
        "without plus, digits": f"{code}{digits}",
        "without plus, code in brackets": f"({code}) {rest}",
        "00": f"00 {code} {rest}",
        "00, digits": f"00{code}{digits}",
        "00 in brackets": f"(00{code}) {rest}",
        "00 after a plus": f"+00{code} {rest}",
        "the region's own prefix": f"{_own_prefix(region)} {code} {rest}",
        "trunk zero in brackets": f"+{code} (0){rest}",
        "trunk zero in brackets, digits": f"+{code}(0){digits}",
        "trunk zero in brackets after 00": f"00{code} (0) {rest}",
        "trunk zero in brackets, without plus": f"{code}(0){rest}",
        **_with_trunk_prefix(code, rest, digits, region),
        **(_of_mobiles(code, digits) if phonenumbers.number_type(number) == PhoneNumberType.MOBILE else {}),
    }


def _own_prefix(region: str) -> str:
    metadata = PhoneMetadata.metadata_for_region(region)
    assert metadata
    prefix = metadata.preferred_international_prefix or metadata.international_prefix or ""
    return prefix if re.fullmatch("[0-9~]+", prefix) else "00"


def _with_trunk_prefix(code: int | None, rest: str, digits: str, region: str) -> dict[str, str]:
    """Return spellings of which a region without a trunk prefix has none: there a 0 is a digit like any other."""
    metadata = PhoneMetadata.metadata_for_region(region)
    prefix = metadata and metadata.national_prefix
    if not prefix:
        return {}
    return {
        "trunk prefix in brackets": f"+{code} ({prefix}){rest}",
        "trunk prefix": f"+{code}{prefix}{digits}",
        "trunk prefix, without plus": f"{code} {prefix}{rest}",
        "trunk prefix after 00": f"00{code}{prefix}{digits}",
    }


def _of_mobiles(code: int | None, digits: str) -> dict[str, str]:
    """Return slips by which a short landline number could become another's."""
    return {"code after a single zero": f"0{code}{digits}", "code twice": f"+{code} {code}{digits}"}
