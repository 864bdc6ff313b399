"""A dump of the whole database after real journeys and reviews has no number, in any spelling."""

import random
from typing import Any

from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from onboarding.domain.phone import Number
from onboarding.models import OnboardingSession
from tests.deep.conftest import report, share
from tests.desk.test_admin import SESSIONS, ada, desk, detail
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor

__all__ = ["ada", "desk"]

NUMBERS = share(deep=1_000, quick=12)
SEED = 20


def spellings(number: str) -> set[str]:
    national = number[2:]
    area, exchange, line = national[:3], national[3:6], national[6:]
    return {
        *(number, number[1:], national, Number(number).display),
        *(f"({area}) {exchange}-{line}", f"{area}-{exchange}-{line}", f"{area}.{exchange}.{line}"),
    }


def dump() -> str:
    """Return every column of every row of every table, and what browsers' sessions hold."""
    texts = [str(session.get_decoded()) for session in Session.objects.all()]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            texts += [str(row) for row in cursor.fetchall()]
    return "\n".join(texts)


def sign_up(number: str) -> None:
    """Go as far as the sandbox lets this number: linked, held, declined or moved."""
    visitor = Visitor()
    if visitor.starts(number).path == "/moved/":
        visitor.rebinds()
    if visitor.page.path == "/code/" and any(message["code"] for message in visitor.messages(number)):
        visitor.types_code(visitor.code(number))
    if visitor.page.path == "/done/":
        visitor.submits("/remember/")
        visitor.opens("/done/")


def review(desk: Client, number: str) -> None:
    """Find the number and do what reviewers do with its session."""
    found = desk.post(f"{SESSIONS}find/", {"number": number}, follow=True)
    for session in found.context["cl"].result_list:
        page = desk.get(detail(session))
        assert page.status_code == 200
        for act in ("reveal", "note", "ids", "approve", "decline"):
            desk.post(detail(session).replace("/change/", f"/{act}/"), {"reason": "a ticket"})


def test_no_number_is_in_a_dump_after_journeys_and_reviews(
    db: None, sandbox: Sandbox, desk: Client, settings: Any
) -> None:
    settings.LIMITS_WATCH_ONLY = settings.NEW_DEVICE_NOTICE = True
    chosen = random.Random(SEED).sample(range(2_000_000, 10_000_000), NUMBERS)
    numbers = [f"+1201{line}" for line in chosen]
    for number in numbers:
        sign_up(number)
        review(desk, number)
    assert OnboardingSession.objects.count() >= len(numbers)
    text = dump()
    assert [each for number in numbers for each in spellings(number) if each in text] == []
    report(f"dump: {NUMBERS} numbers, {len(text):,} characters, 7 spellings: 0 found")


def test_the_search_finds_a_number_that_is_stored_plain(db: None, sandbox: Sandbox, settings: Any) -> None:
    settings.DATA_KEYS = []
    Visitor().starts("+12015550123")
    assert "+12015550123" in dump()
