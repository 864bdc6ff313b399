"""Many at once: threads in processes of their own, on the test's database or on a file."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import django
from django.db import connection

from tests.processes import manage, product_environment

PROCESSES, THREADS = 4, 8
PATIENCE_S = 60  # for 32 connections at once, on a busy machine
RUN_UP_S = 0.05  # for all processes to take their part


@contextmanager
def contenders(folder: Path) -> Iterator[ProcessPoolExecutor]:
    """A pool of processes that all see one database with the product's tables: the test's, or a file in `folder`."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        name = str(folder / "product.sqlite3")
        manage("migrate", environment=product_environment(folder, DEBUG="1"))
    with ProcessPoolExecutor(PROCESSES, get_context("spawn"), initializer=begin, initargs=(name,)) as pool:
        yield pool


def begin(database: str) -> None:
    """In a process of its own."""
    django.setup()
    connection.settings_dict["NAME"] = database
    options = connection.settings_dict["OPTIONS"]
    if "pool" in options:
        options["pool"] |= {"timeout": PATIENCE_S, "reconnect_timeout": PATIENCE_S, "max_size": THREADS}


def at_once(pool: ProcessPoolExecutor, act: Callable[[str], bool], subjects: list[str]) -> list[int]:
    """For each subject: how often `act` said yes, of one try by each thread of each process, all at one moment."""
    return [_one_round(pool, act, subject) for subject in subjects]


def _one_round(pool: ProcessPoolExecutor, act: Callable[[str], bool], subject: str) -> int:
    start = time.monotonic() + RUN_UP_S  # CLOCK_MONOTONIC: all processes share it
    return sum(answer.result() for answer in [pool.submit(_by_threads, act, subject, start) for _ in range(PROCESSES)])


def _by_threads(act: Callable[[str], bool], subject: str, start: float) -> int:
    def in_time(_: int) -> bool:
        connection.ensure_connection()
        time.sleep(max(0.0, start - time.monotonic()))
        try:
            return act(subject)
        finally:
            connection.close()  # back to the pool

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(in_time, range(THREADS)))
