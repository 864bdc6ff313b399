"""A vendor that hangs takes nobody else down, and a deploy in the middle of it drops nobody."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from django.conf import settings
from django.db import connection

from tests.deep.any_order import ledger
from tests.deep.conftest import DEEP, tell, until
from tests.deep.fleet.crowd import Person
from tests.deep.fleet.fleet import PATIENCE_S, Fleet, fleet

PEOPLE = 72
BULKHEAD = settings.UPSTREAM_CALLS_AT_ONCE  # in a worker
PAGES = ("/", "/healthz", "/readyz", "/admin/login/", "/nowhere")

pytestmark = [
    pytest.mark.skipif(not DEEP, reason="needs the machine for itself: make test-deep"),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="runs on a PostgreSQL of its own: once is enough"),
    pytest.mark.xdist_group("outages"),
]


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Fleet]:
    with fleet(tmp_path) as ours:
        yield ours


def numbers(first: int, count: int) -> list[str]:
    return [f"+1415{first + n * 13}" for n in range(count)]


def test_while_prove_hangs_pages_reviewers_and_health_do_not_wait_for_it(ours: Fleet) -> None:
    crowd = [Person(ours, number) for number in numbers(2_000_000, PEOPLE)]
    for person in crowd:
        person.opens("/")
    ours.has_a_bad_day(ledger.UNIFY, "hang")
    with ThreadPoolExecutor(PEOPLE) as threads:
        people = [threads.submit(person.starts) for person in crowd]
        until(lambda: any(each.done() for each in people), "nobody was turned away")
        waits_ms = [takes_ms(ours, path) for path in PAGES * 10]
        hanging = [each for each in people if not each.done()]
        assert len(hanging) > BULKHEAD, f"the pages waited for Prove: {waits_ms}"
        turned_away = [each.result() for each in people if each not in hanging]
    assert {(each.status_code, "Retry-After" in each.headers) for each in turned_away} == {(503, True)}
    ours.is_well()
    tell(
        f"outage: {len(hanging)} wait for a Prove that hangs, {len(turned_away)} are told when to come back at once, "
        f"pages, log-in and health in at most {max(waits_ms):.0f} ms"
    )


def test_while_twilio_hangs_a_person_who_is_known_is_recognised(ours: Fleet) -> None:
    person = Person(ours, "+14157000001")
    assert person.onboards()
    person.browser.cookies.clear()
    ours.has_a_bad_day(ledger.SEND, "hang")
    with ThreadPoolExecutor(1) as thread:
        stranger = thread.submit(Person(ours, "+14157000002").onboards)
        until(lambda: ours.database.rows(WAITING) == [(1,)], "nobody waits for Twilio")
        assert person.onboards()
        assert ours.database.rows(WAITING) == [(1,)] and not stranger.done()
        ours.is_well()


def test_a_deploy_lets_everybody_who_is_under_way_finish(ours: Fleet) -> None:
    ours.has_a_bad_day(ledger.UNIFY, "latency", seconds=3)
    with ThreadPoolExecutor(BULKHEAD) as threads:
        people = [threads.submit(Person(ours, number).starts) for number in numbers(8_000_000, BULKHEAD)]
        until(lambda: ours.database.rows(ASKED) == [(BULKHEAD,)], "nobody has started")
        os.kill(ours.master, signal.SIGTERM)
        assert [each.result().status_code for each in people] == [200] * BULKHEAD
    until(lambda: not ours.pid_file.exists(), "gunicorn does not end")


WAITING = "SELECT count(*) FROM onboarding_onboardingsession WHERE state = 'sending_code'"
ASKED = "SELECT count(*) FROM onboarding_onboardingsession WHERE state = 'starting' AND number LIKE '+14158%'"


def takes_ms(ours: Fleet, path: str) -> float:
    begun = time.monotonic()
    assert requests.get(ours.origin + path, timeout=PATIENCE_S).status_code in (200, 404)
    return (time.monotonic() - begun) * 1000
