"""From what people type to the phone numbers that it can mean. Pure: no Django, no network, no clock."""

import re
from collections.abc import Iterable, Iterator, Mapping

import phonenumbers
from phonenumbers import (
    CountryCodeSource,
    NumberParseException,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
)

from onboarding.domain.phone import NotANumber, Number, Problem, normalized

LONGEST_LANDLINE = 10  # digits: the metadata lets more pass, but hardly any landline has them
NORTH_AMERICA = 1
LONGEST_TEXT = 250  # characters
MOST_DIGITS = 15  # with the country code, https://www.itu.int/rec/T-REC-E.164
FEWEST_DIGITS = 7  # with the country code; shorter ones, like 112, are no phone's
NO_SEPARATORS = re.compile("[+#*;,=&@<>?%]")  # of an extension, a second number, an address
LIKE_DIGITS = frozenset("OoIlОо")  # Latin and Cyrillic
LENGTH_PROBLEMS: Mapping[int, Problem] = {
    ValidationResult.TOO_SHORT: Problem.TOO_SHORT,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: Problem.TOO_SHORT,  # the area code is missing
    ValidationResult.TOO_LONG: Problem.TOO_LONG,
}
WORDS_AT_THE_END = re.compile(r"(?<=[0-9])[\W_]+(?=[^\W\d_])[^0-9]+$")
# 1-800-FLOWERS. A word counts only at the end, since an O typed for a 0 is no 6, and only in North America, where
# numbers have a fixed length.
VANITY = re.compile(r"[^A-Za-z]*[0-9][ .)-]*([A-Za-z][ .-]*){4,}")
BRAZILIAN_CARRIER = re.compile(r"((?:\+|00)?55\W*)?0\W*(?:xx|\*\*)", re.IGNORECASE)  # 0xx11: xx is any carrier's code
CODE_AND_ZERO = re.compile(r"(?:00)?([0-9]{1,3})\W*[(\[] ?0 ?[)\]]")  # 49 (0)151: a country code, as 0 is no area's
BRACKETED_ZERO = re.compile(r"[0-9]\D*[(\[] ?0 ?[)\]]")

# Prefixes that are dialled no more, or only within the country, where the metadata has no rule of them any more:
# Mexico's until 2019, Chile's until 2016, Poland's until 2010, Czechia's until 2002; the 8 of the former Soviet Union.
RETIRED_PREFIXES: Mapping[str, tuple[str, ...]] = {
    "AR": ("(?<=^9)0", "^9"),  # 9 011 …, 9 11 15 …
    "BR": ("^0[0-9]{2}(?=[1-9][0-9]{9,10}$)",),  # any carrier
    "MX": ("^(?:01|04[45])",),
    **dict.fromkeys(("CL", "CZ", "PL"), ("^0",)),
    **dict.fromkeys(("AM", "AZ", "GE", "KG", "MD", "TJ", "UA", "UZ"), ("^8",)),
}
AFTER_COUNTRY_CODE: Mapping[str, tuple[str, ...]] = {"MX": ("^1",)}  # only ever dialled from abroad


def read(text: str, region: str) -> list[Number]:
    """Return the one number that `text` means, or the several that it can mean: then the person has to choose.

    A number without country code is one of `region` (ISO 3166), or of no country if that is empty. All are listed in
    a numbering plan. Raises NotANumber.
    """
    written = _written(text, region)
    found = _found(written, region)
    listed = _unique(filter(phonenumbers.is_valid_number, found))
    if not listed:
        raise _not_a_number(found, written, region)
    return _numbers(_plausible(listed))


def _found(written: str, region: str) -> list[PhoneNumber]:
    """Return all readings of `written`, of its digits or else of its words. Raises NotANumber if letters are left."""
    digits_only = _without_words(written)
    found = [] if any(map(str.isalpha, digits_only)) else list(_candidates(digits_only, region))
    if VANITY.fullmatch(written) and not any(map(phonenumbers.is_valid_number, found)):
        dialled = _candidates(phonenumbers.convert_alpha_characters_in_number(written), region)
        found = [number for number in dialled if number.country_code == NORTH_AMERICA] or found
    elif any(map(str.isalpha, digits_only)):
        raise NotANumber(country=region)
    return found


def _candidates(written: str, region: str) -> Iterator[PhoneNumber]:
    """Yield what `written` can mean, listed or not; the most literal reading first."""
    digits = re.sub("[^0-9]", "", written)
    has_bracketed_zero = BRACKETED_ZERO.search(written) is not None
    if written.startswith("+") or _begins_with_code_and_zero(written):
        yield from _international(digits.removeprefix("00"), has_bracketed_zero)
        return
    if region:
        yield from _national(digits, region, has_bracketed_zero)
    if digits.startswith("00") and not _begins_with_own_prefix(digits, region):
        yield from _international(digits[2:], has_bracketed_zero)


def _national(digits: str, region: str, has_bracketed_zero: bool) -> Iterator[PhoneNumber]:
    """Yield the readings of digits as they are dialled in `region`, and of those that begin with its own code."""
    code = str(phonenumbers.country_code_for_region(region))
    literal = _parsed(digits, region)
    if literal and literal.country_code_source == CountryCodeSource.FROM_NUMBER_WITH_IDD:
        yield from _international(_digits(literal), has_bracketed_zero)
    elif literal:
        yield literal
        if not phonenumbers.is_valid_number(literal):
            yield from _without(RETIRED_PREFIXES.get(region, ()), digits, code)
    own = digits.lstrip("0")
    if own.startswith(code) and (own == digits or len(own) > LONGEST_LANDLINE):
        yield from _international(own, has_bracketed_zero)


def _international(digits: str, has_bracketed_zero: bool) -> Iterator[PhoneNumber]:
    """Yield the readings of digits that begin with a country code."""
    literal = _parsed("+" + digits)
    if literal is None:
        return
    yield literal
    code = str(literal.country_code)
    rest = digits.removeprefix(code)
    is_listed = phonenumbers.is_valid_number(literal)
    if not is_listed:
        region = phonenumbers.region_code_for_country_code(int(code))
        yield from _without((*AFTER_COUNTRY_CODE.get(region, ()), *RETIRED_PREFIXES.get(region, ()), "^0"), rest, code)
    elif has_bracketed_zero:
        yield from _without(("^0",), rest, code)
    twice = rest.removeprefix("00")
    if twice.startswith(code) and (not is_listed or _is_long_landline(literal)):
        again = _parsed("+" + twice)
        yield from [again] if again and _is_mobile(again) else []


def _without(prefixes: Iterable[str], digits: str, code: str) -> Iterator[PhoneNumber]:
    """Yield the first listed number, if any, that is left of `digits` without one of the prefixes."""
    left = (re.sub(prefix, "", digits) for prefix in prefixes)
    numbers = (_parsed(f"+{code}{rest}") for rest in left if rest != digits)
    yield from [number for number in numbers if number and phonenumbers.is_valid_number(number)][:1]


def _plausible(listed: list[PhoneNumber]) -> list[PhoneNumber]:
    """Return the only mobile number if the others are landlines of a length that hardly any landline has."""
    mobiles = list(filter(_is_mobile, listed))
    others = [number for number in listed if number not in mobiles]
    return mobiles if len(mobiles) == 1 and all(map(_is_long_landline, others)) else listed


def _is_mobile(number: PhoneNumber) -> bool:
    return phonenumbers.number_type(number) in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def _is_long_landline(number: PhoneNumber) -> bool:
    is_landline = phonenumbers.number_type(number) == PhoneNumberType.FIXED_LINE
    return is_landline and len(phonenumbers.national_significant_number(number)) > LONGEST_LANDLINE


def _not_a_number(found: list[PhoneNumber], written: str, region: str) -> NotANumber:
    """Return what is wrong with the most literal reading."""
    if not found:
        return NotANumber(_why_nothing(written, region), region)
    possible = [number for number in found if _length(number) == ValidationResult.IS_POSSIBLE]
    possible = [each for each in possible if len(_digits(each)) >= FEWEST_DIGITS and not _is_short(each)]
    first = (possible or found)[0]
    is_own = first.country_code == phonenumbers.country_code_for_region(region)
    country = region if is_own else phonenumbers.region_code_for_country_code(first.country_code or 0)
    return NotANumber(
        LENGTH_PROBLEMS.get(_length(first), Problem.UNLISTED), country, tuple(_numbers(_unique(possible)))
    )


def _why_nothing(written: str, region: str) -> Problem:
    digits = re.sub("[^0-9]", "", written).lstrip("0")
    length = Problem.TOO_LONG if len(digits) > MOST_DIGITS else Problem.TOO_SHORT
    if not written.startswith(("+", "00")):
        return length if region else Problem.NO_COUNTRY
    if not digits:
        return Problem.UNREADABLE
    codes = {int(digits[:length]) for length in (1, 2, 3)}
    return Problem.NO_SUCH_COUNTRY_CODE if codes.isdisjoint(phonenumbers.COUNTRY_CODE_TO_REGION_CODE) else length


def _is_short(number: PhoneNumber) -> bool:
    """Return whether it is a number like 116117 or 11833, which a service has and no person."""
    return phonenumbers.is_valid_short_number(number)


def _length(number: PhoneNumber) -> int:
    return phonenumbers.is_possible_number_with_reason(number)


def _begins_with_code_and_zero(written: str) -> bool:
    found = CODE_AND_ZERO.match(written)
    return found is not None and int(found[1]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE


def _begins_with_own_prefix(digits: str, region: str) -> bool:
    """Return whether the digits begin with a prefix for calls abroad that is the only one of `region`, like 0011."""
    metadata = PhoneMetadata.metadata_for_region(region)
    prefix = metadata and metadata.preferred_international_prefix
    return prefix not in (None, "00") and digits.startswith(re.sub("[^0-9]", "", str(prefix)))


def _parsed(text: str, region: str | None = None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region, keep_raw_input=True)
    except NumberParseException:
        return None


def _digits(number: PhoneNumber) -> str:
    return f"{number.country_code}{phonenumbers.national_significant_number(number)}"


def _unique(numbers: Iterable[PhoneNumber]) -> list[PhoneNumber]:
    return list({_e164(number): number for number in numbers}.values())


def _numbers(parsed: Iterable[PhoneNumber]) -> list[Number]:
    return [Number(_e164(number)) for number in parsed]


def _e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


# --- The text ----------------------------------------------------------------------------------------------------


def _written(text: str, region: str) -> str:
    """Return the number as it was written, without the words around it. Raises NotANumber."""
    if len(text) > LONGEST_TEXT:
        raise NotANumber(country=region)
    seen = normalized(text)
    start = re.search("[0-9+]", seen)
    if start is None or seen[: start.start()][-1:].isalpha():
        raise NotANumber(country=region)
    written = re.sub(r"[\W_]+$", "", seen[start.start() :])
    carrier = BRAZILIAN_CARRIER.match(written)
    if carrier and (carrier[1] or region == "BR"):
        written = f"{carrier[1] or ''}0{written[carrier.end() :]}"
    if NO_SEPARATORS.search(written.lstrip("+")):
        raise NotANumber(country=region)
    return written


def _without_words(written: str) -> str:
    """Return the number without the words that follow it, unless they may stand for digits: 1O1 OOO."""
    words = WORDS_AT_THE_END.search(written)
    if words is None or all(letter in LIKE_DIGITS for letter in words[0] if letter.isalpha()):
        return written
    return written[: words.start()]
