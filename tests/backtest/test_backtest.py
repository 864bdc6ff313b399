"""A proposal is replayed over what was stored: what it would have declined, held, let through or refused."""

import json
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from onboarding.backtest import acts, answers, log
from onboarding.desk.access.roles import Role
from onboarding.domain import budgets
from onboarding.domain.policy import VERDICTS
from onboarding.models import Case, Event, OnboardingSession, of_number
from sandbox.state.people import PEOPLE
from tests.desk.test_admin import SESSIONS
from tests.desk.test_roles import invited
from tests.journey.conftest import Later
from tests.journey.visitor import Visitor, wrong

pytestmark = pytest.mark.django_db
HELD, SWAPPED, PUBLIC, PLAIN = "+12025550137", "+12025550135", "+12025550132", "+12015550101"
PAGE = f"{SESSIONS}backtest/"


def run(tmp_path: Path, proposed: object, *options: str) -> dict[str, Any]:
    file = tmp_path / "proposal"
    file.write_text(proposed if isinstance(proposed, str) else json.dumps(proposed))
    out = StringIO()
    call_command("backtest", str(file), "--json", *options, stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def everybody_starts() -> None:
    """Each test user of the sandbox starts, and links their number if that is possible."""
    for number in PEOPLE:
        visitor = Visitor()
        with suppress(KeyError, ConnectionError):  # some cannot start, or stay where they are
            visitor.starts(number)
        if "/code/" in visitor.page.path and visitor.messages(number):
            visitor.types_code(visitor.code(number))


def test_todays_table_changes_nothing_in_the_answers_for_any_test_user(settings: Any) -> None:
    settings.ALLOWED_COUNTRIES = []
    everybody_starts()
    found = answers.replay(VERDICTS, days=30)
    assert found.answers > len(PEOPLE) // 2 and found.different == found.unlike == 0 and not found.changes


def test_other_verdicts_decline_hold_and_let_through_others(tmp_path: Path) -> None:
    for number in (HELD, SWAPPED, PUBLIC):
        Visitor().starts(number)
    Case.objects.create(session=OnboardingSession.objects.get(of_number(HELD)), outcome="false_alarm")
    found = run(tmp_path, {"9137": "decline", "9135": "ask_possession", "9132": "review"})["answers"]
    assert (found["answers"], found["different"]) == (3, 3)
    assert found["more"] == {"declined": 0, "held": -1, "let_through": 1} or found["changes"]
    by_change = {(each["from"], each["to"]): (each["answers"], each["false_alarms"]) for each in found["changes"]}
    assert by_change[("held", "declined")] == (1, 1) and by_change[("declined", "held")] == (1, 0)


def test_a_proposal_may_be_toml_and_a_log_of_many_windows_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "WINDOW", 2)
    for number in (HELD, SWAPPED):
        Visitor().starts(number)
    found = run(tmp_path, '[verdicts]\n"9137" = "decline"\n')["answers"]
    assert (found["answers"], found["more"]) == (2, {"declined": 1, "held": -1, "let_through": 0})


def test_answers_of_before_are_left_out(tmp_path: Path, later: Later) -> None:
    Visitor().starts(HELD)
    later(3 * 86_400)
    Visitor().starts(SWAPPED)
    assert run(tmp_path, {}, "--days", "2")["answers"]["answers"] == 1
    assert run(tmp_path, {}, "--days", "4")["answers"]["answers"] == 2


def a_guesser(number: str) -> Visitor:
    """A person who types three wrong codes and then the right one."""
    visitor = Visitor()
    visitor.starts(number)
    for _ in range(3):
        visitor.types_code(wrong(visitor.code(number)))
    visitor.types_code(visitor.code(number))
    return visitor


def test_a_smaller_budget_refuses_more_acts_and_the_one_in_force_none(tmp_path: Path) -> None:
    a_guesser(PLAIN)
    figures = {"guesses_number_hour": {"burst": 2}}
    (found,) = run(tmp_path, {"budgets": figures})["budgets"]
    assert found == {
        "budget": "guesses_number_hour",
        "acts": 4,
        "refused": 2,
        "admitted": 0,
        "false_alarms": 0,
        "passed": 2,
    }
    for name in acts.ACTS:
        same = acts.replay(budgets.BUDGETS[name], days=30)
        assert (same.refused, same.admitted) == (0, 0) and same.acts, name


def test_a_right_code_gives_back_its_texts_in_the_replay_too(tmp_path: Path) -> None:
    for _ in range(3):
        Visitor().links(PLAIN, PLAIN)
    (found,) = run(tmp_path, {"budgets": {"sends_number_day": {"burst": 1}}})["budgets"]
    assert (found["acts"], found["refused"]) == (3, 0)


BAD = ("", "x", "[]", "1", '{"9137": "maybe"}', '{"9137": 1}', '{"budgets": 1}', '{"budgets": {"money": {"burst": 1}}}')
WORSE = (
    *('{"budgets": {"sends_number_day": {"why": "x"}}}', '{"budgets": {"sends_number_day": {"every_s": 0}}}'),
    *('{"budgets": {"sends_number_day": {"burst": true}}}', '{"budgets": {"sends_number_day": 3}}', "[" * 5000),
    '{"budgets": {"sends_number_day": {"burst": NaN}}}',
)


@pytest.mark.parametrize("text", [*BAD, *WORSE])
def test_what_is_no_proposal_is_an_error_that_says_why(tmp_path: Path, text: str) -> None:
    with pytest.raises(CommandError, match=r"neither|verdict|budget|burst|every_s|table"):
        run(tmp_path, text)
    answer = invited(Role.LEAD).post(PAGE, {"proposal": text})
    assert answer.status_code == 400 and "errorlist" in answer.content.decode()


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("backtest", str(tmp_path / "nowhere"))


def test_the_command_tells_it_in_words(tmp_path: Path) -> None:
    a_guesser(PLAIN)
    Visitor().starts(HELD)
    out, file = StringIO(), tmp_path / "proposal"
    file.write_text('{"verdicts": {"9137": "decline"}, "budgets": {"guesses_number_hour": {"burst": 2}}}')
    call_command("backtest", str(file), stdout=out)
    for words in ("more declined: 1", "held -> declined: 1", "2 more are refused"):
        assert words in out.getvalue()


def test_the_page_tells_the_same_and_changes_nothing() -> None:
    Visitor().starts(HELD)
    desk: Client = invited(Role.AUDITOR)
    before = list(Event.objects.order_by("pk").values())
    assert desk.get(PAGE).status_code == 200
    page = desk.post(PAGE, {"proposal": '{"9137": "decline"}'})
    assert page.context["found"].different == 1 and ("held", "declined", 1, 0) in page.context["changes"]
    assert list(Event.objects.order_by("pk").values()) == before
