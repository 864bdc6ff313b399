"""The documents name files that exist, and the index of the invariants is complete."""

import re

import pytest
from django.core.management import get_commands

from onboarding.operations.exporter import Queues
from tests import reference
from tests.processes import ROOT

DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/adopting.md",
    "docs/design.md",
    "docs/native.md",
    "docs/operating.md",
    "docs/reference.md",
    "docs/restore.md",
    "docs/sandbox.md",
)
FOLDERS = "onboarding|proveflow|sandbox|tests|examples|templates|static|locale|docs|requirements"
PATH = re.compile(rf"`((?:{FOLDERS})/[\w./-]*)`")
ROW = re.compile(r"^\| (I\d\d) \| (.+) \| (.*) \|$", re.MULTILINE)
NOT_PROMISED: set[str] = set()


def invariants() -> dict[str, str]:
    """Return the index of docs/design.md: the tests by number."""
    return {number: tests for number, _sentence, tests in ROW.findall((ROOT / "docs/design.md").read_text())}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_names_exists(document: str) -> None:
    named = set(PATH.findall((ROOT / document).read_text()))
    assert {path for path in named if not (ROOT / path).exists()} == set()


def test_every_name_of_code_in_the_recipes_exists() -> None:
    files = [
        file for folder in ("onboarding", "sandbox", "tests", "proveflow") for file in (ROOT / folder).rglob("*.py")
    ]
    code = set(re.findall(r"\w+", "".join(file.read_text() for file in files)))
    named = re.findall(r"`([A-Za-z_]\w*(?:\.[a-z_]+)*)`", (ROOT / "CONTRIBUTING.md").read_text())
    assert {name for name in named if not name.endswith(".md") and not set(name.split(".")) <= code} == set()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_of_a_document_leads_to_a_file_and_a_heading(document: str) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([\w./-]*)#?([\w-]*)\)", (ROOT / document).read_text()):
        file = (ROOT / document).parent / target if target else ROOT / document
        assert file.exists(), target
        headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE) if anchor else []
        assert not anchor or anchor in {heading.lower().replace(" ", "-") for heading in headings}, anchor


def test_the_table_of_layers_names_every_module() -> None:
    rows = re.findall(r"^\| `(onboarding/\w+/)` \| (.+?) \|", (ROOT / "docs/design.md").read_text(), re.MULTILINE)
    named = {folder: set(re.findall(r"`(\w+)`", modules)) for folder, modules in rows}
    found = {folder: {file.stem for file in (ROOT / folder).rglob("[a-z]*.py")} for folder in named}
    assert named == found
    assert len(named) == len([*(ROOT / "onboarding").glob("*/__init__.py")]) - 1  # migrations


def test_the_index_has_every_invariant_that_tests_name() -> None:
    text = "".join(file.read_text() for file in sorted((ROOT / "tests").rglob("*.py")))
    assert set(re.findall(r"\bI\d\d\b", text)) <= invariants().keys()
    assert list(invariants()) == [f"I{number:02}" for number in range(1, 48)]


def test_every_invariant_that_is_promised_has_a_test() -> None:
    assert {number for number, tests in invariants().items() if tests == "none"} == NOT_PROMISED


def test_every_command_of_the_operators_guide_exists() -> None:
    named = set(re.findall(r"manage\.py (\w+)", (ROOT / "docs/operating.md").read_text()))
    assert {"doctor", "migrate", "recover"} <= named <= {*get_commands()}
    targets = set(re.findall(r"(?m)(?:`|&& |^ *)make ([a-z-]+)", (ROOT / "docs/operating.md").read_text()))
    assert targets <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_the_tables_of_the_reference_are_those_of_the_code() -> None:
    text = reference.DOCUMENT.read_text()
    assert reference.updated(text) == text, "run python -m tests.reference"


@pytest.mark.django_db
def test_the_reference_has_each_metric_that_is_read_from_the_database() -> None:
    served = {f"{each.name}{'_info' if each.type == 'info' else ''}" for each in Queues().collect()}
    assert served == {name for name, _labels, _what in reference.QUEUES}


def test_the_readme_first_says_why_somebody_would_want_this() -> None:
    title, first, second, *_rest = (ROOT / "README.md").read_text().partition("\n## ")[0].split("\n\n")
    assert title == "# proveflow" and "Prove Key" not in first + second
    assert "phone number belongs to a person" in first and "without a\npassword" in first
    assert "phished" in second
