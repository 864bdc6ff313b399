"""The catalogues say everything, in every language, and are compiled. `make messages` renews them."""

import re
from collections import Counter

import pytest
from babel.messages.catalog import Catalog, Message

from tests.languages.catalogues import LOCALES, compiled, extracted, kept, messages, path_of, strings

# What a translation has to keep: placeholders, and tags with what they hold.
KEPT = re.compile(r"%\(\w+\)[sd]|\{\w+\}|<[^>]+>")


@pytest.fixture(scope="module")
def template() -> Catalog:
    return extracted()


@pytest.fixture(scope="module", params=LOCALES)
def catalog(request: pytest.FixtureRequest) -> Catalog:
    return kept(request.param)


def ids(catalog: Catalog) -> set[object]:
    return {message.id for message in messages(catalog)}


def singular(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def test_every_string_is_in_it_and_nothing_else(catalog: Catalog, template: Catalog) -> None:
    assert ids(template) - ids(catalog) == set()
    assert ids(catalog) - ids(template) == set()


def test_nothing_is_missing_or_doubtful(catalog: Catalog) -> None:
    assert [message.id for message in messages(catalog) if message.fuzzy or not all(strings(message))] == []


def test_every_plural_has_all_forms_of_the_language(catalog: Catalog) -> None:
    plurals = [message for message in messages(catalog) if message.pluralizable]
    assert plurals
    assert {len(strings(message)) for message in plurals} == {catalog.num_plurals}


def test_placeholders_and_tags_are_kept(catalog: Catalog) -> None:
    """A plural form that says one, two or none in words may leave the count out."""
    for message in messages(catalog):
        wanted = Counter(KEPT.findall(message.id if isinstance(message.id, str) else message.id[1]))
        found = [Counter(KEPT.findall(string)) for string in strings(message)]
        assert all(count <= wanted for count in found), message.id
        assert message.pluralizable or found == [wanted], message.id
        assert wanted in found, message.id


def test_questions_colons_and_dots_stand_where_the_english_ones_do(catalog: Catalog) -> None:
    for message in messages(catalog):
        for sign in "…:?":
            ends = [string.replace("؟", "?").endswith(sign) for string in strings(message)]
            assert set(ends) == {singular(message).endswith(sign)}, message.id


@pytest.mark.parametrize("locale", LOCALES)
def test_it_is_compiled(locale: str) -> None:
    assert path_of(locale, "mo").read_bytes() == compiled(kept(locale)), "make messages"
