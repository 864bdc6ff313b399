"""Wrong codes count by number, whoever types them in whatever session; a right one wipes them out."""

import pytest

from onboarding import limits
from onboarding.domain import budgets
from onboarding.domain.errors import Limited
from onboarding.domain.phone import Number
from onboarding.models import Cell
from tests.deep.conftest import share, tell
from tests.journey.conftest import Sandbox
from tests.journey.test_bad_days import LATER
from tests.journey.visitor import Visitor, wrong

NUMBER, E164 = "201 555 0123", "+12015550123"
HOUR, DAY = 3600, 86_400  # seconds
CODE_LIFE_S = 600
IN_AN_HOUR, IN_A_DAY, SINCE_SUCCESS = 10, 20, 100
SESSIONS = share(deep=500, quick=6)
DAYS = share(deep=60, quick=3)
NO_OTHER_LIMIT = {name: {"watch_only": True} for name in budgets.BUDGETS if not name.startswith("guesses_number")}


@pytest.fixture
def guesses_alone(settings: "pytest.FixtureRequest") -> None:
    settings.LIMITS = NO_OTHER_LIMIT  # type: ignore[attr-defined]


def test_sessions_and_texts_bring_no_new_guesses(visitor: Visitor, sandbox: Sandbox, guesses_alone: None) -> None:
    for _ in range(SESSIONS):
        visitor.opens()
        visitor.submits("/restart/")
        visitor.starts(NUMBER)
        for _ in range(2):
            visitor.types_code(wrong(visitor.code(E164)))
            visitor.opens("/code/")
        sandbox.advance(CODE_LIFE_S)
    assert visitor.types_code("000000").status == 429
    assert len(sandbox.calls("twilio.verification_check")) == IN_AN_HOUR
    tell(f"guesses: {IN_AN_HOUR} of {2 * SESSIONS} wrong codes in {SESSIONS} sessions were compared")


def test_a_refused_guess_says_when_and_the_code_page_stays(visitor: Visitor, settings: object) -> None:
    settings.LIMITS = {"guesses_number_hour": {"burst": 1}}  # type: ignore[attr-defined]
    visitor.starts(NUMBER)
    visitor.types_code(wrong(visitor.code(E164)))
    page = visitor.types_code(visitor.code(E164))
    assert page.status == 429 and HOUR - 60 < int(page.headers["Retry-After"]) <= HOUR
    assert visitor.opens("/").path == "/code/"


def test_a_guess_that_nobody_compared_is_given_back(visitor: Visitor, sandbox: Sandbox, settings: object) -> None:
    settings.LIMITS = {"guesses_number_hour": {"burst": 1}}  # type: ignore[attr-defined]
    visitor.starts(NUMBER)
    sandbox.has("twilio.verification_check", "refuse", times=1)
    assert "Nothing is lost" in visitor.types_code(visitor.code(E164)).text
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_a_right_code_wipes_out_the_numbers_wrong_ones_and_nobody_elses(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    for _ in range(3):
        visitor.types_code(wrong(code))
    everybodys = Cell.objects.get(key=limits.key(budgets.GUESSES_ALL, ""))
    assert visitor.types_code(code).path == "/done/"
    for charge in budgets.guesses_of(Number(E164)):
        assert not Cell.objects.filter(key=limits.key(charge.budget, charge.subject)).exists()
    left = Cell.objects.get(key=limits.key(budgets.GUESSES_ALL, ""))
    assert left.tat == everybodys.tat


@pytest.mark.django_db
def test_whoever_guesses_as_fast_as_they_may_gets_no_more_than_is_promised(later: LATER) -> None:
    hourly = [guesses_now(later) for _ in range(DAYS * 24)]
    assert max(hourly) <= IN_AN_HOUR
    assert max(sum(hourly[i : i + 24]) for i in range(len(hourly))) <= IN_A_DAY
    assert sum(hourly) <= SINCE_SUCCESS
    tell(f"guesses: {max(hourly)} in an hour, {sum(hourly)} in {DAYS} days")


def guesses_now(later: LATER) -> int:
    """How many are compared, by somebody who never stops, in one hour."""
    admitted = 0
    for _ in range(2):
        later(HOUR // 2)
        try:
            for _ in range(IN_AN_HOUR + 1):
                limits.charge(budgets.guesses(Number(E164)))
                admitted += 1
        except Limited:
            continue
    return admitted
