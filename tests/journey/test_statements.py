"""How many SQL statements each step of an onboarding takes on PostgreSQL, BEGIN and COMMIT included."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.device import through
from tests.journey.visitor import Visitor

NUMBER, E164 = "201 555 0123", "+12015550123"
MOST_IN_ALL, MOST_TRANSACTIONS = 45, 10
FIRST_TIME = {"page": 0, "start": 7, "device": 11, "code page": 2, "code": 22, "done": 3}
RECOGNISED = {"page": 0, "start": 8, "device": 12, "done": 3}

pytestmark = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="on SQLite, a transition is two statements")


class Onboarding:
    """The steps of an onboarding, and the statements of each."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.statements: dict[str, list[str]] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        with CaptureQueriesContext(connection) as captured:
            yield
        self.statements[name] = [str(query["sql"]) for query in captured.captured_queries]

    def runs(self) -> None:
        visitor = self.visitor
        with self.step("page"):
            visitor.opens()
        with self.step("start"):
            answer = visitor.fetches("/start/", phone=NUMBER).json()
        visitor.device.authenticate(answer["auth_token"], through(visitor.client))
        with self.step("device"):
            path = visitor.fetches("/device/").json()["next"]
        if path == "/code/":
            path = self.types_the_code()
        with self.step("done"):
            visitor.opens(path)

    def types_the_code(self) -> str:
        with self.step("code page"):
            self.visitor.opens("/code/")
        code = self.visitor.code(E164)
        with self.step("code"):
            return str(self.visitor.fetches("/code/", code=code).json()["next"])

    def counts(self) -> dict[str, int]:
        return {name: len(statements) for name, statements in self.statements.items()}


@pytest.mark.django_db(transaction=True)
def test_each_step_takes_as_many_statements_as_are_stated_here() -> None:
    onboarding = Onboarding(Visitor())
    onboarding.runs()
    assert onboarding.visitor.page.path == "/done/"
    assert onboarding.counts() == FIRST_TIME
    every = [statement for statements in onboarding.statements.values() for statement in statements]
    assert len(every) <= MOST_IN_ALL
    assert every.count("BEGIN") <= MOST_TRANSACTIONS
    assert not [statement for statement in every if "SAVEPOINT" in statement]


@pytest.mark.django_db(transaction=True)
def test_a_recognised_device_takes_fewer() -> None:
    visitor = Visitor()
    visitor.links(NUMBER, E164)
    visitor.client.cookies.pop("sessionid")
    onboarding = Onboarding(visitor)
    onboarding.runs()
    assert onboarding.visitor.page.path == "/done/"
    assert onboarding.counts() == RECOGNISED
