"""Whatever is done to the event log without its key is found, and no history is blamed that nobody tampered with."""

from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from onboarding.models import Checkpoint
from onboarding.operations.evidence import audit
from onboarding.operations.evidence.audit import findings
from onboarding.operations.evidence.faults import Seen
from tests.deep.conftest import report, share
from tests.operations.evidence.histories import History, faults
from tests.operations.evidence.mutations import mutate

OF_A_HISTORY = share(500, 100)
HISTORIES = share(20, 1)


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_every_mutation_is_found(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(audit, "OVERDUE", timedelta(0))  # all is sealed
    random = Random(seed)
    history = History(random, settings, monkeypatch)
    history.runs_for(12)
    found: Counter[str] = Counter()
    while found.total() < OF_A_HISTORY:
        try:
            with transaction.atomic():
                name = mutate(random)
                assert next(findings(None, Seen()), None), f"{name} was not found, seed {seed}"
                transaction.set_rollback(True)
        except IntegrityError:  # the database refused it
            continue
        found[name] += 1
    assert faults() == []
    report(f"seed {seed}: {found.total()} mutations found, {Checkpoint.objects.count()} checkpoints: {dict(found)}")


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_no_clean_history_is_blamed(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    history = History(Random(seed), settings, monkeypatch)
    for _ in range(share(50, 10)):
        history.acts()
        assert faults() == []
