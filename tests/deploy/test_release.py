"""What `make release` and `make audit-deps` run is locked, and covers what is delivered."""

import re

from tests.processes import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()


def recipe(target: str) -> str:
    return MAKEFILE.partition(f"\n{target}:")[2].partition("\n\n")[0]


def test_the_tools_of_a_release_are_locked_with_hashes() -> None:
    named = set(re.findall(r"^([a-z-]+)$", (ROOT / "requirements/release.in").read_text(), re.MULTILINE))
    locked = (ROOT / "requirements/release.txt").read_text()
    assert named == {"cyclonedx-bom", "pip-audit", "pip-licenses"}
    assert all(re.search(rf"^{name}==\S+ \\\n    --hash=sha256:", locked, re.MULTILINE) for name in named)
    assert "release" in recipe("lock")


def test_a_release_lists_python_and_javascript_packages_and_licences() -> None:
    made = recipe("release")
    assert "requirements/runtime.txt" in made and "npm" in made.lower() and "licences.md" in made
    assert made.count("cdx.json") >= 2


def test_an_audit_says_what_it_does_not_know() -> None:
    assert recipe("audit-deps").count("cannot reach its database") == 2 and "--strict" in recipe("audit-deps")
