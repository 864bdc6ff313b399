"""Counts the statements and transactions of a flow, as PostgreSQL logs and counts them."""

import re
from pathlib import Path

import psycopg

from tests.bench import crowd
from tests.bench.servers import Server

LOGGED = re.compile(r"LOG:  duration: [\d.]+ ms  (?:execute|statement)")
COMMIT = re.compile(r"(?:execute [^:]*|statement): (?:COMMIT|ROLLBACK)")


def of_a_flow(connection: psycopg.Connection[tuple[object]], server: Server, flows: int) -> dict[str, float]:
    """Return how many statements one flow runs, and how many transactions of more than one statement it commits."""
    log = _log(connection)
    for setting in ("log_min_duration_statement = 0", "log_statement = 'none'"):
        connection.execute(f"ALTER SYSTEM SET {setting}")
    connection.execute("SELECT pg_reload_conf()")
    start = log.stat().st_size
    crowd.visit(server.origin, crowd.through_the_product, flows=flows, at_once=1)
    connection.execute("ALTER SYSTEM RESET ALL")
    connection.execute("SELECT pg_reload_conf()")
    with log.open() as written:
        written.seek(start)
        lines = written.readlines()
    run = sum(1 for line in lines if LOGGED.search(line))
    commits = sum(1 for line in lines if COMMIT.search(line))
    return {"statements": run / flows, "transactions": commits / flows}


def _log(connection: psycopg.Connection[tuple[object]]) -> Path:
    """Return the file that the server writes its log to."""
    row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    return Path(str(row[0])) / "log"
