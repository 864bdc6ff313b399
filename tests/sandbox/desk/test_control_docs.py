"""docs/sandbox.md and the desk tell what a bad day can be told, and what the ledger tells of it."""

from collections.abc import Iterator

from django.test import Client

from sandbox.desk.control import shown
from sandbox.state.records import Received
from sandbox.wire.faults import KINDS, OPTIONS
from tests.sandbox.desk.tables import DOCS


def options() -> Iterator[str]:
    yield "| Option | Of, with its default | What |"
    yield "| --- | --- | --- |"
    for name, option in OPTIONS.items():
        kinds = [f"`{kind}` ({told.options[name]})" for kind, told in KINDS.items() if name in told.options]
        yield f"| `{name}` | {', '.join(kinds) or 'all'} | {option.description} |"


def test_the_docs_tell_which_kind_takes_which_option() -> None:
    today = "\n".join(options())

    assert f"<!-- options -->\n{today}\n<!-- /options -->" in DOCS.read_text(), f"today:\n{today}"


def test_the_docs_name_what_each_line_of_the_ledger_has() -> None:
    line = shown(Received(id="", at=0, route="", outcome="ok", status=200, effect=True, number="", facts={}))

    told = DOCS.read_text().partition("The ledger has every call")[2].partition("##")[0]

    assert all(f"`{name}`" in told for name in line)


def test_the_desk_asks_for_every_option_but_the_scripts_own(client: Client) -> None:
    page = client.get("/sandbox/").content.decode()

    assert {name for name in OPTIONS if f'<input name="{name}"' in page} == OPTIONS.keys() - {"effect"}
