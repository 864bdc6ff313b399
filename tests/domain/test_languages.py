"""The country that the phone page chooses, by the Accept-Language lists that browsers come with."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from babel.core import get_global

from onboarding.domain.countries import NAMES
from onboarding.web.forms import PhoneForm

FIREFOX_S_OTHERS = "en-US;q=0.7,en;q=0.3"


def chosen(languages: str) -> str:
    return PhoneForm(languages=languages).region


# --- Every region --------------------------------------------------------------------------------------------------

Stock = Callable[[str, str], str]  # language (with script) and region to a header
WITH_REGION: Mapping[str, Stock] = {
    "Firefox": lambda language, region: f"{language}-{region},{language};q=0.9,{FIREFOX_S_OTHERS}",
    "Firefox, region second": lambda language, region: f"{language},{language}-{region};q=0.8,{FIREFOX_S_OTHERS}",
    "Chrome": lambda language, region: f"{language}-{region},{language};q=0.9,en-US;q=0.8,en;q=0.7",
    "Chrome, alone": lambda language, region: f"{language}-{region},{language};q=0.9",
    "Safari": lambda language, region: f"{language}-{region},{language};q=0.9",
    "Safari, alone": lambda language, region: f"{language.lower()}-{region.lower()}",
    "Edge": lambda language, region: (
        f"{language},{language}-{region};q=0.9,en;q=0.8,en-GB;q=0.7,en-US;q=0.6"
        if language != "en"
        else f"en-{region},en;q=0.9,en-GB;q=0.8,en-US;q=0.7"
    ),
    "a variant": lambda language, region: f"{language}-{region}-1996,{FIREFOX_S_OTHERS}",
    "extensions": lambda language, region: f"{language}-{region}-u-co-phonebk-x-us,{FIREFOX_S_OTHERS}",
}
WITHOUT_REGION: Mapping[str, Callable[[str], str]] = {
    "Firefox": lambda language: f"{language},{FIREFOX_S_OTHERS}",
    "Chrome": lambda language: f"{language},en-US;q=0.9,en;q=0.8",
    "Edge": lambda language: f"{language},en;q=0.9,en-GB;q=0.8,en-US;q=0.7",
    "alone": lambda language: language,
    "a variant": lambda language: f"{language}-1996,{FIREFOX_S_OTHERS}",
    "private use": lambda language: f"{language}-x-us,{FIREFOX_S_OTHERS}",
}


def languages_of(region: str) -> Iterator[str]:
    """Yield the languages of a region by CLDR, each with the scripts that it is written in there, and English."""
    yield "en"
    for language in get_global("territory_languages").get(region, {}):
        subtag, _, script = language.partition("_")
        yield subtag
        if script:
            yield f"{subtag}-{script}"


@pytest.mark.parametrize("region", sorted(NAMES))
def test_the_region_of_the_first_language_is_chosen(region: str) -> None:
    for language in languages_of(region):
        for browser, stock in WITH_REGION.items():
            assert chosen(stock(language, region)) == region, (browser, language)


LIKELY = {
    language.replace("_", "-"): likely.split("_")[-1]
    for language, likely in get_global("likely_subtags").items()
    if not language.startswith("und") and language.count("_") < 2 and not language.split("_")[-1].isupper()
}


@pytest.mark.parametrize("initial", sorted({language[0] for language in LIKELY}))
def test_without_a_region_the_likely_one_is_chosen_or_none(initial: str) -> None:
    for language, likely in LIKELY.items():
        if language.startswith(initial) and not language.startswith("en-") and language != "en":
            for browser, stock in WITHOUT_REGION.items():
                assert chosen(stock(language)) == (likely if likely in NAMES else ""), (browser, language)


def test_the_fallback_never_decides() -> None:
    of_the_united_states = {language for language, likely in LIKELY.items() if likely == "US"}
    chose_it = {language for language in LIKELY if chosen(f"{language},{FIREFOX_S_OTHERS}") == "US"}
    assert len(LIKELY) > 1000 and chose_it - {"en-Shaw"} == of_the_united_states  # for English it is no fallback


# --- What tags can hold --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("languages", "country"),
    [
        ("sr-Latn-RS", "RS"),
        ("zh-Hant-HK,zh;q=0.9", "HK"),
        ("ca-ES-valencia", "ES"),
        ("de-CH-1996", "CH"),
        ("nl,en-US,en", "NL"),
        ("zh-cmn-Hans-CN", "CN"),
        ("zh-yue", "HK"),
        ("zh-Hant", "TW"),
        ("sl-rozaj-biske", "SI"),
        ("en-840", "US"),
        ("de-276", "DE"),
        ("en-UK", "GB"),
        ("sr-CS", "RS"),
        ("de-DD", "DE"),
        ("iw", "IL"),
        ("sh", "RS"),
        ("tl", "PH"),
        ("en-us;q=0.5, pt-br;q=0.9", "BR"),
        ("es-419,es;q=0.9,es-ES;q=0.8,en-US;q=0.7", ""),  # Latin America
        ("en-001", ""),
        ("eo,en-US;q=0.7,en;q=0.3", ""),
        ("nl_NL", "NL"),  # as old clients write it
        ("en-AQ", ""),  # Antarctica has no phone numbers of its own
        ("x-klingon", "US"),  # no language: DEFAULT_REGION
        ("*", "US"),
        ("", "US"),
        ("???", "US"),
    ],
)
def test_a_tag_is_read_by_rfc_5646(languages: str, country: str) -> None:
    assert chosen(languages) == country


def test_a_country_that_is_not_served_is_not_chosen(settings: Any) -> None:
    settings.ALLOWED_COUNTRIES = ["US", "CA"]
    assert [chosen("nl,en-US,en"), chosen("en-CA,en"), chosen("")] == ["", "CA", "US"]


def test_where_one_country_is_served_it_is_chosen(settings: Any) -> None:
    settings.ALLOWED_COUNTRIES = ["US"]
    assert chosen("nl,en-US,en") == "US"
