"""What the phone page says and keeps, and how it tells what is wrong."""

import re
from typing import Any

import pytest
from django.test import Client

from onboarding.domain.phone import EXAMPLES
from onboarding.models import OnboardingSession
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor

NUMBER, E164 = "201 555 0123", "+12015550123"


def chosen(page: str) -> str:
    found = re.search(r'<option value="(\w\w)"[^>]* selected>', page)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("languages", "country"),
    [
        ("en-GB,en;q=0.9", "GB"),
        ("fr-FR", "FR"),
        ("de,pt-BR;q=0.7", "BR"),
        ("en", "US"),
        ("", "US"),
        ("x-klingon", "US"),
    ],
)
def test_the_country_is_the_one_that_the_browser_speaks_of(db: None, languages: str, country: str) -> None:
    page = Client().get("/", headers={"Accept-Language": languages}).content.decode()
    assert chosen(page) == country


def test_only_allowed_countries_can_be_chosen_and_others_are_named(visitor: Visitor, settings: Any) -> None:
    settings.ALLOWED_COUNTRIES = ["US", "CA"]
    page = visitor.opens()
    assert re.findall(r'<option value="(\w\w)"(?! lang)', page.text) == ["CA", "US"]
    answer = visitor.asks("/start/", phone="+44 7700 900123")
    assert answer.status_code == 400 and "United Kingdom" in answer.json()["error"]


def test_countries_stand_where_people_look_for_them(visitor: Visitor, settings: Any) -> None:
    settings.ALLOWED_COUNTRIES = ["EE", "EG", "ES", "US"]
    visitor.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "fr"
    assert re.findall(r"<option[^>]*>([^<]+) \(", visitor.opens().text) == [
        "Égypte",
        "Espagne",
        "Estonie",
        "États-Unis",
    ]


def test_where_one_country_is_served_none_has_to_be_chosen(visitor: Visitor, settings: Any) -> None:
    settings.ALLOWED_COUNTRIES = ["US"]
    assert 'name="country"' not in visitor.opens().text


@pytest.mark.parametrize("typed", ["07700 900123", "+44 7700 900123", "447700900123", "0044 7700 900123"])
def test_a_country_code_that_was_filled_in_is_never_doubled(visitor: Visitor, typed: str) -> None:
    visitor.opens()
    assert visitor.asks("/start/", phone=typed, country="GB").status_code == 200
    assert OnboardingSession.objects.get().number == "+447700900123"


def test_an_empty_and_a_malformed_number_are_told_apart_with_an_example(visitor: Visitor) -> None:
    visitor.opens()
    assert visitor.asks("/start/", phone="").json()["error"] == "Enter a phone number"
    assert "201 555 0123" in visitor.asks("/start/", phone="hello", country="US").json()["error"]
    assert "07700 900123" in visitor.asks("/start/", phone="hello", country="GB").json()["error"]


def test_the_field_has_a_label_a_hint_and_the_browsers_own_filling_in(visitor: Visitor) -> None:
    page = visitor.opens().text
    assert '<label for="phone">' in page and 'id="phone-hint"' in page and "201 555 0123" in page
    assert 'type="tel" autocomplete="tel"' in page and "placeholder" not in page


def test_an_example_comes_with_each_country_that_keeps_one(visitor: Visitor) -> None:
    examples = dict(re.findall(r'<option value="(\w\w)" data-example="([^"]+)"', visitor.opens().text))
    assert examples == EXAMPLES


def test_why_the_number_is_asked_is_said_before_the_button(visitor: Visitor) -> None:
    before = visitor.opens().text.split("<button>")[0]
    assert "recognise you on this device" in before and "Message and data rates may apply" in before


def test_a_problem_is_told_first_and_in_the_title_and_what_was_typed_is_kept(visitor: Visitor) -> None:
    visitor.opens()
    page = visitor.submits("/start/", phone="hello").text
    assert re.search(r"<title>\s*Error:", page) and 'value="hello"' in page
    assert page.index('href="#phone"') < page.index("<h1>")


def test_terms_privacy_help_and_the_carriers_words_stand_there_if_the_settings_name_them(
    visitor: Visitor, settings: Any
) -> None:
    assert "accept our" not in visitor.opens().text
    settings.TERMS_URL, settings.PRIVACY_URL = "https://example.com/t", "https://example.com/p"
    settings.SUPPORT_URL, settings.CARRIER_CONSENT = "https://example.com/h", "You authorise your carrier"
    page = visitor.opens().text
    assert "https://example.com/h" in page
    for words in ("https://example.com/t", "https://example.com/p", "authorise your carrier"):
        assert words in page.split("<button>")[0], "said before it is accepted"


def test_who_is_remembered_reads_them_before_the_button_too(visitor: Visitor, settings: Any) -> None:
    settings.TERMS_URL, settings.CARRIER_CONSENT = "https://example.com/t", "You authorise your carrier"
    visitor.links(NUMBER, E164)
    visitor.submits("/remember/")
    before = visitor.opens().text.split("<button autofocus>")[0]
    assert "Welcome back" in before and "accept our" in before and "authorise your carrier" in before


def test_a_form_sent_before_the_script_was_there_asks_for_another_press(visitor: Visitor, settings: Any) -> None:
    settings.SUPPORT_URL = "https://example.com/h"
    visitor.opens()
    page = visitor.submits("/start/", phone=NUMBER)
    notice = page.text[page.text.index('role="alert">') : page.text.index("<h1>")]
    assert "press the button again" in notice and "https://example.com/h" in notice
    assert page.status == 400 and re.search(r"<title>\s*Error:", page.text) and f'value="{NUMBER}"' in page.text


def test_what_was_accepted_is_kept_with_its_version_and_time(visitor: Visitor, settings: Any) -> None:
    settings.NOTICES_VERSION = "2026-11"
    visitor.starts(NUMBER)
    session = OnboardingSession.objects.get()
    assert session.notices_version == "2026-11" and session.notices_accepted_at is not None


def test_a_page_whose_notices_are_outdated_has_to_be_read_again(
    visitor: Visitor, settings: Any, sandbox: Sandbox
) -> None:
    visitor.opens()
    settings.NOTICES_VERSION = "2"
    answer = visitor.asks("/start/", phone=NUMBER)
    assert answer.status_code == 400 and "terms have changed" in answer.json()["error"]
    assert sandbox.calls("prove.unify") == []


@pytest.mark.parametrize("path", ["/", "/nowhere"])
def test_the_brand_is_the_settings(visitor: Visitor, settings: Any, path: str) -> None:
    settings.BRAND_NAME = "Fairbank"
    page = visitor.opens(path).text
    assert "Fairbank</title>" in page and re.search(r"<img [^>]*> Fairbank</header>", page)


def test_the_browser_may_ask_us_alone_where_prove_is_played_here(visitor: Visitor) -> None:
    policy = visitor.opens().headers["Content-Security-Policy"]
    assert re.findall(r"connect-src [^;]*", policy) == ["connect-src 'self'"]


def test_no_page_asks_anybody_else_for_anything(visitor: Visitor) -> None:
    for page in (visitor.opens(), visitor.starts(NUMBER)):
        assert not re.findall(r'(?:src|<link[^>]* href)="(?:https?:)?//', page.text)
