"""`make bench` measures what it says: more flows than any budget lets one address have."""

import pytest

from onboarding.domain.budgets import SENDS_ADDRESS
from tests import bench


def test_flows_cost_the_product_time_and_are_not_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "FLOWS", SENDS_ADDRESS.burst + 2)
    cpu_s, wall_s = bench.cost(bench.flows)
    assert cpu_s > 0 and wall_s > 0
