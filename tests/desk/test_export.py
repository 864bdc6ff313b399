"""A list as CSV: its filters, masked numbers, no formulas, bounded, and in the event log."""

import csv
import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from onboarding.desk.access.proof import PROVED_KEY
from onboarding.desk.access.roles import Role
from onboarding.desk.dashboard import export
from onboarding.domain.states import State
from onboarding.models import Event, OnboardingSession
from tests.desk.test_admin import BINDINGS, MALFORMED, SESSIONS, a_binding, a_session
from tests.desk.test_lists import sessions
from tests.desk.test_reviews import WHY, ada, desk
from tests.desk.test_roles import invited

__all__ = ["ada", "desk"]
pytestmark = pytest.mark.django_db
EXPORT = f"{SESSIONS}export/"


def downloaded(desk: Client, url: str = EXPORT, **form: str) -> list[dict[str, str]]:
    answer = desk.post(url, form)
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    text = b"".join(answer).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def recorded(name: str) -> list[dict[str, Any]]:
    return [event.facts for event in Event.objects.filter(name=name)]


def test_a_list_is_downloaded_with_its_filters_and_masked_numbers(desk: Client, ada: User) -> None:
    wanted, _other = a_session(state=State.IN_REVIEW), a_session(state=State.BOUND, approved_at="2026-01-01T00:00Z")
    (row,) = downloaded(desk, f"{EXPORT}?state=in_review")
    assert (
        row["Number"] == "•••• 0101" and row["State"] == "Held for a reviewer" and row["Reference"] == wanted.reference
    )
    assert recorded("list:exported") == [
        {"list": "onboardingsession", "filters": {"state": "in_review"}, "whole": False}
    ]
    assert recorded("list:sent") == [{"list": "onboardingsession", "rows": 1}]
    assert {event.actor for event in Event.objects.all()} == {ada}


def test_bindings_are_downloaded_too(desk: Client) -> None:
    a_binding()
    ((number, *_more),) = [list(row.values()) for row in downloaded(desk, f"{BINDINGS}export/")]
    assert number == "•••• 0101"


def test_what_a_row_does_not_have_is_an_empty_cell(desk: Client) -> None:
    a_binding()
    [row] = downloaded(desk, EXPORT.replace("onboardingsession", "binding"))
    assert row["Revoked"] == "" and row["Linked"].endswith(" UTC")


def test_whole_numbers_are_for_who_may_see_them_and_asks() -> None:
    a_session()
    auditor, viewer = invited(Role.AUDITOR), invited(Role.VIEWER, "grace")
    assert downloaded(auditor)[0]["Number"] == "•••• 0101"
    for reason in ("", "call +1 202 555 0101"):
        asked = auditor.post(EXPORT, {"numbers": "whole", "reason": reason})
        assert "errorlist" in asked.content.decode() and "id_code" not in asked.content.decode()
    assert downloaded(auditor, numbers="whole", reason=WHY)[0]["Number"] == "'+12025550101"
    assert downloaded(viewer)[0]["Number"] == "•••• 0101"
    assert viewer.post(EXPORT, {"numbers": "whole"}).status_code == 403
    assert [facts["whole"] for facts in recorded("list:exported")] == [False, True, False]
    assert [facts.get("reason") for facts in recorded("list:exported")] == [None, WHY, None]
    assert "With whole numbers" in auditor.get(SESSIONS).content.decode()
    assert "With whole numbers" not in viewer.get(SESSIONS).content.decode()


@pytest.mark.parametrize("begins", list("=+-@\t\r\n＝＋－＠"))
def test_no_cell_begins_as_a_formula_does(desk: Client, begins: str) -> None:
    a_session(state=State.IN_REVIEW, failure_reasons={f"{begins}HYPERLINK(1)": ""})
    (row,) = downloaded(desk)
    assert f"'{begins}HYPERLINK(1)" in row.values()
    assert export.safe(None) == "" and export.safe("a=b") == "a=b"


def test_a_long_list_is_whole_up_to_its_bound(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row.reference for row in reversed(sessions(120))]
    assert [row["Reference"] for row in downloaded(desk)] == rows
    monkeypatch.setattr(export, "MOST_ROWS", 60)
    assert [row["Reference"] for row in downloaded(desk)] == rows[:60]
    assert [facts["rows"] for facts in recorded("list:sent")] == [120, 60]


def test_the_first_line_waits_for_no_other(desk: Client) -> None:
    sessions(3)
    answer = desk.post(EXPORT, headers={"Accept-Encoding": "gzip"})
    assert "Number" in next(iter(answer)).decode("utf-8-sig") and answer["X-Accel-Buffering"] == "no"
    answer.close()


def test_a_client_that_goes_away_has_its_rows_in_the_log(desk: Client) -> None:
    sessions(5)
    answer: Any = desk.post(EXPORT)
    lines = iter(answer.streaming_content)
    next(lines), next(lines)
    answer.close()
    assert recorded("list:sent") == [{"list": "onboardingsession", "rows": 1}]


def test_whole_numbers_need_a_code_again_after_a_while(desk: Client) -> None:
    a_session()
    session = desk.session
    session.pop(PROVED_KEY, None)
    session.save()
    asked = desk.post(EXPORT, {"numbers": "whole"})
    assert "id_code" in asked.content.decode() and not Event.objects.filter(name="list:exported").exists()
    refused = desk.post(EXPORT, {"numbers": "whole", "reason": WHY, "code": "12"})
    assert "The code is wrong" in refused.content.decode()
    assert downloaded(desk)[0]["Number"] == "•••• 0101"


def test_nothing_is_downloaded_by_get_or_without_access(desk: Client) -> None:
    assert desk.get(EXPORT).status_code == 405
    assert Client().post(EXPORT).status_code == 302
    desk.logout()
    assert desk.post(EXPORT).status_code == 302 and not Event.objects.filter(name__startswith="list:").exists()


def test_no_number_that_was_typed_into_a_filter_is_in_the_log(desk: Client) -> None:
    downloaded(desk, f"{EXPORT}?reason=%2B12025550101")
    assert recorded("list:exported")[0]["filters"] == {"reason": "?"}


@pytest.mark.parametrize("name", ["state", "reason", "same_number_as", "begun", "p", "number"])
def test_malformed_filters_are_no_server_error(desk: Client, name: str, settings: Any) -> None:
    settings.LIMITS_WATCH_ONLY = True
    a_session()
    for value in MALFORMED:
        answer = desk.post(f"{EXPORT}?{name}={value}")
        assert answer.status_code in (200, 302, 400), value
    assert OnboardingSession.objects.count() == 1
