"""What a person reads for each problem of a number: a text that has it, and the words of the message."""

import uuid
from collections.abc import Mapping
from typing import Any

import pytest

from onboarding.domain.phone import NotANumber
from onboarding.domain.readings import read
from onboarding.web.forms import PhoneForm

PROBLEMS: Mapping[str, tuple[str, str, str]] = {  # text, country, words. A country without an example has the words
    "unreadable": ("hello", "BR", "Enter a phone number in the correct format, with its country code"),
    "no_country": ("0151 23456789", "", "Choose the country of your number"),
    "no_such_country_code": ("+999 1234 5678", "BR", "No country has this country code"),
    "too_short": ("+52 1 55 1234", "BR", "This number is too short (Mexico)"),
    "too_long": ("1 55 1234 5678", "MX", "This number is too long (Mexico)"),
    "unlisted": ("96123-4567", "BR", "We know no such number (Brazil)"),
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_problem_of_a_number_has_its_message(problem: str, settings: Any) -> None:
    settings.ALLOWED_COUNTRIES = []
    text, country, words = PROBLEMS[problem]
    with pytest.raises(NotANumber) as caught:
        read(text, country)
    assert caught.value.problem == problem
    form = PhoneForm({"phone": text, "country": country, "start_key": str(uuid.uuid4())})
    assert not form.is_valid() and str(form.errors["phone"][0]).startswith(words)
