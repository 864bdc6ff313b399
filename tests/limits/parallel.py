"""Calls a function in many threads of several processes at the same moment, on one database."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import django
from django.db import connection

from tests.processes import copy_migrated_database

PROCESSES, THREADS = 4, 8
CONNECT_TIMEOUT_S = 60  # for 32 connections at once, on a busy machine
START_DELAY_S = 0.05  # until all threads of all processes are ready


@contextmanager
def process_pool(folder: Path) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of processes on one database with the product's tables: the test's, or with SQLite a file."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        name = str(folder / "product.sqlite3")
        copy_migrated_database(folder)
    with ProcessPoolExecutor(PROCESSES, get_context("spawn"), initializer=initialize, initargs=(name,)) as pool:
        yield pool


def initialize(database: str) -> None:
    """Set up one process of the pool."""
    django.setup()
    connection.settings_dict["NAME"] = database
    options = connection.settings_dict["OPTIONS"]
    if "pool" in options:
        options["pool"] |= {"timeout": CONNECT_TIMEOUT_S, "reconnect_timeout": CONNECT_TIMEOUT_S, "max_size": THREADS}


def count_successes(pool: ProcessPoolExecutor, act: Callable[[str], int], subjects: list[str]) -> list[int]:
    """For each subject, call `act` in all threads of all processes at one moment; return how often it succeeded."""
    return [_count_for_one(pool, act, subject) for subject in subjects]


def _count_for_one(pool: ProcessPoolExecutor, act: Callable[[str], int], subject: str) -> int:
    start = time.monotonic() + START_DELAY_S  # CLOCK_MONOTONIC: all processes share it
    return sum(answer.result() for answer in [pool.submit(_by_threads, act, subject, start) for _ in range(PROCESSES)])


def _by_threads(act: Callable[[str], int], subject: str, start: float) -> int:
    def at_start(_: int) -> int:
        connection.ensure_connection()
        time.sleep(max(0.0, start - time.monotonic()))
        try:
            return act(subject)
        finally:
            connection.close()  # back to the pool

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(at_start, range(THREADS)))
