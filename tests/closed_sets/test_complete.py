"""Each member of a closed set has all that belongs to it: a state its page, a notice its sentence, and so on.

A test that fails here names what a new member lacks, and the table to add it to. Words that a language lacks are named
by tests/languages/test_catalogues.py.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import pytest
from django.conf import settings
from django.utils.translation import to_language

from onboarding.domain.budgets import BUDGETS
from onboarding.domain.phone import Problem
from onboarding.domain.policy import LINE_VERDICTS, OWN_VERDICTS, SUCCESS_VERDICTS, VERDICTS, Success, Verdict
from onboarding.domain.states import CANNOT_SEND, FINAL, TRANSITIONS, Channel, Notice, Review, Stage, State
from onboarding.domain.wording import (
    CALL_WORDS,
    EVENT_WORDS,
    NOTICE_WORDS,
    REASON_WORDS,
    REVIEW_WORDS,
    STATE_WORDS,
    STEP_WORDS,
)
from onboarding.events import Name
from onboarding.figures.tally import CALLS, Call, Step
from onboarding.journey.answers import AFTER_STATUS
from onboarding.upstream import lookup, messaging, prove, twilio
from onboarding.upstream.twilio import Refusal
from onboarding.web import sentences
from onboarding.web.forms import MESSAGES
from onboarding.web.gate import PAGES
from sandbox.state import people
from sandbox.twilio import verify
from sandbox.twilio.texts import TEXTS
from tests.closed_sets import desk_scenarios, handoff_scenarios, scenarios  # noqa: F401 - they register themselves
from tests.closed_sets import test_risks as risks
from tests.closed_sets.scenario import SCENARIOS
from tests.closed_sets.test_problems import PROBLEMS
from tests.hostile import situations
from tests.hostile.paths import OURS
from tests.languages.catalogues import LOCALES, VARIANTS
from tests.limits import test_every_budget as budgets
from tests.processes import ROOT
from tests.wire import prove as prove_wire
from tests.wire import twilio as twilio_wire


@dataclass(frozen=True)
class Table:
    """A table in which each member of a closed set needs a row: `what` the row is for, `members` those that have one.

    An `open_ended` table may have more rows than the closed set has members.
    """

    what: str
    members: Iterable[str]
    name: str
    file: str
    open_ended: bool = False


STATES, WORDING, POLICY = (f"onboarding/domain/{name}.py" for name in ("states", "wording", "policy"))
SENTENCES, ANSWERS, TWILIO = (
    "onboarding/web/sentences.py",
    "onboarding/journey/answers.py",
    "onboarding/upstream/twilio.py",
)
PEOPLE, RISKS = "sandbox/state/people.py", "tests/closed_sets/test_risks.py"
EVERY_BUDGET, SITUATIONS = "tests/limits/test_every_budget.py", "tests/hostile/situations.py"
OPERATIONS = [*prove.DEADLINES, *twilio.DEADLINES, *lookup.DEADLINES, *messaging.DEADLINES]
WIRE_CASES = [case.operation for case in prove_wire.CASES + twilio_wire.CASES]
PATHS = [path for path in OURS if not path.startswith("/admin/")]  # Django's admin site makes the others
POSTED_TO = [path for each in situations.SITUATIONS for path in each.posts if path in PATHS]
CODES_OF_TWILIO = {*twilio.REFUSALS.values(), *twilio.REFUSALS_BY_STATUS.values(), *twilio.ENDED.values()}


def a_scenario(of: type[StrEnum]) -> Table:
    reached = [member for scenario in SCENARIOS for member in scenario.reaches if type(member) is of]
    return Table("a scenario that reaches it", reached, "SCENARIOS", "tests/closed_sets/scenario.py")


CLOSED_SETS: Mapping[str, tuple[Iterable[str], list[Table]]] = {
    "channel": (Channel, [
        Table("sentences and a button", sentences.CHANNELS, "CHANNELS", SENTENCES),
        Table("a notice for a number that takes no code by it", CANNOT_SEND, "CANNOT_SEND", STATES),
        Table("an answer of the sandbox", verify.CHANNELS, "CHANNELS", "sandbox/twilio/verify.py"),
    ]),
    "notice": (Notice, [
        Table("words for reviewers", NOTICE_WORDS, "NOTICE_WORDS", WORDING),
        Table("a sentence", [*sentences.NOTICES, Notice.STILL_CHECKING], "NOTICES", SENTENCES),
        a_scenario(Notice),
    ]),
    "state": (State, [
        Table("transitions that leave it, if it is not FINAL", [*TRANSITIONS, *FINAL], "TRANSITIONS", STATES),
        Table("words for reviewers", STATE_WORDS, "STATE_WORDS", WORDING),
        Table("a page", PAGES, "PAGES", "onboarding/web/gate.py"),
        a_scenario(State),
    ]),
    "verdict": (Verdict, [Table("a state", AFTER_STATUS, "AFTER_STATUS", ANSWERS), a_scenario(Verdict)]),
    "success": (Success, [
        Table("a verdict", [*SUCCESS_VERDICTS, Success.FALSE, Success.PENDING], "SUCCESS_VERDICTS", POLICY),
        a_scenario(Success),
    ]),
    "refusal": (Refusal, [
        Table("an error code of Twilio's", [*CODES_OF_TWILIO, Refusal.OTHER], "REFUSALS", TWILIO),
        a_scenario(Refusal),
    ]),
    "review": (Review, [Table("words for reviewers", REVIEW_WORDS, "REVIEW_WORDS", WORDING), a_scenario(Review)]),
    "stage": (Stage, [a_scenario(Stage)]),
    "event": (Name, [Table("words for reviewers", EVENT_WORDS, "EVENT_WORDS", WORDING), a_scenario(Name)]),
    "step of the dashboard": (Step, [Table("words for reviewers", STEP_WORDS, "STEP_WORDS", WORDING)]),
    "call of the dashboard": (Call, [
        Table("words for reviewers", CALL_WORDS, "CALL_WORDS", WORDING),
        Table("its events", CALLS, "CALLS", "onboarding/figures/tally.py"),
    ]),
    "fraud code": (VERDICTS, [
        Table("a meaning", people.REASONS, "REASONS", PEOPLE, open_ended=True),
        Table("a number that has it alone", [*risks.NUMBERS_BY_CODE, risks.ANOTHER_NUMBER], "_TABLE", PEOPLE, True),
        Table("the words of the page that it leads to", risks.FRAUD_CODES, "FRAUD_CODES", RISKS),
        Table("words for reviewers", REASON_WORDS, "REASON_WORDS", WORDING, open_ended=True),
    ]),
    "reason of ours": (OWN_VERDICTS, [
        Table("the words of the page that it leads to", risks.OWN_REASONS, "OWN_REASONS", RISKS),
    ]),
    "line type": (LINE_VERDICTS, [
        Table("a number", risks.NUMBERS_BY_LINE, "_TABLE", PEOPLE),
        Table("the words of the page that it leads to", risks.LINE_TYPES, "LINE_TYPES", RISKS),
    ]),
    "problem of a number": (Problem, [
        Table("a message", [*MESSAGES, Problem.UNREADABLE], "MESSAGES", "onboarding/web/forms.py"),
        Table("a text that has it", PROBLEMS, "PROBLEMS", "tests/closed_sets/test_problems.py"),
    ]),
    "budget": (BUDGETS, [
        Table("a request", [*budgets.REQUESTS, *budgets.WATCH_ONLY, *budgets.NO_BURST], "REQUESTS", EVERY_BUDGET),
    ]),
    "upstream call": (OPERATIONS, [Table("a documented response", WIRE_CASES, "CASES", "tests/wire/prove.py")]),
    "path": (PATHS, [
        Table("a page that posts to it", [*POSTED_TO, *situations.READ_ONLY], "SITUATIONS (or READ_ONLY)", SITUATIONS),
    ]),
    "language": (dict(settings.LANGUAGES), [
        Table("a catalogue", ["en", *map(to_language, LOCALES + VARIANTS)], "LOCALES", "tests/languages/catalogues.py"),
        Table("a locale of Twilio's", twilio.LOCALES, "LOCALES", TWILIO),
        Table("a text message", [*map(str.lower, TEXTS)], "TEXTS", "sandbox/twilio/texts.py"),
    ]),
}  # fmt: skip
TABLES = [table for _members, needed in CLOSED_SETS.values() for table in needed]


@pytest.mark.parametrize("name", CLOSED_SETS)
def test_every_member_of_a_closed_set_has_all_that_belongs_to_it(name: str) -> None:
    members, needed = CLOSED_SETS[name]
    problems = [problem for table in needed for problem in _problems(name, set(map(str, members)), table)]
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


def _problems(name: str, members: set[str], table: Table) -> Iterator[str]:
    found = set(map(str, table.members))
    for member in sorted(members - found):
        yield f"The {name} {member!r} lacks {table.what}: add it to {table.name} in {table.file}."
    for row in sorted(found - members):
        if not table.open_ended:
            yield f"{table.name} in {table.file} has {row!r}, which is no {name}: remove it there, or add it here."


@pytest.mark.parametrize("table", TABLES, ids=lambda table: f"{table.name} in {table.file}")
def test_the_tables_that_messages_name_exist(table: Table) -> None:
    assert re.search(rf"\b{table.name.split()[0]}\b", (ROOT / table.file).read_text())
