"""Numbers as people write them. Examples are from ranges reserved for fiction, or Prove's published test users."""

import pytest

from onboarding.phone import NotANumber, Number, parse, same

WAYS_TO_WRITE_ONE_NUMBER = [
    "2015550123",
    "201 555 0123",
    "201-555-0123",
    "201.555.0123",
    "(201) 555-0123",
    "(201)5550123",
    " 201 555 0123 ",
    "1 201 555 0123",
    "12015550123",
    "+12015550123",
    "+1 201 555 0123",
    "+1 (201) 555-0123",
    "+1.201.555.0123",
    "001 201 555 0123",
    "0012015550123",
    "011 1 201 555 0123",
    "tel:+12015550123",
    "tel:+1-201-555-0123",
    "２０１５５５０１２３",
    "＋１ ２０１ ５５５ ０１２３",
    "٢٠١٥٥٥٠١٢٣",
    "+١٢٠١٥٥٥٠١٢٣",
    "201\u00a0555\u00a00123",
    "201\u2011555\u20110123",
    "201–555–0123",
    "\u202a+1 201 555 0123\u202c",
    "201/555/0123",
]


@pytest.mark.parametrize("written", WAYS_TO_WRITE_ONE_NUMBER)
def test_one_number_written_many_ways_is_one_number(written: str) -> None:
    assert parse(written, region="US") == Number("+12015550123")


@pytest.mark.parametrize(
    ("written", "region", "e164"),
    [
        ("07700 900123", "GB", "+447700900123"),
        ("+44 (0)7700 900123", "US", "+447700900123"),
        ("0044 7700 900123", "US", "+447700900123"),
        ("0151 23456789", "DE", "+4915123456789"),
        ("06 39 98 12 34", "FR", "+33639981234"),
        ("07700-900-123", "GB", "+447700900123"),
        ("447700900123", "GB", "+447700900123"),
        ("0171 39200 12", "DE", "+491713920012"),
        ("0049 151 23456789", "DE", "+4915123456789"),
        ("+49 (0) 151 23456789", "US", "+4915123456789"),
        ("06.39.98.12.34", "FR", "+33639981234"),
        ("+33 6 39 98 12 34", "GB", "+33639981234"),
        ("0491 570 006", "AU", "+61491570006"),
        ("(11) 96123-4567", "BR", "+5511961234567"),
        ("+55 11 96123-4567", "BR", "+5511961234567"),
        ("098765 43210", "IN", "+919876543210"),
        ("+91 98765-43210", "IN", "+919876543210"),
        ("090-1234-5678", "JP", "+819012345678"),
        ("０９０－１２３４－５６７８", "JP", "+819012345678"),
        ("312 345 6789", "IT", "+393123456789"),
        ("612 34 56 78", "ES", "+34612345678"),
        ("010 0123 4567", "EG", "+201001234567"),
        ("٠١٠ ٠١٢٣ ٤٥٦٧", "EG", "+201001234567"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("604 555 0123", "CA", "+16045550123"),
        ("2001004014", "US", "+12001004014"),  # Prove's Lorant Nerger
        ("+2001004025", "US", "+2001004025"),  # Prove's Bertie Fremont: the plus makes it another number
    ],
)
def test_a_number_is_read_as_its_country_writes_it(written: str, region: str, e164: str) -> None:
    assert parse(written, region=region).e164 == e164


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "hello",
        "12",
        "911",
        "1-800-FLOWERS",
        "2015550123;phone-context=+44",
        "2015550123;ext=1",
        "2015550123,,1",
        "2015550123 x5",
        "²015550123",
        "+",
        "++12015550123a",
        "0" * 41,
        "9" * 41,
        "20155501\x0023",
        "201555012\ud800",
        "<script>",
        "201555012345678901",
    ],
)
def test_what_nobody_can_be_called_on_is_refused(written: str) -> None:
    with pytest.raises(NotANumber):
        parse(written, region="US")


def test_a_number_shows_its_last_four_digits_only() -> None:
    number = parse("201 555 0123", region="US")
    assert "555" not in f"{number} {number!r}"
    assert number.masked == "•••• 0123"


def test_a_number_is_displayed_as_its_country_writes_it_for_others() -> None:
    assert parse("2015550123", region="US").display == "+1 201-555-0123"


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
