"""The desk's lists at size: pages by key, a constant number of queries, and an index for every filter."""

import json
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from onboarding.desk import keyset
from onboarding.desk.admin import SessionAdmin
from onboarding.desk.filters import SameFilter
from onboarding.domain.states import State
from onboarding.models import Binding, OnboardingSession
from tests.desk.test_admin import BINDINGS, MALFORMED, SESSIONS, a_binding, a_session
from tests.desk.test_reviews import ada, desk

__all__ = ["ada", "desk"]
PAGE = 50
PAGES = re.compile(r'<a href="\?([^"]*)">(First page|Next page|Search on)</a>')
FILTERS = (
    *("", "state=bound", "state=in_review", "review=waiting", "review=approved", "review=declined", "reason=9136"),
    *("reason=9101", "reason=9999", "notice=code_wrong", "rebind=True", "rebind=False", "age=hour", "age=older"),
    *("state=bound&reason=9101", "state=in_review&rebind=True&notice=code_wrong&reason=9135", "age=week&state=bound"),
    *("country=US", "begun=2026-11-01", "begun=2026-11-01~2026-11-30", "block=0a1b", "failed=code", "step=code-last"),
    *("country=US&failed=bind", "state=bound&begun=2026-11-01"),
)
SAME = [each.parameter_name for each in SessionAdmin.list_filter if issubclass(each, SameFilter)]
OF_SESSIONS = (*FILTERS, *(f"{name}={{pk}}" for name in SAME))
OF_BINDINGS = ("", "failed=revoke", "failed=notice", "same_number_as={pk}", "confirmed=False", "confirmed=True")
QUERIES = [*((SESSIONS, query) for query in OF_SESSIONS), *((BINDINGS, query) for query in OF_BINDINGS)]


def sessions(count: int, **columns: Any) -> list[OnboardingSession]:
    """Sessions that began one second after the other, the oldest first."""
    now = timezone.now() - timedelta(hours=2)
    rows = [
        OnboardingSession(
            start_key=uuid.uuid4(),
            expires_at=now,
            created_at=now + timedelta(seconds=n),
            **{"number": "+12025550101", "state": State.IN_REVIEW, **columns},
        )
        for n in range(count)
    ]
    return OnboardingSession.objects.bulk_create(rows)


def links(desk: Client, url: str) -> dict[str, str]:
    page = desk.get(url).content.decode()
    return {name: "?" + query.replace("&amp;", "&") for query, name in PAGES.findall(page)}


def listed(desk: Client, url: str) -> list[object]:
    return [row.pk for row in desk.get(url).context["cl"].result_list]


def queries_of(desk: Client, url: str) -> list[str]:
    desk.get(url)  # notes that the log-in is in use
    with CaptureQueriesContext(connection) as queries:
        assert desk.get(url).status_code == 200
    return [query["sql"] for query in queries]


def test_the_pages_of_a_list_have_each_row_once_newest_first(desk: Client) -> None:
    rows = [row.pk for row in reversed(sessions(2 * PAGE + 20))]
    url, seen = SESSIONS, []
    while url:
        seen += listed(desk, url)
        url = SESSIONS + older if (older := links(desk, url).get("Next page")) else ""
    assert seen == rows


def test_rows_that_began_at_the_same_time_are_on_one_page_each(desk: Client) -> None:
    began = timezone.now()
    rows = sessions(PAGE + 5)
    OnboardingSession.objects.update(created_at=began)
    first = listed(desk, SESSIONS)
    rest = listed(desk, SESSIONS + links(desk, SESSIONS)["Next page"])
    assert len(rest) == 5 and sorted(map(str, first + rest)) == sorted(str(row.pk) for row in rows)


def test_bindings_page_by_key_too(desk: Client) -> None:
    made = [a_binding(number=f"+1202555{n:04}").pk for n in range(PAGE + 3)][::-1]
    assert listed(desk, BINDINGS) == made[:PAGE]
    assert listed(desk, BINDINGS + links(desk, BINDINGS)["Next page"]) == made[PAGE:]


def test_the_next_page_keeps_the_filters_and_a_filter_starts_at_the_first_page(desk: Client) -> None:
    sessions(PAGE + 1)
    older = links(desk, f"{SESSIONS}?state=in_review")["Next page"]
    assert "state=in_review" in older
    assert links(desk, SESSIONS + older) == {"First page": "?state=in_review"}
    assert 'href="?state=bound"' in desk.get(SESSIONS + older).content.decode()


def test_filters_together_say_how_far_they_looked_and_search_on(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyset, "SCANNED", 10)
    wanted = sessions(25)[0]
    OnboardingSession.objects.update(notice="code_wrong")
    OnboardingSession.objects.filter(pk=wanted.pk).update(failure_reasons={"9136": "port"})
    url, pages = f"{SESSIONS}?reason=9136&notice=code_wrong", 0
    while not listed(desk, url):
        url, pages = SESSIONS + links(desk, url)["Search on"], pages + 1
    assert listed(desk, url) == [wanted.pk]
    assert pages == 2 and links(desk, url).keys() == {"First page"}


@pytest.mark.parametrize("value", [*MALFORMED, "~", "2026-11-29~1", "2026-11-29T10:00:00~1", "x~x", "~~~"])
@pytest.mark.parametrize("path", [SESSIONS, BINDINGS])
def test_a_malformed_page_is_the_first_one_or_an_error_of_the_caller(desk: Client, path: str, value: str) -> None:
    assert desk.get(path, {"p": value}, follow=True).status_code in (200, 400)


@pytest.mark.parametrize("query", FILTERS)
def test_a_list_needs_the_same_few_queries_however_long_it_is_and_counts_nothing(desk: Client, query: str) -> None:
    few = queries_of(desk, f"{SESSIONS}?{query}")
    sessions(3 * PAGE, failure_reasons={"9136": "port", "9101": "key"}, notice="code_wrong")
    many = queries_of(desk, f"{SESSIONS}?{query}")
    assert len(many) <= len(few) + 1 <= 10  # one more: the last row that several filters chose among
    assert not any("COUNT(*) FROM (SELECT" in sql for sql in many)


@pytest.mark.parametrize(("path", "query"), QUERIES)
def test_postgresql_has_an_index_for_every_filter(desk: Client, path: str, query: str) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("plans are PostgreSQL's")
    row = a_binding() if path == BINDINGS else a_session(binding=a_binding(), address_hash="home")
    answer = desk.get(f"{path}?{query.format(pk=row.pk)}")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        sql, parameters = answer.context["cl"].queryset[:PAGE].query.sql_with_params()
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
        plan = json.dumps(cursor.fetchone()[0])
    assert "Seq Scan" not in plan, plan


def test_the_rows_of_a_revoked_binding_are_found_by_their_filter(desk: Client) -> None:
    _kept, revoked = a_binding(), a_binding(confirmed=False, revoked_at=timezone.now(), number="+12025550102")
    assert listed(desk, f"{BINDINGS}?confirmed=False") == [revoked.pk]
    assert Binding.objects.count() == 2
