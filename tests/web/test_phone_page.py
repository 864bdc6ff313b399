"""The phone page: its texts, its error messages and what it stores."""

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
    return str(re.findall(r'<option value="(\w*)"(?! lang)[^>]* selected>', page)[0])


@pytest.mark.parametrize(
    ("languages", "country"),
    [
        ("en-GB,en;q=0.9", "GB"),
        ("fr-FR", "FR"),
        ("de,pt-BR;q=0.7", "DE"),
        ("nl,en-US;q=0.7,en;q=0.3", "NL"),
        ("zh-Hant-HK", "HK"),
        ("eo,en-US;q=0.7,en;q=0.3", ""),
        ("en", "US"),
        ("", "US"),
        ("x-klingon", "US"),
    ],
)
def test_the_selected_country_follows_the_browsers_languages(db: None, languages: str, country: str) -> None:
    page = Client().get("/", headers={"Accept-Language": languages}).content.decode()
    assert chosen(page) == country


def test_only_allowed_countries_are_offered_and_others_are_refused_by_name(visitor: Visitor, settings: Any) -> None:
    settings.ALLOWED_COUNTRIES = ["US", "CA"]
    page = visitor.opens()
    assert re.findall(r'<option value="(\w\w)"(?! lang)', page.text) == ["CA", "US"]
    answer = visitor.fetches("/start/", phone="+44 7700 900123")
    assert answer.status_code == 400 and "United Kingdom" in answer.json()["error"]


def test_countries_are_sorted_by_their_names_in_the_language_of_the_page(visitor: Visitor, settings: Any) -> None:
    settings.ALLOWED_COUNTRIES = ["EE", "EG", "ES", "US"]
    visitor.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "fr"
    assert re.findall(r"<option[^>]*>([^<]+) \(", visitor.opens().text) == [
        "Égypte",
        "Espagne",
        "Estonie",
        "États-Unis",
    ]


def test_with_one_allowed_country_there_is_no_country_field(visitor: Visitor, settings: Any) -> None:
    settings.ALLOWED_COUNTRIES = ["US"]
    assert 'name="country"' not in visitor.opens().text


@pytest.mark.parametrize("typed", ["07700 900123", "+44 7700 900123", "447700900123", "0044 7700 900123"])
def test_a_country_code_in_the_number_is_not_added_again(visitor: Visitor, typed: str) -> None:
    visitor.opens()
    assert visitor.fetches("/start/", phone=typed, country="GB").status_code == 200
    assert OnboardingSession.objects.get().number == "+447700900123"


TWO_NUMBERS, BOTH = "+39 (0)331 234567", ["+390331234567", "+39331234567"]
UNLISTED, ITS_E164 = "111 111 1111", "+11111111111"


def test_where_two_numbers_can_be_meant_the_script_gets_both_and_nothing_is_begun(
    visitor: Visitor, sandbox: Sandbox
) -> None:
    visitor.opens()
    answer = visitor.fetches("/start/", phone=TWO_NUMBERS, country="IT")
    assert answer.status_code == 400 and "more than one number" in answer.json()["error"]
    assert answer.json()["choices"] == [
        {"value": "+390331234567", "text": "+39 0331 234567"},
        {"value": "+39331234567", "text": "+39 331 234 567"},
    ]
    assert sandbox.calls("prove.unify") == []


@pytest.mark.parametrize("meant", BOTH)
def test_the_person_chooses_one_of_them_once(visitor: Visitor, meant: str) -> None:
    visitor.opens()
    assert visitor.fetches("/start/", phone=TWO_NUMBERS, country="IT", meant=meant).status_code == 200
    assert OnboardingSession.objects.get().number == meant


@pytest.mark.parametrize("meant", ["+12015550123", "0331234567", "+39 331 234 567", ""])
def test_no_other_number_can_be_chosen(visitor: Visitor, meant: str) -> None:
    visitor.opens()
    assert visitor.fetches("/start/", phone=TWO_NUMBERS, country="IT", meant=meant).status_code == 400
    assert not OnboardingSession.objects.exists()


def test_without_a_script_the_page_asks_which(visitor: Visitor) -> None:
    visitor.opens()
    page = visitor.submits("/start/", phone=TWO_NUMBERS, country="IT").text
    assert re.findall(r'name="meant" value="(\+[^"]*)"', page) == BOTH
    assert '<fieldset class="choices" data-choices >' in page and "+39 0331 234567" in page


def test_a_number_that_no_plan_has_is_begun_with_only_if_it_is_confirmed(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.opens()
    answer = visitor.fetches("/start/", phone=UNLISTED, country="US")
    assert answer.status_code == 400 and "201 555 0123" in answer.json()["error"]
    assert [choice["value"] for choice in answer.json()["choices"]] == [ITS_E164]
    assert sandbox.calls("prove.unify") == []
    assert visitor.fetches("/start/", phone=UNLISTED, country="US", meant=ITS_E164).status_code == 200


def test_the_page_of_a_new_browser_asks_the_database_nothing(db: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        Client().get("/")


def test_an_empty_and_a_malformed_number_get_different_messages_with_an_example(visitor: Visitor) -> None:
    visitor.opens()
    assert visitor.fetches("/start/", phone="").json()["error"] == "Enter a phone number"
    assert "201 555 0123" in visitor.fetches("/start/", phone="hello", country="US").json()["error"]
    assert "07700 900123" in visitor.fetches("/start/", phone="hello", country="GB").json()["error"]


def test_the_field_has_a_label_a_hint_and_autocomplete(visitor: Visitor) -> None:
    page = visitor.opens().text
    assert '<label for="phone">' in page and 'id="phone-hint"' in page and "201 555 0123" in page
    assert 'type="tel" autocomplete="tel"' in page and "placeholder" not in page


def test_each_country_with_an_example_number_shows_it(visitor: Visitor) -> None:
    examples = dict(re.findall(r'<option value="(\w\w)" data-example="([^"]+)"', visitor.opens().text))
    assert examples == EXAMPLES


def test_the_page_says_before_the_button_why_it_asks_for_the_number(visitor: Visitor) -> None:
    before = visitor.opens().text.split("<button>")[0]
    assert "recognize you on this device" in before and "Message and data rates may apply" in before


def test_an_error_is_shown_first_and_in_the_title_and_the_input_is_kept(visitor: Visitor) -> None:
    visitor.opens()
    page = visitor.submits("/start/", phone="hello").text
    assert re.search(r"<title>\s*Error:", page) and 'value="hello"' in page
    assert page.index('href="#phone"') < page.index("<h1>")


def test_terms_privacy_help_and_carrier_consent_are_shown_if_the_settings_name_them(
    visitor: Visitor, settings: Any
) -> None:
    assert "accept our" not in visitor.opens().text
    settings.TERMS_URL, settings.PRIVACY_URL = "https://example.com/t", "https://example.com/p"
    settings.SUPPORT_URL, settings.CARRIER_CONSENT = "https://example.com/h", "You authorize your carrier"
    page = visitor.opens().text
    assert "https://example.com/h" in page
    for words in ("https://example.com/t", "https://example.com/p", "authorize your carrier"):
        assert words in page.split("<button>")[0], "it must come before the button that accepts it"


def test_a_remembered_person_sees_them_before_the_button_too(visitor: Visitor, settings: Any) -> None:
    settings.TERMS_URL, settings.CARRIER_CONSENT = "https://example.com/t", "You authorize your carrier"
    visitor.links(NUMBER, E164)
    visitor.submits("/remember/")
    before = visitor.opens().text.split("<button autofocus>")[0]
    assert "Welcome back" in before and "accept our" in before and "authorize your carrier" in before


def test_a_form_sent_before_the_script_has_loaded_asks_to_press_the_button_again(
    visitor: Visitor, settings: Any
) -> None:
    settings.SUPPORT_URL = "https://example.com/h"
    visitor.opens()
    page = visitor.submits("/start/", phone=NUMBER)
    notice = page.text[page.text.index('role="alert">') : page.text.index("<h1>")]
    assert "press the button again" in notice and "https://example.com/h" in notice
    assert page.status == 400 and re.search(r"<title>\s*Error:", page.text) and f'value="{NUMBER}"' in page.text


def test_the_accepted_notices_are_stored_with_version_and_time(visitor: Visitor, settings: Any) -> None:
    settings.NOTICES_VERSION = "2026-11"
    visitor.starts(NUMBER)
    session = OnboardingSession.objects.get()
    assert session.notices_version == "2026-11" and session.notices_accepted_at is not None


def test_a_page_with_outdated_notices_must_be_read_again(visitor: Visitor, settings: Any, sandbox: Sandbox) -> None:
    visitor.opens()
    settings.NOTICES_VERSION = "2"
    answer = visitor.fetches("/start/", phone=NUMBER)
    assert answer.status_code == 400 and "terms have changed" in answer.json()["error"]
    assert sandbox.calls("prove.unify") == []


@pytest.mark.parametrize("path", ["/", "/nowhere"])
def test_the_brand_comes_from_the_settings(visitor: Visitor, settings: Any, path: str) -> None:
    settings.BRAND_NAME = "Fairbank"
    page = visitor.opens(path).text
    assert "Fairbank</title>" in page and re.search(r"<img [^>]*> Fairbank</header>", page)


def test_with_the_built_in_sandbox_the_browser_may_connect_to_this_origin_only(visitor: Visitor) -> None:
    policy = visitor.opens().headers["Content-Security-Policy"]
    assert re.findall(r"connect-src [^;]*", policy) == ["connect-src 'self'"]


def test_no_page_loads_anything_from_another_origin(visitor: Visitor) -> None:
    for page in (visitor.opens(), visitor.starts(NUMBER)):
        assert not re.findall(r'(?:src|<link[^>]* href)="(?:https?:)?//', page.text)
