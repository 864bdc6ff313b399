"""What a text can mean: country codes without a plus, zeros and prefixes too many, separators, new ranges.

The sweep over all regions is test_every_region.
"""

import uuid
from typing import Any

import pytest

from onboarding.domain.phone import NotANumber, Problem
from onboarding.domain.readings import read
from onboarding.web.forms import PhoneForm


def readings(text: str, region: str) -> list[str]:
    return [number.e164 for number in read(text, region)]


def form(text: str, country: str, **fields: str) -> PhoneForm:
    return PhoneForm({"phone": text, "country": country, "start_key": str(uuid.uuid4()), **fields})


# --- Country codes without a plus ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("4915123456789", "DE", "+4915123456789"),
        ("(49) 151 2345 6789", "DE", "+4915123456789"),
        ("491713920012", "DE", "+491713920012"),
        ("049 151 23456789", "DE", "+4915123456789"),
        ("+49 49 151 23456789", "DE", "+4915123456789"),
        ("39 312 345 6789", "IT", "+393123456789"),
        ("5511961234567", "BR", "+5511961234567"),
        ("(55) 99123-4567", "BR", "+5555991234567"),  # the area code of Santa Maria, as it happens
        ("919876543210", "IN", "+919876543210"),
        ("9198765432", "IN", "+919198765432"),  # Indian mobiles may begin like the country code
    ],
)
def test_digits_that_begin_with_the_own_country_code(text: str, region: str, number: str) -> None:
    assert readings(text, region) == [number]


@pytest.mark.parametrize(
    ("text", "region", "numbers"),
    [
        ("49 1865 7383114", "DE", ["+494918657383114", "+4918657383114"]),
        ("358401234", "FI", ["+358358401234", "+358401234"]),  # a landline in Tampere, or a short mobile number
        ("0055 51 96123 4567", "BR", ["+51961234567", "+5551961234567"]),  # by carrier 55 to Peru, or 00 for the plus
        ("+39 (0)331 234567", "IT", ["+390331234567", "+39331234567"]),
    ],
)
def test_where_two_readings_are_numbers_both_are_returned(text: str, region: str, numbers: list[str]) -> None:
    assert readings(text, region) == numbers


def test_a_country_code_of_another_country_needs_its_plus() -> None:
    with pytest.raises(NotANumber):
        read("4915123456789", "US")
    assert readings("49 (0)151 23456789", "US") == ["+4915123456789"]  # the bracketed 0 tells


# --- Zeros and prefixes too many -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("43 0664 123456", "AT", "+43664123456"),
        ("49(0)345279580", "DE", "+49345279580"),
        ("0049 (0) 151 23456789", "US", "+4915123456789"),
        ("011 48 (0)512 345 678", "US", "+48512345678"),
        ("+48 (0)512 345 678", "PL", "+48512345678"),
        ("+48 0512 345 678", "US", "+48512345678"),
        ("+34 (0) 612 345 678", "US", "+34612345678"),
        ("+1 (0) 201 555 0123", "US", "+12015550123"),
        ("+48 [0] 512 345 678", "PL", "+48512345678"),
        ("+39 ( 0 ) 312 345 6789", "IT", "+393123456789"),
        ("+39 (0)312 345 6789", "IT", "+393123456789"),
        ("+39 (0)6 1234 5678", "IT", "+390612345678"),  # of an Italian landline the 0 is part
        ("+36 (06) 20 123 4567", "HU", "+36201234567"),
        ("+7 (8) 912 345-67-89", "RU", "+79123456789"),
        ("0512 345 678", "PL", "+48512345678"),
        ("0602 123 456", "CZ", "+420602123456"),
        ("09 8765 4321", "CL", "+56987654321"),
        ("8 050 123 45 67", "UA", "+380501234567"),
        ("8 90 123 45 67", "UZ", "+998901234567"),
        ("+52 1 55 1234 5678", "MX", "+525512345678"),
        ("+521 55 1234 5678", "US", "+525512345678"),
        ("52 1 55 1234 5678", "MX", "+525512345678"),
        ("044 55 1234 5678", "MX", "+525512345678"),
        ("045 55 1234 5678", "MX", "+525512345678"),
        ("01 55 1234 5678", "MX", "+525512345678"),
        ("+52 (044) 55 1234 5678", "US", "+525512345678"),
        ("(0xx11) 96123-4567", "BR", "+5511961234567"),
        ("0XX 11 96123-4567", "BR", "+5511961234567"),
        ("0**11 96123-4567", "BR", "+5511961234567"),
        ("0 (xx) 11 96123-4567", "BR", "+5511961234567"),
        ("+55 (0xx11) 96123-4567", "US", "+5511961234567"),
        ("(015 11) 96123-4567", "BR", "+5511961234567"),
        ("0 36 11 96123-4567", "BR", "+5511961234567"),  # a carrier that is no more
        ("+54 11 15 2345 6789", "AR", "+5491123456789"),
        ("+54 9 11 15 2345 6789", "US", "+5491123456789"),
        ("+54 9 011 15 2345 6789", "AR", "+5491123456789"),
        ("+54 9 011 2345 6789", "AR", "+5491123456789"),
    ],
)
def test_prefixes_that_the_rest_is_a_number_without(text: str, region: str, number: str) -> None:
    assert readings(text, region) == [number]


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("020 7946 0958", "US"),  # a Londoner's; without the 0 it would be a number in Maine
        ("06 12 34 56 78", "US"),
        ("03 76 31 23 45", "AD"),  # a Frenchman's; without the 0 it would begin with Andorra's code
        ("1 442 555 0123", "MX"),  # a Californian's; without the 1 it would be a number in Querétaro
    ],
)
def test_a_number_of_the_wrong_country_is_not_bent_into_one_of_the_chosen(text: str, region: str) -> None:
    with pytest.raises(NotANumber):
        read(text, region)


# --- Separators and words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", list("·•_'‧∙⋅・’`´|~:/\\.-–− ") + ["\u00a0", " · ", " | "])
def test_separators(separator: str) -> None:
    assert readings(separator.join(("0151", "2345", "6789")), "DE") == ["+4915123456789"]


@pytest.mark.parametrize(
    "text",
    [
        "201 555 0123 (cell)",
        "201 555 0123 cell",
        "201-555-0123 - mobile",
        "(201) 555-0123 [work] please",
        "201 555 0123 (m)",
        "(моб.) 201 555 0123 (моб.)",
        "2015550123 （携帯）",
        "'201 555 0123'",
        "“201 555 0123”",
        "📱 201 555 0123 📱",
        "201 555 0123,",
    ],
)
def test_words_and_signs_around_the_number(text: str) -> None:
    assert readings(text, "US") == ["+12015550123"]


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("030 12345 OO", "DE"),
        ("030 12345 l", "DE"),
        ("030 12345 ОО", "DE"),  # Cyrillic
        ("201 555 0123 ext 5", "US"),
        ("201 555 0123 cell 201 555 0124", "US"),
        ("2015550123@example.com", "US"),
        ("201+555+0123", "US"),
    ],
)
def test_letters_and_signs_that_may_stand_for_more_are_not_dropped(text: str, region: str) -> None:
    with pytest.raises(NotANumber) as caught:
        read(text, region)
    assert caught.value.problem is Problem.UNREADABLE


# --- Numbers that no numbering plan has ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "region", "problem", "country"),
    [
        ("06 12 34 56 78", "US", Problem.UNLISTED, "US"),
        ("1111111111", "US", Problem.UNLISTED, "US"),
        ("96123-4567", "BR", Problem.UNLISTED, "BR"),
        ("12345", "DE", Problem.UNLISTED, "DE"),
        ("15 2345 6789", "AR", Problem.UNLISTED, "AR"),
        ("+48 112 345 678", "US", Problem.UNLISTED, "PL"),
        ("555 0123", "US", Problem.TOO_SHORT, "US"),
        ("+52 1 55 1234", "US", Problem.TOO_SHORT, "MX"),
        ("1 55 1234 5678", "MX", Problem.TOO_LONG, "MX"),
        ("06 12345678 / 06 87654321", "NL", Problem.TOO_LONG, "NL"),  # two numbers, which libphonenumber does not parse
        ("+31 6 12345678 6 87654321 9", "NL", Problem.TOO_LONG, "NL"),
        ("+999 1234 5678", "US", Problem.NO_SUCH_COUNTRY_CODE, "US"),
        ("00 999 1234 5678", "DE", Problem.NO_SUCH_COUNTRY_CODE, "DE"),
        ("0151 23456789", "", Problem.NO_COUNTRY, ""),
        ("", "", Problem.UNREADABLE, ""),
    ],
)
def test_a_number_that_can_not_exist_is_none(text: str, region: str, problem: Problem, country: str) -> None:
    with pytest.raises(NotANumber) as caught:
        read(text, region)
    assert (caught.value.problem, caught.value.country) == (problem, country)
    assert bool(caught.value.possible) == (problem is Problem.UNLISTED)


@pytest.mark.parametrize(
    ("text", "country", "told"),
    [
        (
            "1111111111",
            "US",
            "Enter a phone number in the correct format, like 201 555 0123, or choose your country above",
        ),
        ("96123-4567", "BR", "We know no such number (Brazil). Check it, with the area code"),
        ("+52 1 55 1234", "US", "This number is too short (Mexico). Enter all of it, with the area code"),
        ("1 55 1234 5678", "MX", "This number is too long (Mexico). Enter one number, without an extension"),
        ("+999 1234 5678", "US", "No country has this country code. Check it"),
        ("0151 23456789", "", "Choose the country of your number, or begin with + and its country code"),
        ("358401234", "FI", "This can be more than one number. Choose yours"),
    ],
)
def test_the_form_says_what_is_wrong(text: str, country: str, told: str) -> None:
    assert form(text, country).errors["phone"] == [told]


def test_a_number_of_a_new_range_passes_once_it_is_confirmed() -> None:
    asked = form("+1 111 111 1111", "US")
    assert [number.e164 for number in asked.choices] == ["+11111111111"]
    assert form("+1 111 111 1111", "US", meant="+11111111111").is_valid()


@pytest.mark.parametrize(
    ("text", "country", "meant"),
    [
        ("555 0123", "US", "+15550123"),
        ("112", "DE", "+49112"),
        ("116117", "DE", "+49116117"),  # doctors on call
        ("11833", "DE", "+4911833"),  # directory enquiries
        ("+49 11833", "US", "+4911833"),
    ],
)
def test_a_number_that_can_not_be_one_is_not_offered_to_be_confirmed(text: str, country: str, meant: str) -> None:
    assert form(text, country).choices == []
    assert not form(text, country, meant=meant).is_valid()


@pytest.mark.parametrize("meant", ["+358358401234", "+358401234"])
def test_one_of_two_readings_is_chosen(meant: str) -> None:
    chosen = form("358401234", "FI", meant=meant)
    assert chosen.is_valid() and chosen.cleaned_data["phone"].e164 == meant


@pytest.mark.parametrize("meant", ["", "+12015550123", "+358401235", "358401234", "x" * 1000])
def test_nothing_but_one_of_the_readings_can_be_chosen(meant: str) -> None:
    forged = form("358401234", "FI", meant=meant)
    assert not forged.is_valid() and len(forged.choices) == 2
    plain = form("201 555 0123", "US", meant=meant)
    assert plain.is_valid() and plain.cleaned_data["phone"].e164 == "+12015550123"


def test_a_reading_of_a_country_that_is_not_served_is_refused(settings: Any) -> None:
    settings.ALLOWED_COUNTRIES = ["BR", "US"]
    assert form("0055 51 96123 4567", "BR", meant="+5551961234567").is_valid()
    assert "Peru" in form("0055 51 96123 4567", "BR", meant="+51961234567").errors["phone"][0]
    assert "Germany" in form("+49 12345", "US").errors["phone"][0]


# --- Prove's test users --------------------------------------------------------------------------------------------

TEST_USERS = [("2001004014", "US", "+12001004014"), ("+2001004025", "US", "+2001004025")]


@pytest.mark.parametrize(("text", "country", "number"), TEST_USERS)
def test_proves_test_users_are_taken_where_the_sandbox_plays(text: str, country: str, number: str) -> None:
    taken = form(text, country)
    assert taken.is_valid() and taken.cleaned_data["phone"].e164 == number


@pytest.mark.parametrize(("text", "country", "number"), TEST_USERS)
def test_they_are_unlisted_numbers_in_production(text: str, country: str, number: str, settings: Any) -> None:
    settings.TEST_NUMBERS = ()
    assert [choice.e164 for choice in form(text, country).choices] == [number]
