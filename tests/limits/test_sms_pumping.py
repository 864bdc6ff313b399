"""SMS pumping: texts to many numbers whose codes nobody enters. Also, one number in sixty spellings."""

from collections import Counter
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address

import pytest

from onboarding import limits
from onboarding.domain import budgets
from onboarding.domain.budgets import BRAKE_COUNTRY, BRAKE_PREFIX, LEAST_SHARE, Charge
from onboarding.domain.errors import Limited
from onboarding.domain.phone import Number
from onboarding.web.forms import PhoneForm
from tests.deep.conftest import report, share

NUMBERS = share(deep=10_000, quick=600)
FEW, MANY = 20, 1_000  # addresses
FIRST_TEXTS = 3  # of an address, before it has only the least share
LEAST_OF_A_COUNTRY = round(BRAKE_COUNTRY.burst * LEAST_SHARE)
FORMATS = (
    ["+1{a}{b}{c}", "1{a}{b}{c}", "{a}{b}{c}", "001{a}{b}{c}", "tel:+1{a}{b}{c}", "+1 ({a}) {b}-{c}", "({a}){b}{c}"]
    + [f"+1{s}{{a}}{s}{{b}}{s}{{c}}" for s in " -./\u00a0\u2009\u2010\u2011\u2012\u2013\u2014\u202f\u3000"]
    + [f"{{a}}{s}{{b}}{s}{{c}}" for s in " -./\u00a0\u2009\u2010\u2011\u2012\u2013\u2014\u202f\u3000"]
    + [
        "\u200e+1{a}{b}{c}",
        "\ufeff{a} {b} {c}",
        "  {a} {b} {c}  ",
        "\uff0b1{a}{b}{c}",
        "1-{a}-{b}-{c}",
        "1 ({a}) {b} {c}",
    ]
)
ARABIC, FULL_WIDTH = (str.maketrans("0123456789", digits) for digits in ("٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９"))

pytestmark = pytest.mark.django_db


def texted(numbers: Iterable[str], addresses: int) -> Iterator[str]:
    """Yield the numbers that get a text. No code is ever entered."""
    for n, number in enumerate(numbers):
        address = IPv4Address(f"10.0.{n % addresses // 250}.{n % addresses % 250}")
        try:
            limits.charge(budgets.sends(Number(number), address, cents=5), address)
        except Limited:
            continue
        yield number


def test_texts_to_one_prefix_stop() -> None:
    sent = list(texted((f"+1201555{n:04}" for n in range(NUMBERS)), MANY))
    assert len(sent) <= BRAKE_PREFIX.burst + 1
    report(f"SMS pumping: {len(sent)} of {NUMBERS} texts to one prefix, from {MANY} addresses")


@pytest.mark.parametrize("addresses", [FEW, MANY])
def test_texts_to_one_country_stop_after_the_first_texts_of_each_address(addresses: int) -> None:
    sent = list(texted((f"+1201{n % 1000:03}{n:04}" for n in range(NUMBERS)), addresses))
    assert len(sent) <= LEAST_OF_A_COUNTRY + FIRST_TEXTS * addresses
    assert max(Counter(number[:-4] for number in sent).values()) <= BRAKE_PREFIX.burst
    report(f"SMS pumping: {len(sent)} of {NUMBERS} texts to one country, from {addresses} addresses")


def test_pumping_from_many_addresses_leaves_a_newcomer_their_text() -> None:
    list(texted((f"+1201{n % 1000:03}{n:04}" for n in range(NUMBERS)), MANY))
    newcomer = IPv4Address("192.0.2.1")
    limits.charge(budgets.sends(Number("+14155550123"), newcomer, cents=5), newcomer)


@pytest.mark.parametrize(("one_in", "goes_on"), [(1, True), (2, True), (4, True), (10, False)])
def test_the_brakes_stop_texts_only_if_few_of_their_codes_are_entered(one_in: int, goes_on: bool) -> None:
    stopped = False
    for n in range(2 * BRAKE_PREFIX.burst):
        try:
            limits.charge([Charge(BRAKE_PREFIX, "+1201555")], IPv4Address("192.0.2.1"))
        except Limited:
            stopped = True
            break
        if n % one_in == 0:
            limits.refund([Charge(BRAKE_PREFIX, "+1201555", 1 + budgets.MORE_TO_BRAKES)])
    assert stopped is not goes_on


def test_sixty_spellings_of_one_number_are_one_number() -> None:
    spellings = {text.format(a="201", b="555", c="0123") for text in FORMATS}
    spellings |= {text.translate(digits) for text in spellings for digits in (ARABIC, FULL_WIDTH)}
    assert len(spellings) >= 60
    numbers = {_parsed(text) for text in spellings}
    assert numbers == {"+12015550123"}
    assert {_parsed(text) for text in ("201 555 0123 ext 7", "+12015550123;ext=7", "2015550123,1")} == {None}


def _parsed(text: str) -> str | None:
    form = PhoneForm({"phone": text, "start_key": "7b1f3b4e-0c3b-4d5e-8f7a-0123456789ab"})
    return form.cleaned_data["phone"].e164 if form.is_valid() else None
