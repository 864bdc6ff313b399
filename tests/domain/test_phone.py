"""Phone numbers as people write them. Most are from ranges reserved for fiction, or Prove's published test users."""

import time
import uuid
from typing import Any

import pytest

from onboarding.domain.phone import EXAMPLES, NotANumber, Number, same
from onboarding.domain.readings import read
from onboarding.web.forms import PhoneForm

US_EXAMPLE = "Enter a phone number in the correct format, like 201 555 0123, or choose your country above"
GB_EXAMPLE = "Enter a phone number in the correct format, like 07700 900123, or choose your country above"
DE_EXAMPLE = "Enter a phone number in the correct format, like 0171 39200 12, or choose your country above"
WITH_A_COUNTRY_CODE = "Enter a phone number in the correct format, with its country code if it is from elsewhere"
NO_COUNTRY = "We don't serve the country of this number yet. Use a number from another country."
SERVICE_NUMBER = "We don't send codes to premium-rate, toll-free and other service numbers. Use your own number"


def answer(typed: str, country: str) -> str:
    """Return the number that the form reads, or its error message."""
    form = PhoneForm({"phone": typed, "country": country, "start_key": str(uuid.uuid4())})
    return str(form.cleaned_data["phone"].e164 if form.is_valid() else form.errors["phone"][0])


WAYS_TO_WRITE_ONE_NUMBER = [
    "2015550123",
    "201 555 0123",
    "201-555-0123",
    "201.555.0123",
    "(201) 555-0123",
    "(201)5550123",
    "[201] 555-0123",
    " 201 555 0123 ",
    "201\n555\t0123",
    "201 555 0123.",
    "1 201 555 0123",
    "12015550123",
    "+12015550123",
    "+1 201 555 0123",
    "+1 (201) 555-0123",
    "(+1) 201 555-0123",
    "+1.201.555.0123",
    "+1 1 201 555 0123",
    "001 201 555 0123",
    "0012015550123",
    "+001 201 555 0123",
    "011 1 201 555 0123",
    "tel:+12015550123",
    "tel:+1-201-555-0123",
    "TEL:+1-201-555-0123",
    "Tel. 201 555 0123",
    "Phone: (201) 555-0123",
    "call 201 555 0123",
    "Тел.: +1 201 555 0123",
    "２０１５５５０１２３",
    "＋１ ２０１ ５５５ ０１２３",
    "（２０１）５５５－０１２３",
    "٢٠١٥٥٥٠١٢٣",
    "+١٢٠١٥٥٥٠١٢٣",
    "٠٠١ ٢٠١ ٥٥٥ ٠١٢٣",
    "201\u00a0555\u00a00123",
    "201\u2009555\u202f0123",
    "201\u2011555\u20110123",
    "201\u2212555\u22120123",
    "201\u00ad555\u00ad0123",
    "201–555–0123",
    "201—555—0123",
    "\u202a+1 201 555 0123\u202c",
    "\u202d+1 201 555 0123\u202c",
    "\u2068+1 201 555 0123\u2069",
    "\u200e201 555 0123\u200f",
    "201/555/0123",
]


@pytest.mark.parametrize("written", WAYS_TO_WRITE_ONE_NUMBER)
def test_one_number_written_many_ways_is_one_number(written: str) -> None:
    assert answer(written, "US") == "+12015550123"


@pytest.mark.parametrize(
    ("written", "country", "e164"),
    [
        ("07700 900123", "GB", "+447700900123"),
        ("07700-900-123", "GB", "+447700900123"),
        ("447700900123", "GB", "+447700900123"),
        ("(+44) 7700 900123", "GB", "+447700900123"),
        ("+44 (0)7700 900123", "US", "+447700900123"),
        ("+44 07700 900123", "US", "+447700900123"),
        ("0044 7700 900123", "US", "+447700900123"),
        ("(0044) 7700 900123", "US", "+447700900123"),
        ("0044 7700 900123", "JP", "+447700900123"),
        ("0151 23456789", "DE", "+4915123456789"),
        ("0171 39200 12", "DE", "+491713920012"),
        ("0171/3920012", "DE", "+491713920012"),
        ("0049 151 23456789", "DE", "+4915123456789"),
        ("+49 (0) 151 23456789", "US", "+4915123456789"),
        ("06 39 98 12 34", "FR", "+33639981234"),
        ("06.39.98.12.34", "FR", "+33639981234"),
        ("+33 6 39 98 12 34", "GB", "+33639981234"),
        ("612 34 56 78", "ES", "+34612345678"),
        ("312 345 6789", "IT", "+393123456789"),
        ("020 913 0123", "IE", "+353209130123"),
        ("070-174 06 05", "SE", "+46701740605"),
        ("06-12345678", "NL", "+31612345678"),
        ("8 (912) 345-67-89", "RU", "+79123456789"),
        ("8~10 44 7700 900123", "RU", "+447700900123"),
        ("0491 570 006", "AU", "+61491570006"),
        ("0011 44 7700 900123", "AU", "+447700900123"),
        ("0011 65 8123 4567", "AU", "+6581234567"),  # with 00 for the plus it would be a number in Jamaica
        ("0061 491 570 006", "AU", "+61491570006"),
        ("(11) 96123-4567", "BR", "+5511961234567"),
        ("+55 11 96123-4567", "BR", "+5511961234567"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("011 15-2345-6789", "AR", "+5491123456789"),
        ("098765 43210", "IN", "+919876543210"),
        ("+91 98765-43210", "IN", "+919876543210"),
        ("090-1234-5678", "JP", "+819012345678"),
        ("０９０－１２３４－５６７８", "JP", "+819012345678"),
        ("０９０ー１２３４ー５６７８", "JP", "+819012345678"),
        ("010 44 7700 900123", "JP", "+447700900123"),
        ("8123 4567", "SG", "+6581234567"),
        ("010 0123 4567", "EG", "+201001234567"),
        ("٠١٠ ٠١٢٣ ٤٥٦٧", "EG", "+201001234567"),
        ("604 555 0123", "CA", "+16045550123"),
        ("2001004014", "US", "+12001004014"),  # Prove's Lorant Nerger
        ("+2001004025", "US", "+2001004025"),  # Prove's Bertie Fremont: the plus makes it another number
        ("201 555 CARS", "CA", "+12015552277"),
        ("1 (201) 5-LOVERS", "US", "+12015568377"),
    ],
)
def test_a_number_is_read_as_its_country_writes_it(written: str, country: str, e164: str) -> None:
    assert answer(written, country) == e164


@pytest.mark.parametrize(
    ("written", "country", "message"),
    [
        ("", "US", "Enter a phone number"),
        (" ", "US", "Enter a phone number"),
        ("hello", "US", US_EXAMPLE),
        ("\u200b", "US", US_EXAMPLE),
        ("12", "US", US_EXAMPLE),
        ("911", "US", US_EXAMPLE),
        ("555 0123", "US", US_EXAMPLE),  # without the area code
        ("201 555 012", "US", US_EXAMPLE),
        ("+", "US", US_EXAMPLE),
        ("++12015550123a", "US", US_EXAMPLE),
        ("<script>", "US", US_EXAMPLE),
        ("me@example.com", "US", US_EXAMPLE),
        ("2015550123;phone-context=+44", "US", US_EXAMPLE),
        ("2015550123;ext=1", "US", US_EXAMPLE),
        ("2015550123,,1", "US", US_EXAMPLE),
        ("2015550123 x5", "US", US_EXAMPLE),
        ("2015550123 ext. 5", "US", US_EXAMPLE),
        ("2015550123#5", "US", US_EXAMPLE),
        ("201 555 0123 or 201 555 0124", "US", US_EXAMPLE),
        ("²015550123", "US", US_EXAMPLE),
        ("①2015550123", "US", US_EXAMPLE),
        ("2O1 555 O1OO", "US", US_EXAMPLE),
        ("1-800-MATTRESS", "US", US_EXAMPLE),
        ("1-800-FLOWERS", "GB", GB_EXAMPLE),
        ("0800 FLOWERS", "GB", GB_EXAMPLE),
        ("0151 2345678 home", "DE", DE_EXAMPLE),
        ("OO44 7700900123", "DE", DE_EXAMPLE),
        ("0044 7700 900123 #5", "DE", DE_EXAMPLE),
        ("07700 900123 4", "GB", GB_EXAMPLE),
        ("12", "BR", "This number is too short (Brazil). Enter all of it, with the area code"),
        ("hello", "BR", WITH_A_COUNTRY_CODE),
        ("\u202e3210555102", "US", US_EXAMPLE),
        ("201555012\ud800", "US", US_EXAMPLE),
        ("201555012345678901", "US", US_EXAMPLE),
        ("0" * 41, "US", US_EXAMPLE),
        ("9" * 10_000, "US", US_EXAMPLE),
        ("20155501\x0023", "US", "Null characters are not allowed."),
        ("+800 1234 5678", "US", NO_COUNTRY),
        ("1-800-FLOWERS", "US", SERVICE_NUMBER),
    ],
)
def test_a_text_that_is_no_number_gets_a_message_that_says_what_to_type(
    written: str, country: str, message: str
) -> None:
    assert answer(written, country) == message


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("+44 7700 900123", "We don't serve numbers from United Kingdom yet. Use a number from another country."),
        ("00 49 171 3920012", "We don't serve numbers from Germany yet. Use a number from another country."),
        ("604 555 0123", "We don't serve numbers from Canada yet. Use a number from another country."),
    ],
)
def test_the_message_names_a_country_that_is_not_served(written: str, message: str, settings: Any) -> None:
    settings.ALLOWED_COUNTRIES = ["US"]
    assert answer(written, "US") == message


@pytest.mark.parametrize("country", EXAMPLES)
def test_every_example_number_is_accepted(country: str) -> None:
    assert Number(answer(EXAMPLES[country], country)).region == country


@pytest.mark.parametrize("written", ["1" * 250, "1-" * 125, "1 (" * 80, "+" * 250, "1" + "a " * 120, "﷽" * 5000])
def test_every_malformed_text_is_refused_quickly(written: str) -> None:
    started = time.process_time()
    with pytest.raises(NotANumber):
        read(written, "US")
    assert time.process_time() - started < 0.5  # seconds


def test_a_number_prints_its_last_four_digits_only() -> None:
    number = Number("+12015550123")
    assert "555" not in f"{number} {number!r}"
    assert number.masked == "•••• 0123"


def test_a_number_is_displayed_in_the_international_format() -> None:
    assert Number("+12015550123").display == "+1 201-555-0123"


@pytest.mark.parametrize(
    ("prove_wrote", "ours", "equal"),
    [
        ("2001004014", "+12001004014", True),
        ("12001004014", "+12001004014", True),
        ("+12001004014", "+12001004014", True),
        ("+2001004025", "+2001004025", True),
        ("2001004025", "+2001004025", False),  # North American, not Egyptian
        ("2001004015", "+12001004014", False),
        ("", "+12001004014", False),
    ],
)
def test_prove_may_write_a_north_american_number_without_its_country_code(
    prove_wrote: str, ours: str, equal: bool
) -> None:
    assert same(prove_wrote, ours) is equal
