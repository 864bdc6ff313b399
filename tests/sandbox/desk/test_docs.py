"""docs/sandbox.md and the sandbox's page describe all that the code has, and nothing else."""

import re

import pytest
from django.test import Client
from pytest_django import Settings

from sandbox.desk.control import ledger_entry
from sandbox.state.people import PEOPLE, WORKS, by_group
from sandbox.state.records import Received
from sandbox.state.switches import SWITCHES
from sandbox.wire.faults import OPTIONS
from tests.sandbox.desk.tables import DOCS, tables, updated


def test_the_tables_in_the_docs_are_up_to_date() -> None:
    text = DOCS.read_text()

    assert updated(text) == text, "run python -m tests.sandbox.desk.tables"
    assert all(table in text for table in tables().values())


def test_the_docs_contain_no_other_numbers_than_those_of_the_table() -> None:
    numbers = set(re.findall(r"\+[0-9]{10,15}", DOCS.read_text().replace("%2B", "+")))

    assert numbers == PEOPLE.keys()


def test_the_docs_name_every_field_of_a_ledger_entry() -> None:
    entry = ledger_entry(Received(id="", at=0, route="", outcome="ok", status=200, effect=True, number="", facts={}))

    section = DOCS.read_text().partition("The ledger lists every call")[2].partition("##")[0]

    assert all(f"`{name}`" in section for name in entry)


def test_the_page_lists_every_number_and_switch(client: Client) -> None:
    page = client.get("/sandbox/").content.decode()

    for person in PEOPLE.values():
        assert person.number in page
    for switch in SWITCHES:
        assert f'name="{switch}"' in page


def test_the_page_has_a_field_for_every_option_of_a_fault_but_effect(client: Client) -> None:
    page = client.get("/sandbox/").content.decode()

    assert {name for name in OPTIONS if f'<input name="{name}"' in page} == OPTIONS.keys() - {"effect"}


@pytest.mark.parametrize(
    ("number", "scenario"),
    [
        ("+12025550143", "unify-bind is received and never answered, once"),
        ("(202) 555-0143", "unify-bind is received and never answered, once"),
        ("+12015550123", ""),
        ("your number ending in 23", ""),
        ("", ""),
    ],
)
def test_the_app_can_say_what_happens_with_a_number(client: Client, number: str, scenario: str) -> None:
    assert client.get("/sandbox/story.json", {"number": number}).json()["scenario"] == scenario


def test_every_test_user_is_in_one_group_by_what_happens() -> None:
    groups = by_group()
    assert sorted(each.number for group in groups.values() for each in group) == sorted(PEOPLE)
    assert all(groups.values())


def section(page: str, title: str) -> str:
    """The part of the page from this title to the end of its section."""
    return page[page.index(f">{title}</h2>") :].partition("</section>")[0]


@pytest.fixture
def page_of_the_app(settings: Settings, client: Client) -> str:
    """The page of the sandbox that is built into the app."""
    settings.ROOT_URLCONF = "proveflow.urls"
    return client.get("/sandbox/").content.decode()


def test_the_page_groups_the_numbers_by_what_happens_and_each_can_be_tried(page_of_the_app: str) -> None:
    people = section(page_of_the_app, "Numbers to try")

    groups = re.findall("<details( open)?><summary><h3>(.+?) <small>([0-9]+)</small></h3></summary>", people)
    assert [group for _open, group, _size in groups] == list(by_group())
    assert [bool(is_open) for is_open, _group, _size in groups] == [True, False, False, False, False]
    assert sum(int(size) for _open, _group, size in groups) == len(PEOPLE)
    assert re.findall(r'data-try="(\+[0-9]+)" data-app="/"[^>]*>Try it<', people) == re.findall(
        r'data-copy="(\+[0-9]+)"', people
    )


def test_what_is_first_in_a_group_differs_in_what_happens() -> None:
    first = by_group()[WORKS][:3]

    assert len({person.scenario for person in first}) == len(first)


def test_the_app_opens_in_a_tab_of_its_own(page_of_the_app: str) -> None:
    assert '<a class="button primary" href="/" target="app">Open the app</a>' in page_of_the_app


def test_a_number_on_the_page_is_no_call_link(client: Client) -> None:
    assert '<meta name="format-detection" content="telephone=no">' in client.get("/sandbox/").content.decode()


def test_the_page_says_whose_clock_its_buttons_move(client: Client) -> None:
    time = section(client.get("/sandbox/").content.decode(), "Time")

    assert time.index("The app's own clock does not move with it.") < time.index(">+10 min<")


@pytest.mark.parametrize(
    "words",
    ["ad day", ">Order<", ">Turn<", "nobody listens", "Your phone lies here", "plausible", "good day", "None ordered"],
)
def test_the_page_says_it_in_plain_words(client: Client, words: str) -> None:
    assert words not in client.get("/sandbox/").content.decode()
