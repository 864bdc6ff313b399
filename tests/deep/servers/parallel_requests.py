"""Sends requests at the same moment: four processes with eight threads each, on one database and one sandbox."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import django
from django.conf import settings
from django.db import connection, connections
from django.test import Client

from onboarding.upstream import breaker

PROCESSES, THREADS = 4, 8
START_DELAY_S = 0.1  # until all threads of all processes are ready
CONNECT_TIMEOUT_S = 60  # for a database connection: there are fewer than threads


@dataclass(frozen=True)
class ParallelRequest:
    """A POST with the cookies of one browser; `at` is on the clock that all processes share (CLOCK_MONOTONIC).

    With `body` it is a call of the API in place of a form.
    """

    path: str
    fields: Mapping[str, str]
    cookies: Mapping[str, str]
    script: bool
    address: str
    at: float
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ParallelResponse:
    """The response that one thread got."""

    status: int
    body: str
    cookies: Mapping[str, str]


class ParallelClients:
    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self.pool = pool

    def all_at_once(
        self, client: Client, path: str, fields: Mapping[str, str], *, script: bool = False
    ) -> list[ParallelResponse]:
        """Send one request of one browser in every thread of every process; return the responses."""
        return self.each_at_once(client, path, [fields] * (PROCESSES * THREADS), script=script)

    def each_at_once(
        self, client: Client, path: str, forms: Sequence[Mapping[str, str]], *, script: bool = False
    ) -> list[ParallelResponse]:
        """Send one request of one browser for each form; return the responses."""
        cookies = {name: morsel.value for name, morsel in client.cookies.items()}
        token = {"csrfmiddlewaretoken": cookies["csrftoken"]}
        address, at = str(client.defaults["REMOTE_ADDR"]), time.monotonic() + START_DELAY_S
        return self._send([ParallelRequest(path, {**token, **form}, cookies, script, address, at) for form in forms])

    def calls_at_once(self, path: str, body: str, headers: Mapping[str, str], address: str) -> list[ParallelResponse]:
        """Send one call of the API in every thread of every process; return the responses."""
        at = time.monotonic() + START_DELAY_S
        call = ParallelRequest(path, {}, {}, script=True, address=address, at=at, body=body, headers=headers)
        return self._send([call] * (PROCESSES * THREADS))

    def _send(self, requests: Sequence[ParallelRequest]) -> list[ParallelResponse]:
        return [
            response
            for responses in self.pool.map(send_all, [requests[n::PROCESSES] for n in range(PROCESSES)])
            for response in responses
        ]


@contextmanager
def parallel_clients(store: Path) -> Iterator[ParallelClients]:
    name = str(connection.settings_dict["NAME"])
    with ProcessPoolExecutor(PROCESSES, get_context("spawn"), initialize, (name, store)) as pool:
        yield ParallelClients(pool)


def initialize(database: str, store: Path) -> None:
    """Set up one process of the pool with the test's database and sandbox."""
    django.setup()
    settings.DEBUG = False  # as pytest-django sets it in the test's process: errors get the product's pages
    settings.SANDBOX_STORE = store
    breaker.FAILED_NUMBERS = 1_000_000  # a fault is ordered in each round, and another process may see what succeeds
    connection.settings_dict["NAME"] = database
    connection.settings_dict["OPTIONS"]["pool"] |= {
        "timeout": CONNECT_TIMEOUT_S,
        "reconnect_timeout": CONNECT_TIMEOUT_S,
    }


def send_all(requests: Sequence[ParallelRequest]) -> list[ParallelResponse]:
    """Send each request in a thread of its own."""
    with ThreadPoolExecutor(len(requests)) as threads:
        return list(threads.map(_send, requests))


def _send(request: ParallelRequest) -> ParallelResponse:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False, REMOTE_ADDR=request.address)
    for name, value in request.cookies.items():
        client.cookies[name] = value
    headers = {"Accept": "application/json"} if request.script else {}
    time.sleep(max(0.0, request.at - time.monotonic()))
    try:
        if request.body:
            answer = client.post(
                request.path, request.body, content_type="application/json", headers=dict(request.headers)
            )
        else:
            answer = client.post(request.path, request.fields, headers=headers)
    finally:
        connections.close_all()
    cookies = {name: morsel.value for name, morsel in answer.cookies.items()}
    return ParallelResponse(answer.status_code, answer.content.decode(), cookies)
