"""Numbers of every region and type, as people write them: read as that number, asked about, or refused; no other's."""

import uuid
from collections import defaultdict

import phonenumbers
import pytest
from phonenumbers import PhoneNumberType

from onboarding.domain.countries import NAMES
from onboarding.domain.phone import SERVICES, SPELLINGS, NotANumber, Number
from onboarding.domain.readings import read
from onboarding.web.forms import SERVICE_NUMBER, PhoneForm
from tests.domain.spellings import e164, numbers, spellings

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


def outcomes(region: str) -> dict[str, list[tuple[str, str, str]]]:
    """Return (E.164, text, name of the spelling) by what became of it."""
    found = defaultdict(list)
    for number in numbers(region):
        for name, text in spellings(number, region).items():
            found[_outcome(text, region, Number(e164(number)))].append((e164(number), text, name))
    return found


def _outcome(text: str, region: str, number: Number) -> str:
    try:
        readings = read(text, region)
    except NotANumber:
        return "refused"
    if number in readings:
        return "read" if len(readings) == 1 else "asked"
    return "refused" if all(reading.is_service for reading in readings) else "misread"


def test_every_region_is_a_country_to_choose() -> None:
    assert set(REGIONS) == NAMES.keys()


@pytest.mark.parametrize("region", REGIONS)
def test_no_spelling_is_read_as_another_number(region: str) -> None:
    found = outcomes(region)
    assert found["misread"] == []
    assert len(found["read"]) > 20
    assert {name for number, _text, name in found["refused"] if _is_mobile(number)} <= {"code after a single zero"}
    for _number, text, _name in found["refused"]:
        form = PhoneForm({"phone": text, "country": region, "start_key": str(uuid.uuid4())})
        assert form.errors["phone"][0]


@pytest.mark.parametrize("region", REGIONS)
def test_service_numbers_are_declined(region: str) -> None:
    examples = [found for kind in SERVICES if (found := phonenumbers.example_number_for_type(region, kind))]
    for example in examples:
        if phonenumbers.number_type(example) in SERVICES:
            form = PhoneForm({"phone": e164(example), "country": region, "start_key": str(uuid.uuid4())})
            assert form.errors["phone"] == [SERVICE_NUMBER], e164(example)


@pytest.mark.parametrize("region", REGIONS)
def test_no_two_numbers_of_a_region_are_one_subscriber_but_in_countries_with_two_spellings(region: str) -> None:
    for number in numbers(region):
        subscriber = Number(e164(number)).subscriber
        assert subscriber == e164(number) or region in SPELLINGS
        assert Number(subscriber).subscriber == subscriber


def _is_mobile(number: str) -> bool:
    return phonenumbers.number_type(phonenumbers.parse(number)) == PhoneNumberType.MOBILE
