"""Numbers in prose are found, in whatever digits and with whatever separators; dates and short ids are no numbers."""

import pytest

from onboarding.domain.mentions import mentions_number, without_number
from onboarding.domain.phone import Number


@pytest.mark.parametrize(
    "text",
    [
        "310·555·0199",
        "310,555,0199",
        "31 05 55_0199",
        "3 1 0 5 5 5 0 1 9 9",
        "310 ... 555 ... 0199",
        "310—555—0199",
        "310\u200b555\u200b0199",
        "٣١٠،٥٥٥،٠١٩٩",
        "３１０、５５５、０１９９",
        "③①⓪·⑤⑤⑤·⓪①⑨⑨",
        "call 310;555;0199 again",
        "ported 2026-11-29, 310;555;0199 called back",
        "42, 310;555;0199, 17",
        "5550199",
        "555-0199",
        "tel:+13105550199",
        "310-555-CALL",
        "+49:151:2345:6789",
        "491512;34567;89",
    ],
)
def test_a_number_is_found_in_any_notation(text: str) -> None:
    assert mentions_number(text, {"US"})


@pytest.mark.parametrize(
    "text",
    [
        *("called back", "2026-11-29", "ported 2026-11-29 at 10:30", "2026-11-29 10:30:15", "INC-12345", "case 12/345"),
        *("see 1234, 56", "2 of 3 on 2026-11-28 and 2026-11-29", "ref a1b2c3d4e5f6a7b8", "5 codes in 10 minutes"),
    ],
)
def test_a_date_or_a_short_id_is_no_number(text: str) -> None:
    assert not mentions_number(text, {"US", "DE", "DK"})


def test_numbers_of_all_countries_that_are_served_are_found() -> None:
    assert not mentions_number("07400;123;456", {"US"})
    assert mentions_number("07400;123;456", {"US", "GB"})


@pytest.mark.parametrize(
    "text",
    ["+12015550123", "12015550123", "2015550123", "(201) 555-0123", "201-555-0123", "+1 201-555-0123", "555 0123"],
)
def test_a_persons_number_is_masked_in_what_a_vendor_says_of_it(text: str) -> None:
    said = {"9135": [f"The SIM of {text} was swapped on 2026-11-29", text, 7, 1.5, True, None]}
    masked = {"9135": ["The SIM of •••• 0123 was swapped on 2026-11-29", "•••• 0123", 7, 1.5, True, None]}
    assert without_number(said, Number("+12015550123")) == masked


def test_a_number_in_digits_alone_is_masked_and_others_stay() -> None:
    said = {"phone": 12015550123, "other": "+12015550124", "longer": 120155501234}
    assert without_number(said, Number("+12015550123")) == {**said, "phone": "•••• 0123"}
