"""The table of `make mutants`, which takes an hour, is up to date."""

from collections import Counter
from pathlib import Path

import pytest

from tests.deep.copies import ROOT
from tests.deep.mutants import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.row} {mutant.what}")
def test_every_bug_can_be_put_in_and_its_tests_exist(mutant: Mutant) -> None:
    assert (ROOT / mutant.file).read_text().count(mutant.old) == 1, f"GONE: {mutant.old!r} in {mutant.file}"
    assert mutant.new != mutant.old
    assert [test for test in mutant.tests.split() if not Path(ROOT / test).exists()] == []


def test_no_bug_is_listed_twice() -> None:
    bugs = Counter((mutant.file, mutant.old, mutant.new, mutant.tests) for mutant in MUTANTS)
    assert [bug for bug, count in bugs.items() if count > 1] == []
