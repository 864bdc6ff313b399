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
from onboarding.domain.policy import LINE_VERDICTS, OWN_VERDICTS, SUCCESS_VERDICTS, VERDICTS, Success, Verdict
from onboarding.domain.states import CANNOT_SEND, FINAL, TRANSITIONS, Channel, Notice, Review, Stage, State
from onboarding.domain.wording import NOTICE_WORDS, REVIEW_WORDS, STATE_WORDS
from onboarding.events import Name
from onboarding.journey.answers import AFTER_STATUS
from onboarding.upstream import lookup, messaging, prove, twilio
from onboarding.upstream.twilio import Refusal
from onboarding.web import sentences
from onboarding.web.gate import PAGES
from sandbox.state import people
from sandbox.twilio import verify
from sandbox.twilio.texts import TEXTS
from tests.closed_sets import test_risks as risks
from tests.closed_sets.scenarios import SCENARIOS
from tests.hostile import places
from tests.hostile.paths import OURS
from tests.languages.catalogues import LOCALES
from tests.limits import test_every_budget as budgets
from tests.processes import ROOT
from tests.wire import prove as prove_wire
from tests.wire import twilio as twilio_wire


@dataclass(frozen=True)
class Place:
    """What each member needs, and the table and file where it belongs. `members` are those that have it.

    An `open_ended` table may have more rows than the closed set has members.
    """

    what: str
    members: Iterable[str]
    table: str
    file: str
    open_ended: bool = False


STATES, WORDING, POLICY = (f"onboarding/domain/{name}.py" for name in ("states", "wording", "policy"))
SENTENCES, ANSWERS, TWILIO = (
    "onboarding/web/sentences.py",
    "onboarding/journey/answers.py",
    "onboarding/upstream/twilio.py",
)
PEOPLE, RISKS = "sandbox/state/people.py", "tests/closed_sets/test_risks.py"
EVERY_BUDGET, PLACES_OF_PATHS = "tests/limits/test_every_budget.py", "tests/hostile/places.py"
OPERATIONS = [*prove.DEADLINES, *twilio.DEADLINES, *lookup.DEADLINES, *messaging.DEADLINES]
WIRE_CASES = [case.operation for case in prove_wire.CASES + twilio_wire.CASES]
PATHS = [path for path in OURS if not path.startswith("/admin/")]  # Django's admin site makes the others
POSTED_TO = [path for place in places.PLACES for path in place.sends if path in PATHS]
CODES_OF_TWILIO = {*twilio.REFUSALS.values(), *twilio.REFUSALS_BY_STATUS.values(), *twilio.ENDED.values()}


def a_scenario(of: type[StrEnum]) -> Place:
    reached = [member for scenario in SCENARIOS for member in scenario.reaches if type(member) is of]
    return Place("a scenario that reaches it", reached, "SCENARIOS", "tests/closed_sets/scenarios.py")


CLOSED_SETS: Mapping[str, tuple[Iterable[str], list[Place]]] = {
    "channel": (Channel, [
        Place("sentences and a button", sentences.CHANNELS, "CHANNELS", SENTENCES),
        Place("a notice for a number that takes no code by it", CANNOT_SEND, "CANNOT_SEND", STATES),
        Place("an answer of the sandbox", verify.CHANNELS, "CHANNELS", "sandbox/twilio/verify.py"),
    ]),
    "notice": (Notice, [
        Place("words for reviewers", NOTICE_WORDS, "NOTICE_WORDS", WORDING),
        Place("a sentence", [*sentences.NOTICES, Notice.STILL_CHECKING], "NOTICES", SENTENCES),
        a_scenario(Notice),
    ]),
    "state": (State, [
        Place("transitions that leave it, if it is not FINAL", [*TRANSITIONS, *FINAL], "TRANSITIONS", STATES),
        Place("words for reviewers", STATE_WORDS, "STATE_WORDS", WORDING),
        Place("a page", PAGES, "PAGES", "onboarding/web/gate.py"),
        a_scenario(State),
    ]),
    "verdict": (Verdict, [Place("a state", AFTER_STATUS, "AFTER_STATUS", ANSWERS), a_scenario(Verdict)]),
    "success": (Success, [
        Place("a verdict", [*SUCCESS_VERDICTS, Success.FALSE, Success.PENDING], "SUCCESS_VERDICTS", POLICY),
        a_scenario(Success),
    ]),
    "refusal": (Refusal, [
        Place("an error code of Twilio's", [*CODES_OF_TWILIO, Refusal.OTHER], "REFUSALS", TWILIO),
        a_scenario(Refusal),
    ]),
    "review": (Review, [Place("words for reviewers", REVIEW_WORDS, "REVIEW_WORDS", WORDING), a_scenario(Review)]),
    "stage": (Stage, [a_scenario(Stage)]),
    "event": (Name, [a_scenario(Name)]),
    "fraud code": (VERDICTS, [
        Place("a meaning", people.REASONS, "REASONS", PEOPLE, open_ended=True),
        Place("a number that has it alone", [*risks.NUMBERS_BY_CODE, risks.ANOTHER_NUMBER], "_TABLE", PEOPLE, True),
        Place("the words of the page that it leads to", risks.FRAUD_CODES, "FRAUD_CODES", RISKS),
    ]),
    "reason of ours": (OWN_VERDICTS, [
        Place("the words of the page that it leads to", risks.OWN_REASONS, "OWN_REASONS", RISKS),
    ]),
    "line type": (LINE_VERDICTS, [
        Place("a number", risks.NUMBERS_BY_LINE, "_TABLE", PEOPLE),
        Place("the words of the page that it leads to", risks.LINE_TYPES, "LINE_TYPES", RISKS),
    ]),
    "budget": (BUDGETS, [
        Place("a request that it refuses", [*budgets.WAYS, *budgets.WATCHED], "WAYS", EVERY_BUDGET),
    ]),
    "upstream call": (OPERATIONS, [Place("a documented response", WIRE_CASES, "CASES", "tests/wire/prove.py")]),
    "path": (PATHS, [
        Place("a place that posts to it", [*POSTED_TO, *places.READ_ONLY], "PLACES (or READ_ONLY)", PLACES_OF_PATHS),
    ]),
    "language": (dict(settings.LANGUAGES), [
        Place("a catalogue", ["en", *map(to_language, LOCALES)], "LOCALES", "tests/languages/catalogues.py"),
        Place("a locale of Twilio's", twilio.LOCALES, "LOCALES", TWILIO),
        Place("a text message", [*map(str.lower, TEXTS)], "TEXTS", "sandbox/twilio/texts.py"),
    ]),
}  # fmt: skip
ALL_PLACES = [place for _members, needed in CLOSED_SETS.values() for place in needed]


@pytest.mark.parametrize("name", CLOSED_SETS)
def test_every_member_of_a_closed_set_has_all_that_belongs_to_it(name: str) -> None:
    members, needed = CLOSED_SETS[name]
    problems = [problem for place in needed for problem in _problems(name, set(map(str, members)), place)]
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


def _problems(name: str, members: set[str], place: Place) -> Iterator[str]:
    found = set(map(str, place.members))
    for member in sorted(members - found):
        yield f"The {name} {member!r} lacks {place.what}: add it to {place.table} in {place.file}."
    for row in sorted(found - members):
        if not place.open_ended:
            yield f"{place.table} in {place.file} has {row!r}, which is no {name}: remove it there, or add it here."


@pytest.mark.parametrize("place", ALL_PLACES, ids=lambda place: f"{place.table} in {place.file}")
def test_the_tables_that_messages_name_exist(place: Place) -> None:
    assert re.search(rf"\b{place.table.split()[0]}\b", (ROOT / place.file).read_text())
