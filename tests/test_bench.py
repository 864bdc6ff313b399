"""`make bench` works, although its flows are more than the budget of one address."""

import pytest

from onboarding.domain.budgets import SENDS_ADDRESS
from tests import bench


def test_flows_cost_cpu_time_and_no_budget_refuses_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "FLOWS", SENDS_ADDRESS.burst + 2)
    cpu_s, wall_s = bench.cost(bench.flows)
    assert cpu_s > 0 and wall_s > 0
