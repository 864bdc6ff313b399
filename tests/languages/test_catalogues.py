"""The catalogues of all languages are complete and compiled. `make messages` updates them."""

import re
from collections import Counter

import pytest
from babel.messages.catalog import Catalog, Message

from tests.languages.catalogues import LOCALES, VARIANTS, compiled, extracted, messages, path_of, stored, strings

# A translation has to keep these: placeholders, and tags with their attributes.
KEPT = re.compile(r"%\(\w+\)[sd]|\{\w+\}|<[^>]+>")


@pytest.fixture(scope="module")
def template() -> Catalog:
    return extracted()


@pytest.fixture(scope="module", params=LOCALES)
def catalog(request: pytest.FixtureRequest) -> Catalog:
    return stored(request.param)


def ids(catalog: Catalog) -> set[object]:
    return {message.id for message in messages(catalog)}


def singular(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def test_a_catalogue_holds_every_string_and_no_other(catalog: Catalog, template: Catalog) -> None:
    assert ids(template) - ids(catalog) == set()
    assert ids(catalog) - ids(template) == set()


def test_no_translation_is_missing_or_fuzzy(catalog: Catalog) -> None:
    assert [message.id for message in messages(catalog) if message.fuzzy or not all(strings(message))] == []


def test_every_plural_has_all_forms_of_the_language(catalog: Catalog) -> None:
    plurals = [message for message in messages(catalog) if message.pluralizable]
    assert plurals
    assert {len(strings(message)) for message in plurals} == {catalog.num_plurals}


def test_placeholders_and_tags_are_kept(catalog: Catalog) -> None:
    """A plural form with the number in words may leave the count out."""
    for message in messages(catalog):
        wanted = Counter(KEPT.findall(message.id if isinstance(message.id, str) else message.id[1]))
        found = [Counter(KEPT.findall(string)) for string in strings(message)]
        assert all(count <= wanted for count in found), message.id
        assert message.pluralizable or found == [wanted], message.id
        assert wanted in found, message.id


def test_a_translation_ends_with_the_same_punctuation_as_the_english_text(catalog: Catalog) -> None:
    for message in messages(catalog):
        for sign in "…:?":
            ends = [string.replace("؟", "?").endswith(sign) for string in strings(message)]
            assert set(ends) == {singular(message).endswith(sign)}, message.id


@pytest.mark.parametrize("locale", LOCALES + VARIANTS)
def test_the_compiled_catalogue_is_up_to_date(locale: str) -> None:
    assert path_of(locale, "mo").read_bytes() == compiled(stored(locale)), "make messages"


AMERICAN = re.compile(r"recogniz|authoriz|canceled", re.IGNORECASE)
BRITISH = re.compile(r"recognis|authoris|cancelled|colour|organis", re.IGNORECASE)


def test_british_english_spells_otherwise_what_american_english_does(template: Catalog) -> None:
    british = {message.id: message.string for message in messages(stored("en_GB"))}
    assert british.keys() == {message.id for message in messages(template) if AMERICAN.search(singular(message))}
    assert [string for string in british.values() if AMERICAN.search(str(string))] == []


def test_the_sources_are_in_american_english(template: Catalog) -> None:
    assert [message.id for message in messages(template) if BRITISH.search(singular(message))] == []
