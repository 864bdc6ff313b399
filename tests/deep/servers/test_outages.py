"""A vendor that hangs blocks nothing else, and a deploy meanwhile interrupts no request."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from django.db import connection

from onboarding.conf import conf
from tests.deep.any_order import invariants
from tests.deep.conftest import DEEP, report, wait_until
from tests.deep.servers.deployment import TIMEOUT_S, Deployment, deployed
from tests.deep.servers.load import SimulatedPerson

PEOPLE = 72
CALLS_AT_ONCE = conf.UPSTREAM_CALLS_AT_ONCE  # in a worker
PAGES = ("/", "/healthz", "/readyz", "/admin/login/", "/nowhere")

pytestmark = [
    pytest.mark.skipif(not DEEP, reason="needs the machine for itself: make test-deep"),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="runs on a PostgreSQL of its own: once is enough"),
    pytest.mark.xdist_group("outages"),
]


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    with deployed(tmp_path) as deployment:
        yield deployment


def numbers(first: int, count: int) -> list[str]:
    return [f"+1415{first + n * 13}" for n in range(count)]


def test_while_prove_hangs_pages_log_in_and_health_checks_do_not_wait(deployment: Deployment) -> None:
    persons = [SimulatedPerson(deployment, number) for number in numbers(2_000_000, PEOPLE)]
    for person in persons:
        person.opens("/")
    deployment.inject_fault(invariants.UNIFY, "hang")
    with ThreadPoolExecutor(PEOPLE) as threads:
        answers = [threads.submit(person.starts) for person in persons]
        wait_until(lambda: any(each.done() for each in answers), "nobody was refused")
        waits_ms = [takes_ms(deployment, path) for path in PAGES * 10]
        hanging = [each for each in answers if not each.done()]
        assert len(hanging) > CALLS_AT_ONCE, f"the pages waited for Prove: {waits_ms}"
        refused = [each.result() for each in answers if each not in hanging]
    assert {(each.status_code, "Retry-After" in each.headers) for each in refused} == {(503, True)}
    deployment.clear_faults()
    report(
        f"outage: {len(hanging)} wait for a Prove that hangs, {len(refused)} are told when to come back at once, "
        f"pages, log-in and health in at most {max(waits_ms):.0f} ms"
    )


def test_while_twilio_hangs_a_person_who_is_known_is_recognised(deployment: Deployment) -> None:
    person = SimulatedPerson(deployment, "+14157000001")
    assert person.onboards()
    person.browser.cookies.clear()
    deployment.inject_fault(invariants.SEND, "hang")
    with ThreadPoolExecutor(1) as thread:
        stranger = thread.submit(SimulatedPerson(deployment, "+14157000002").onboards)
        wait_until(lambda: deployment.database.rows(WAITING) == [(1,)], "nobody waits for Twilio")
        assert person.onboards()
        assert deployment.database.rows(WAITING) == [(1,)] and not stranger.done()
        deployment.clear_faults()


def test_a_deploy_lets_requests_in_progress_finish(deployment: Deployment) -> None:
    deployment.inject_fault(invariants.UNIFY, "latency", seconds=3)
    with ThreadPoolExecutor(CALLS_AT_ONCE) as threads:
        answers = [
            threads.submit(SimulatedPerson(deployment, number).starts) for number in numbers(8_000_000, CALLS_AT_ONCE)
        ]
        wait_until(lambda: deployment.database.rows(ASKED) == [(CALLS_AT_ONCE,)], "nobody has started")
        os.kill(deployment.master, signal.SIGTERM)
        assert [each.result().status_code for each in answers] == [200] * CALLS_AT_ONCE
    wait_until(lambda: not deployment.pid_file.exists(), "gunicorn does not end")


WAITING = "SELECT count(*) FROM onboarding_onboardingsession WHERE state = 'sending_code'"
ASKED = "SELECT count(*) FROM onboarding_onboardingsession WHERE state = 'starting' AND number LIKE '+14158%'"


def takes_ms(deployment: Deployment, path: str) -> float:
    begun = time.monotonic()
    assert requests.get(deployment.origin + path, timeout=TIMEOUT_S).status_code in (200, 404)
    return (time.monotonic() - begun) * 1000
