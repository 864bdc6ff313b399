"""Workers are killed and the database crashes under load: nothing is lost, done twice or stuck."""

import random
import re
import time
from pathlib import Path

import pytest
import requests
from django.db import connection

from onboarding.domain.states import FINAL
from tests.deep.any_order import invariants
from tests.deep.any_order.browser import STATUSES
from tests.deep.conftest import DEEP, report, wait_until
from tests.deep.servers.deployment import TIMEOUT_S, Deployment, deployed
from tests.deep.servers.load import Load

KILLS, KILL_EVERY_S = 500, 0.4
CRASHES, CRASH_EVERY_S = 100, 1.0
DOWN_S = 20

pytestmark = [
    pytest.mark.skipif(not DEEP, reason="minutes: make test-deep"),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="runs on a PostgreSQL of its own: once is enough"),
]


def test_workers_killed_at_random_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment, Load(deployment).running() as load:
        killed = 0
        while killed < KILLS:
            time.sleep(random.uniform(0, 2 * KILL_EVERY_S))  # noqa: S311
            if workers := deployment.workers():
                deployment.kill(random.choice(workers))  # noqa: S311
                killed += 1
        let_some_more_link(load)
        check(deployment, load, f"{killed} kills of a worker")


def test_a_database_that_crashes_loses_nothing_and_does_nothing_twice(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment, Load(deployment).running() as load:
        for _ in range(CRASHES):
            time.sleep(random.uniform(0, 2 * CRASH_EVERY_S))  # noqa: S311
            deployment.database.crash()
        let_some_more_link(load)
        check(deployment, load, f"{CRASHES} crashes of PostgreSQL")


def test_after_an_outage_the_database_is_used_again_at_once(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        with deployment.database.down():
            ends = time.monotonic() + DOWN_S
            while time.monotonic() < ends:
                assert readiness(deployment) == 503
                time.sleep(0.2)
        returned = time.monotonic()
        wait_until(lambda: {readiness(deployment) for _ in range(20)} == {200}, "PostgreSQL is not used again")
        waited_s = time.monotonic() - returned
        assert waited_s < DOWN_S / 2
        report(f"PostgreSQL down for {DOWN_S} s: used again {waited_s:.1f} s after its return")


def readiness(deployment: Deployment) -> int:
    return requests.get(f"{deployment.origin}/readyz", timeout=TIMEOUT_S).status_code


def let_some_more_link(load: Load) -> None:
    """Wait without failures until three more people are linked."""
    before = len(load.linked)
    wait_until(lambda: len(load.linked) >= before + 3, "nobody is linked any more")


def check(deployment: Deployment, load: Load, what: str) -> None:
    load.stop()
    assert load.statuses <= STATUSES, "I33: an answer of another status"
    deployment.recover()
    received = deployment.calls()
    invariants.check_calls(invariants.call_from(each, each["number"]) for each in received if each["number"])
    states = {str(cid): state for cid, state in deployment.database.rows(SESSIONS)}
    assert not set(states.values()) - set(FINAL), "a session is stuck past its time"

    bound = [each["correlationId"] for each in received if each["route"] == invariants.BIND and each.get("bound")]
    assert len(bound) == len(set(bound)), "bound twice"
    assert {states[cid] for cid in bound} <= {"bound", "bind_unknown"}, "a bind was lost"
    linked = {number for (number,) in deployment.database.rows(LINKED)}
    assert set(load.linked) <= linked, "a link that a person saw was lost"
    unknown = [cid for cid in bound if states[cid] == "bind_unknown"]

    canaries = load.secrets | {number.removeprefix("+") for number in load.numbers} | set(states)
    written = (deployment.folder / "log").read_text()
    assert not possible_secrets(written) & canaries, "I24: a canary is in the log"
    report(
        f"{what}: {len(load.numbers)} people, {len(load.linked)} linked, {len(bound)} binds at Prove, "
        f"{len(unknown)} of them known as unknown, 0 lost, 0 doubled, 0 stuck; "
        f"{len(canaries)} canaries in {len(written)} characters of log: 0 found"
    )


def possible_secrets(log: str) -> set[str]:
    """Return all words that could be a number, a code, an id or a token, without gunicorn's process ids."""
    log = re.sub(r"pid: ?\d+|\[\d+\]", "", log)
    return set(re.findall(r"[\w.-]+", log)) | set(re.findall(r"\d+", log)) | set(re.findall(r"[\w-]+", log))


SESSIONS = "SELECT coalesce(correlation_id, id::text), state FROM onboarding_onboardingsession"
LINKED = "SELECT number FROM onboarding_binding WHERE confirmed"
