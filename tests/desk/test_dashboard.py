"""The dashboard: its figures are those of the event log, each links to its list, and no page counts the log."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from onboarding.domain.states import FINAL, State
from onboarding.figures import report, rollup
from onboarding.figures.rollup import roll_up
from onboarding.figures.tally import Measure, Tally, tally
from onboarding.models import Event, Figure, OnboardingSession, RollUp, of_number
from onboarding.operations.recovery import recover
from tests.desk.test_admin import MALFORMED, SESSIONS, a_binding, a_session, rows
from tests.desk.test_lists import queries_of
from tests.desk.test_reviews import WHY, ada, desk, url_of
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Visitor

__all__ = ["ada", "desk"]
pytestmark = pytest.mark.django_db
FINAL_STATES = sorted(FINAL)
FIGURES = f"{SESSIONS}figures/"
HELD, PUBLIC = "+12025550137", "+12025550132"


def an_ended(state: State = State.BOUND, *, seconds: int = 40, **columns: Any) -> OnboardingSession:
    """A session with the event of its end."""
    begun = columns.pop("created_at", timezone.now() - timedelta(minutes=50))
    if state in (State.BOUND, State.BIND_UNKNOWN):
        columns = {"approved_at": begun, "code_sent_at": begun, "status_calls": 1, "sends": 1, **columns}
    session = a_session(state=state, created_at=begun, **columns)
    Event.objects.create(name="x", session=session, to_state=state, version=9, at=begun + timedelta(seconds=seconds))
    return session


def an_ended_just_now() -> OnboardingSession:
    return an_ended(State.DECLINED, created_at=timezone.now(), seconds=0)


def an_event(name: str, session: OnboardingSession | None = None, **columns: Any) -> Event:
    return Event.objects.create(name=name, session=session, at=timezone.now() - timedelta(minutes=50), **columns)


def kept() -> Tally:
    """The figures that are kept, but for those of blocks, which are forgotten."""
    counts = Tally()
    for row in Figure.objects.exclude(measure=Measure.BLOCK):
        counts.add(Measure(row.measure), row.day, row.label, row.count, row.good)
    return counts


def of_the_log() -> Tally:
    """What the whole event log comes to, but for blocks."""
    counts = tally(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    return Tally({cell: count for cell, count in counts.items() if cell.measure != Measure.BLOCK})


def tables(desk: Client, days: int = 30) -> dict[str, dict[str, list[str]]]:
    """Return the figures of each section of the page by the label of their row."""
    answer = desk.get(FIGURES, {"days": days})
    assert answer.status_code == 200
    return {
        section.name: {row.label: [figure.text for figure in row.figures] for row in section.rows}
        for section in answer.context["sections"]
    }


def test_a_day_of_journeys_is_told_by_its_figures(
    desk: Client, visitor: Visitor, sandbox: Sandbox, later: Later
) -> None:
    visitor.links("(201) 555-0175", "+12015550175")
    visitor.submits("/log-out/")
    visitor.starts("+12015550175")  # recognized
    Visitor().starts(HELD)
    Visitor().starts(PUBLIC)
    Visitor().starts("+12015550199")  # gets a code and leaves
    later(60 * 60)
    recover()
    held = OnboardingSession.objects.get(of_number(HELD))
    desk.post(url_of(held, "approve"), {"reason": WHY})
    found = tables(desk)
    assert {label: figures[0] for label, figures in found["steps"].items()} == {
        "Begun": "5",
        "Prove began": "5",
        "Device checked": "5",
        "Code sent": "2",
        "Code was right": "1",
        "Linked": "1",
        "Recognized": "1",
    }
    assert found["steps"]["Code sent"][2] == "1" and found["steps"]["Device checked"][2] == "2"
    assert {label: figures[0] for label, figures in found["ends"].items()} == dict.fromkeys(
        ("Linked", "Recognized", "Held for a reviewer", "Declined", "Ran out of time"), "1"
    )
    assert found["country"] == {"US": ["2", "1", "50 %"]}
    assert found["decisions"]["within 4 h"][:2] == ["1", "0"]
    assert found["vendors"]["Twilio: send a code"][:2] == ["2", "0"]
    assert found["reasons"].keys() == {
        "9137: calls are forwarded",
        "9132: the number is a public one that receives texts online",
    }
    ((day, *money),) = [row for row in found["days"].items() if row[1][0] != "0"]
    assert money[0] == ["5", "2", "2", "1", "$0.35", "$0.20"] and day


def links_of(desk: Client, days: int = 30) -> Iterator[tuple[str, str, str]]:
    """Yield the section, the number and the path of each figure that has a list."""
    for section in desk.get(FIGURES, {"days": days}).context["sections"]:
        for row in section.rows:
            yield from ((section.name, figure.text, figure.href) for figure in row.figures if figure.href)


def seed_of_every_kind() -> None:
    """Sessions of every state and step on several days, with reasons, failed calls and decisions."""
    now = timezone.now() - timedelta(hours=2)
    for n, state in enumerate([*FINAL_STATES] * 2):
        begun = now - timedelta(days=n)
        session = an_ended(state, created_at=begun, failure_reasons={"9137": "forwarding"} if n % 3 else {})
        if n % 2:
            OnboardingSession.objects.filter(pk=session.pk).update(correlation_id=str(n), status_calls=1)
        Event.objects.create(name="code:unanswered", session=session, at=begun, facts={"error": "Uncertain"})
        Event.objects.create(name="code:sent", session=session, at=begun)
        if session.approved_at:
            Event.objects.create(name="guess:answered", session=session, at=begun, facts={"approved": True})
    link = a_binding()
    an_event("binding:revoke_unanswered", binding=link, facts={"error": "Refused"})


@pytest.mark.parametrize("days", [1, 30])
def test_every_figure_with_a_list_has_as_many_rows_in_it(desk: Client, days: int) -> None:
    seed_of_every_kind()
    roll_up()
    checked = 0
    for section, text, href in links_of(desk, days):
        if section in ("steps", "ends", "reasons", "vendors", "country"):
            assert len(rows(desk, href)) == int(text), href
            checked += 1
        else:
            assert desk.get(href).status_code == 200, href
    assert checked > 15


def test_the_kept_figures_are_those_of_the_log_whenever_and_however_often_they_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rollup, "AT_ONCE", 7)
    monkeypatch.setattr(rollup, "CHUNKS", 3)
    monkeypatch.setattr(rollup, "SETTLED", timedelta(0))
    seed_of_every_kind()
    for _ in range(12):
        roll_up()
    assert kept() == of_the_log() and len(kept()) > 50
    an_ended_just_now()
    roll_up()
    assert kept() == of_the_log()


def test_a_run_ends_as_soon_as_all_is_counted(django_assert_max_num_queries: Any) -> None:
    an_ended_just_now()
    roll_up()
    with django_assert_max_num_queries(15):  # of one transaction, and of what goes with its retention
        roll_up()


def test_a_page_counts_what_no_run_has_counted_yet(desk: Client) -> None:
    roll_up()
    an_ended(created_at=timezone.now() - timedelta(seconds=20), seconds=10)
    assert not Figure.objects.exists()
    assert tables(desk, 1)["ends"] == {"Linked": ["1", "100 %"]}
    RollUp.objects.update(until=timezone.now() + timedelta(seconds=1))
    assert tables(desk, 1)["ends"] == {}


def test_a_page_counts_a_bounded_part_and_says_until_when(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "LIVE", 3)
    roll_up()
    ends = [an_ended(created_at=timezone.now() - timedelta(seconds=50 - n), seconds=0) for n in range(9)]
    page = desk.get(FIGURES)
    fourth = Event.objects.get(session=ends[3]).at
    assert f"by the events until {fourth:%Y-%m-%d %H:%M:%S}" in page.content.decode()
    assert tables(desk, 1)["ends"]["Linked"][0] == "3"


@pytest.mark.django_db(transaction=True)
def test_an_event_that_is_committed_late_is_counted_though_later_ones_were_there_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    monkeypatch.setattr(rollup, "SETTLED", timedelta(0))
    session = a_session()
    other: Any = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        insert = (
            "INSERT INTO onboarding_event (name, session_id, from_state, to_state, facts) VALUES (%s, %s, '', '', '{}')"
        )
        cursor.execute(insert, ["code:sent", session.pk])
        Event.objects.create(name="code:sent", session=session)
        roll_up()
        cursor.execute("COMMIT")
    other.close()
    roll_up()
    assert Figure.objects.get(measure="call").count == 2


def test_a_run_that_is_killed_has_counted_all_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollup, "SETTLED", timedelta(0))
    seed_of_every_kind()
    roll_up()
    an_ended_just_now()
    monkeypatch.setattr(RollUp.objects, "update", _killed)
    with pytest.raises(KeyboardInterrupt):
        roll_up()
    monkeypatch.undo()
    monkeypatch.setattr(rollup, "SETTLED", timedelta(0))
    roll_up()
    assert kept() == of_the_log()


def _killed(**_columns: object) -> None:
    raise KeyboardInterrupt


def test_figures_go_with_their_retention_and_those_of_a_small_block_with_its_day(settings: Any) -> None:
    settings.FIGURES_RETENTION_DAYS = 40
    roll_up()
    today = timezone.now().date()
    ages = {"kept": 30, "gone": 41}
    for label, age in ages.items():
        Figure.objects.create(measure="ended", day=today - timedelta(days=age), label=label, count=1, good=0)
    for label, age, count in (("large", 9, 5), ("small", 9, 4), ("of today", 0, 1)):
        Figure.objects.create(measure="block", day=today - timedelta(days=age), label=label, count=count, good=0)
    roll_up()
    assert set(Figure.objects.values_list("label", flat=True)) == {"kept", "large", "of today"}


def test_the_page_needs_the_same_few_queries_whatever_is_counted(desk: Client) -> None:
    roll_up()
    few = queries_of(desk, f"{FIGURES}?days=30")
    seed_of_every_kind()
    roll_up()
    many = queries_of(desk, f"{FIGURES}?days=30")
    assert len(many) == len(few) <= 16
    assert not any("COUNT" in sql and "onboarding_event" in sql for sql in many)


def test_before_the_first_run_the_page_says_what_is_missing(desk: Client) -> None:
    answer = desk.get(FIGURES)
    assert answer.status_code == 200 and "manage.py recover" in answer.content.decode()


@pytest.mark.parametrize("value", [*MALFORMED, "0", "2", "1000"])
def test_other_days_are_no_page_and_no_server_error(desk: Client, value: str) -> None:
    assert desk.get(f"{FIGURES}?days={value}").status_code in (400, 404)


@pytest.mark.parametrize("value", [*MALFORMED, "2026-11-29~", "2026-11-29~2026-11-29~2026-11-29", "9999-12-31"])
@pytest.mark.parametrize("name", ["begun", "step", "failed", "country", "block"])
def test_malformed_filters_are_no_server_error(desk: Client, name: str, value: str) -> None:
    assert desk.get(f"{SESSIONS}?{name}={value}", follow=True).status_code in (200, 400)


def test_the_page_shows_no_number_and_no_style_or_script_of_its_own(desk: Client) -> None:
    seed_of_every_kind()
    roll_up()
    page = desk.get(FIGURES, {"days": 30}).content.decode()
    assert page.count("<svg") > 20 and 'role="img"' in page
    assert not re.search(r"style=|<style|onload|\+?1?2025550101", page)
