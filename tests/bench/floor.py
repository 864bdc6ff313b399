"""The floor of an onboarding: its five calls and its rows, by bare `requests` and a bare driver.

`python -m tests.bench.floor DATABASE_URL VENDORS FLOWS AT_ONCE` prints the CPU milliseconds of a flow. The rows are
copies of those that the product wrote for its latest flow, in tables of the same columns and indexes.
"""

import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psycopg
import requests
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier, Placeholder
from psycopg.types.json import Jsonb

from tests.bench.servers import VENDORS
from tests.bench.stub import CODE

SESSION, EVENT, CELL, USER = "onboarding_onboardingsession", "onboarding_event", "onboarding_cell", "auth_user"
KEY, BINDING, LEASE, BROWSER = "onboarding_provekey", "onboarding_binding", "onboarding_lease", "django_session"
TABLES = (SESSION, EVENT, CELL, USER, KEY, BINDING, LEASE, BROWSER)
UNIQUE = ("id", "key", "session_key", "device_id", "username", "number", "correlation_id")  # and each UUID
CELLS = (4, 18, 14)  # that a start, a send and a check charge or give back
LEASE_ROW = {"key": "", "journey": uuid.uuid4(), "ends_at": "now", "verification_sid": "VE", "guesses": 0}  # used up
MOVE = "UPDATE floor.onboarding_onboardingsession SET version = version + 1, moved_at = now() WHERE id = %s"
CHARGE = """
    INSERT INTO floor.onboarding_cell (key, tat) SELECT key, 1 FROM unnest(%s::text[]) AS charge (key)
    ON CONFLICT (key) DO UPDATE SET tat = onboarding_cell.tat + 1"""
SERVICE = f"/v2/Services/{VENDORS['TWILIO_VERIFY_SERVICE_SID']}"
TWILIO = (VENDORS["TWILIO_ACCOUNT_SID"], VENDORS["TWILIO_AUTH_TOKEN"])
Row = dict[str, Any]


@dataclass(frozen=True)
class Worker:
    """A thread's own connections."""

    database: psycopg.Connection[Row]
    http: requests.Session
    vendors: str
    rows: dict[str, Row]

    def flow(self, n: int) -> None:
        """Make one person's calls and write one person's rows."""
        number, mine = f"+1201{n:07}", str(uuid.uuid4())
        self.charge(CELLS[0])
        session = self.insert(EVENT, SESSION)
        flow = self.prove("unify", phoneNumber=number, clientRequestId=mine)["correlationId"]
        self.moves(session, times=2)
        self.prove("unify-status", correlationId=flow, clientRequestId=mine)
        self.insert(LEASE)
        self.charge(CELLS[1])
        self.moves(session, times=2)
        sid = self.twilio("Verifications", To=number, Channel="sms")["sid"]
        self.moves(session, times=3)
        self.twilio("VerificationCheck", VerificationSid=sid, Code=CODE)
        self.moves(session, times=2)
        self.prove("unify-bind", correlationId=flow, phoneNumber=number, clientRequestId=mine)
        self.insert(USER, KEY, BINDING, BROWSER, EVENT, EVENT)
        self.moves(session, times=1)
        self.charge(CELLS[2])

    def prove(self, call: str, **content: str) -> Row:
        return self._called(self.http.post(f"{self.vendors}/v3/{call}", json=content, timeout=30))

    def twilio(self, call: str, **form: str) -> Row:
        url = f"{self.vendors}{SERVICE}/{call}"
        return self._called(self.http.post(url, data=form, auth=TWILIO, timeout=30))

    @staticmethod
    def _called(answer: requests.Response) -> Row:
        answer.raise_for_status()
        content: Row = answer.json()
        return content

    def insert(self, *tables: str) -> Any:
        """Copy the product's row of each table, with values of its own where they are unique. Return the latest id."""
        for table in tables:
            row = {name: self._fresh(name, value) for name, value in self.rows[table].items()}
            columns, values = SQL(", ").join(map(Identifier, row)), SQL(", ").join(map(Placeholder, row))
            statement = SQL("INSERT INTO floor.{} ({}) VALUES ({})").format(Identifier(table), columns, values)
            self.database.execute(statement, row)
        return row.get("id")

    @staticmethod
    def _fresh(name: str, value: Any) -> Any:
        made = uuid.uuid4()
        if isinstance(value, uuid.UUID):
            return made
        if name not in UNIQUE or value is None:
            return Jsonb(value) if isinstance(value, dict) else value
        return made.int >> 97 if isinstance(value, int) else made.hex[:15]

    def moves(self, session: Any, *, times: int) -> None:
        """Change the session and write an event, so many times."""
        for _ in range(times):
            self.database.execute(MOVE, (session,))
            self.insert(EVENT)

    def charge(self, cells: int) -> None:
        """Charge so many budgets in one statement."""
        self.database.execute(CHARGE, (sorted(uuid.uuid4().hex for _ in range(cells)),))


def prepare(database: psycopg.Connection[Row]) -> dict[str, Row]:
    """Make the tables; return a row of the product's for each."""
    database.execute("DROP SCHEMA IF EXISTS floor CASCADE")
    database.execute("CREATE SCHEMA floor")
    rows = {}
    for table in TABLES:
        name = Identifier(table)
        database.execute(SQL("CREATE TABLE floor.{} (LIKE public.{} INCLUDING INDEXES)").format(name, name))
        row = database.execute(SQL("SELECT * FROM public.{} LIMIT 1").format(name)).fetchone()
        rows[table] = row or LEASE_ROW
    return rows


def main() -> None:
    url, vendors, flows, at_once = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as database:
        rows = prepare(database)
    local = threading.local()

    def one(n: int) -> None:
        if not hasattr(local, "worker"):
            connection = psycopg.connect(url, autocommit=True, row_factory=dict_row)
            local.worker = Worker(connection, requests.Session(), vendors, rows)
        local.worker.flow(n)

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(one, range(1, at_once * 2)))  # connections are open, statements prepared
        before = time.process_time()
        list(pool.map(one, range(1000, 1000 + flows)))
        sys.stdout.write(f"{(time.process_time() - before) * 1000 / flows:.2f}\n")


if __name__ == "__main__":
    main()
