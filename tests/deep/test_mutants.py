"""`make mutants` takes an hour: what can go stale in its table is seen at once."""

from collections import Counter
from pathlib import Path

import pytest

from tests.deep.mutants import MUTANTS, ROOT, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.row} {mutant.what}")
def test_every_bug_can_be_put_in_and_has_tests_to_catch_it(mutant: Mutant) -> None:
    assert (ROOT / mutant.file).read_text().count(mutant.old) == 1, f"GONE: {mutant.old!r} in {mutant.file}"
    assert mutant.new != mutant.old
    assert [test for test in mutant.tests.split() if not Path(ROOT / test).exists()] == []


def test_no_bug_is_there_twice() -> None:
    bugs = Counter((mutant.file, mutant.old, mutant.new, mutant.tests) for mutant in MUTANTS)
    assert [bug for bug, often in bugs.items() if often > 1] == []
