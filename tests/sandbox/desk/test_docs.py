"""docs/sandbox.md and the desk tell what the sandbox runs on, and nothing else."""

import re

from django.test import Client

from sandbox.state.people import PEOPLE
from sandbox.state.switches import SWITCHES
from tests.sandbox.desk.tables import DOCS, tables, written


def test_the_docs_tables_are_those_of_the_code() -> None:
    text = DOCS.read_text()

    assert written(text) == text, "make them anew: see tests/sandbox/desk/tables.py"
    assert all(table in text for table in tables().values())


def test_the_docs_name_no_number_without_a_story() -> None:
    named = set(re.findall(r"\+[0-9]{10,15}", DOCS.read_text().replace("%2B", "+")))

    assert named == PEOPLE.keys()


def test_the_desk_tells_of_every_number_and_switch(client: Client) -> None:
    page = client.get("/sandbox/").content.decode()

    for person in PEOPLE.values():
        assert person.number in page
    for switch in SWITCHES:
        assert f'name="{switch}"' in page
