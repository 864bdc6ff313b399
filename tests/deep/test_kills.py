"""Workers are killed and the database crashes under load: nothing lost, nothing twice, nobody stuck."""

import random
import re
import time
from pathlib import Path

import pytest
import requests
from django.db import connection

from onboarding.domain.states import FINAL
from tests.deep.any_order import ledger
from tests.deep.any_order.browser import STATUSES
from tests.deep.conftest import DEEP, tell, until
from tests.deep.fleet.crowd import Crowd
from tests.deep.fleet.fleet import PATIENCE_S, Fleet, fleet

KILLS, KILL_EVERY_S = 500, 0.4
CRASHES, CRASH_EVERY_S = 100, 1.0
AWAY_S = 20

pytestmark = [
    pytest.mark.skipif(not DEEP, reason="minutes: make test-deep"),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="runs on a PostgreSQL of its own: once is enough"),
]


def test_workers_killed_at_random_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    with fleet(tmp_path) as ours, Crowd(ours).walking() as crowd:
        killed = 0
        while killed < KILLS:
            time.sleep(random.uniform(0, 2 * KILL_EVERY_S))  # noqa: S311
            if workers := ours.workers():
                ours.kills(random.choice(workers))  # noqa: S311
                killed += 1
        settle(crowd)
        judge(ours, crowd, f"{killed} kills of a worker")


def test_a_database_that_crashes_loses_nothing_and_does_nothing_twice(tmp_path: Path) -> None:
    with fleet(tmp_path) as ours, Crowd(ours).walking() as crowd:
        for _ in range(CRASHES):
            time.sleep(random.uniform(0, 2 * CRASH_EVERY_S))  # noqa: S311
            ours.database.crashes()
        settle(crowd)
        judge(ours, crowd, f"{CRASHES} crashes of PostgreSQL")


def test_a_database_that_was_away_is_met_again_at_once(tmp_path: Path) -> None:
    with fleet(tmp_path) as ours:
        with ours.database.away():
            ends = time.monotonic() + AWAY_S
            while time.monotonic() < ends:
                assert readiness(ours) == 503
                time.sleep(0.2)
        returned = time.monotonic()
        until(lambda: {readiness(ours) for _ in range(20)} == {200}, "it is not met again")
        waited_s = time.monotonic() - returned
        assert waited_s < AWAY_S / 2
        tell(f"PostgreSQL away for {AWAY_S} s: met again {waited_s:.1f} s after its return")


def readiness(ours: Fleet) -> int:
    return requests.get(f"{ours.origin}/readyz", timeout=PATIENCE_S).status_code


def settle(crowd: Crowd) -> None:
    """The last people go on in peace, so that some get through at the end, too."""
    before = len(crowd.linked)
    until(lambda: len(crowd.linked) >= before + 3, "nobody gets through any more")


def judge(ours: Fleet, crowd: Crowd, what: str) -> None:
    crowd.ends()
    assert crowd.statuses <= STATUSES, "I33: an answer of another status"
    ours.recovers()
    told = ours.ledger()
    ledger.judge(ledger.line(each, each["number"]) for each in told if each["number"])
    states = {str(cid): state for cid, state in ours.database.rows(SESSIONS)}
    assert not set(states.values()) - set(FINAL), "a session is stuck past its time"

    bound = [each["correlationId"] for each in told if each["route"] == ledger.BIND and each.get("bound")]
    assert len(bound) == len(set(bound)), "bound twice"
    assert {states[cid] for cid in bound} <= {"bound", "bind_unknown"}, "a bind was lost"
    linked = {number for (number,) in ours.database.rows(LINKED)}
    assert set(crowd.linked) <= linked, "a link that a person saw was lost"
    unknown = [cid for cid in bound if states[cid] == "bind_unknown"]

    canaries = crowd.secrets | {number.removeprefix("+") for number in crowd.seen} | set(states)
    written = (ours.folder / "log").read_text()
    assert not told_of(written) & canaries, "I24: the log tells"
    tell(
        f"{what}: {len(crowd.seen)} people, {len(crowd.linked)} linked, {len(bound)} binds at Prove, "
        f"{len(unknown)} of them known as unknown, 0 lost, 0 doubled, 0 stuck; "
        f"{len(canaries)} canaries in {len(written)} characters of log: 0 found"
    )


def told_of(log: str) -> set[str]:
    """All that could be a number, a code, an id or a token; gunicorn's process ids are none."""
    log = re.sub(r"pid: ?\d+|\[\d+\]", "", log)
    return set(re.findall(r"[\w.-]+", log)) | set(re.findall(r"\d+", log)) | set(re.findall(r"[\w-]+", log))


SESSIONS = "SELECT coalesce(correlation_id, id::text), state FROM onboarding_onboardingsession"
LINKED = "SELECT number FROM onboarding_binding WHERE confirmed"
