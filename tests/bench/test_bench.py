"""`make bench` measures whole flows, of which none fails."""

import json
import subprocess
import sys

from tests.processes import ROOT

FLOWS = 5
FEW = [
    "--flows",
    str(FLOWS),
    "--at-once",
    "4",
    "--database",
    "postgresql",
    "--latency",
    "0",
    "--no-peer",
    "--sessions",
    "200",
    "--overload-s",
    "2",
]


def test_a_short_run_measures_flows_statements_the_floor_and_the_desk() -> None:
    command = [sys.executable, "-m", "tests.bench", *FEW]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    figures = {line["bench"]: line for line in map(json.loads, lines)}
    assert (figures["flows"]["flows"], figures["flows"]["failed"]) == (FLOWS, 0)
    assert figures["flows"]["cpu_in_floors"] > 1 and figures["flows"]["postgresql_cpu_ms"] > 0
    assert 0 < figures["statements"]["transactions"] < figures["statements"]["statements"] < 60
    assert figures["step"]["p95_ms"] > 0 and figures["overload"]["flows"] > 0
    assert figures["desk"]["p95_ms"] > 0 and figures["growth"]["cpu_ms"] > 0
