"""Four processes with eight threads each, on one database and one sandbox, that send one request at the same moment."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import django
from django.conf import settings
from django.db import connection, connections
from django.test import Client

PROCESSES, THREADS = 4, 8
RUN_UP_S = 0.1  # for all processes to take their part
PATIENCE_S = 60  # for a connection, where more threads want one than there are


@dataclass(frozen=True)
class Shot:
    """A POST with the cookies of one browser; `at` is on the clock that all processes share (CLOCK_MONOTONIC)."""

    path: str
    fields: Mapping[str, str]
    cookies: Mapping[str, str]
    script: bool
    address: str
    at: float


@dataclass(frozen=True)
class Hit:
    """What one thread got."""

    status: int
    body: str
    cookies: Mapping[str, str]


class Racers:
    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self.pool = pool

    def all_at_once(self, client: Client, path: str, fields: Mapping[str, str], *, script: bool = False) -> list[Hit]:
        """The answers to one request of one browser, sent by every thread of every process."""
        return self.each_at_once(client, path, [fields] * (PROCESSES * THREADS), script=script)

    def each_at_once(
        self, client: Client, path: str, forms: Sequence[Mapping[str, str]], *, script: bool = False
    ) -> list[Hit]:
        """The answers to as many different ones, of one browser, as there are forms."""
        cookies = {name: morsel.value for name, morsel in client.cookies.items()}
        token = {"csrfmiddlewaretoken": cookies["csrftoken"]}
        address, at = str(client.defaults["REMOTE_ADDR"]), time.monotonic() + RUN_UP_S
        shots = [Shot(path, {**token, **form}, cookies, script, address, at) for form in forms]
        return [hit for hits in self.pool.map(fire, [shots[n::PROCESSES] for n in range(PROCESSES)]) for hit in hits]


@contextmanager
def racing(store: Path) -> Iterator[Racers]:
    name = str(connection.settings_dict["NAME"])
    with ProcessPoolExecutor(PROCESSES, get_context("spawn"), prepare, (name, store)) as pool:
        yield Racers(pool)


def prepare(database: str, store: Path) -> None:
    """In a process of its own: this test's database and sandbox."""
    django.setup()
    settings.DEBUG = False  # as pytest-django has it in the test's own process: errors get the product's pages
    settings.SANDBOX_STORE = store
    connection.settings_dict["NAME"] = database
    connection.settings_dict["OPTIONS"]["pool"] |= {"timeout": PATIENCE_S, "reconnect_timeout": PATIENCE_S}


def fire(shots: Sequence[Shot]) -> list[Hit]:
    """A thread each."""
    with ThreadPoolExecutor(len(shots)) as threads:
        return list(threads.map(_one, shots))


def _one(shot: Shot) -> Hit:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False, REMOTE_ADDR=shot.address)
    for name, value in shot.cookies.items():
        client.cookies[name] = value
    headers = {"Accept": "application/json"} if shot.script else {}
    time.sleep(max(0.0, shot.at - time.monotonic()))
    try:
        answer = client.post(shot.path, shot.fields, headers=headers)
    finally:
        connections.close_all()
    cookies = {name: morsel.value for name, morsel in answer.cookies.items()}
    return Hit(answer.status_code, answer.content.decode(), cookies)
