"""Wrong codes are counted by number, across browsers and sessions; a right code resets the count."""

from contextlib import suppress
from ipaddress import IPv4Address
from typing import Any

import pytest

from onboarding import limits
from onboarding.domain import budgets
from onboarding.domain.errors import Limited
from onboarding.domain.phone import Number
from onboarding.journey import flow
from onboarding.models import Cell, Event
from tests.deep.conftest import report, share
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Visitor, wrong

NUMBER, E164 = "201 555 0123", "+12015550123"
LOOPBACK = IPv4Address("127.0.0.1")
HOUR, DAY = 3600, 86_400  # seconds
CODE_LIFE_S = 600
IN_AN_HOUR, IN_A_DAY, SINCE_SUCCESS = 10, 20, 100
SESSIONS = share(deep=500, quick=6)
DAYS = share(deep=60, quick=3)
NO_OTHER_LIMIT = {name: {"watch_only": True} for name in budgets.BUDGETS if not name.startswith("guesses_number")}


@pytest.fixture
def guesses_alone(settings: "pytest.FixtureRequest") -> None:
    settings.LIMITS = NO_OTHER_LIMIT  # type: ignore[attr-defined]


def test_new_sessions_and_texts_grant_no_new_guesses(visitor: Visitor, sandbox: Sandbox, guesses_alone: None) -> None:
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
    report(f"guesses: {IN_AN_HOUR} of {2 * SESSIONS} wrong codes in {SESSIONS} sessions were compared")


def test_a_refused_guess_says_how_long_to_wait_and_the_session_keeps_its_step(
    visitor: Visitor, settings: object
) -> None:
    settings.LIMITS = {"guesses_number_hour": {"burst": 1}}  # type: ignore[attr-defined]
    visitor.starts(NUMBER)
    visitor.types_code(wrong(visitor.code(E164)))
    page = visitor.types_code(visitor.code(E164))
    assert page.status == 429 and HOUR - 60 < int(page.headers["Retry-After"]) <= HOUR
    assert visitor.opens("/").path == "/code/"


def test_a_session_that_repeats_a_refused_guess_ends_before_it_fills_the_event_log(
    visitor: Visitor, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "STEPS", 20)
    settings.LIMITS = {"guesses_number_hour": {"burst": 1}}  # type: ignore[attr-defined]
    visitor.starts(NUMBER)
    pages = [visitor.types_code("000000") for _ in range(20)]
    assert pages[1].status == 429 and pages[-1].path == "/expired/"
    assert Event.objects.count() <= 22


def test_a_guess_that_never_reached_twilio_is_refunded(visitor: Visitor, sandbox: Sandbox, settings: object) -> None:
    settings.LIMITS = {"guesses_number_hour": {"burst": 1}}  # type: ignore[attr-defined]
    visitor.starts(NUMBER)
    sandbox.inject_fault("twilio.verification_check", "refuse", times=1)
    assert "Nothing is lost" in visitor.types_code(visitor.code(E164)).text
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_a_right_code_resets_the_guesses_of_its_number_only(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    for _ in range(3):
        visitor.types_code(wrong(code))
    shared = Cell.objects.get(key=limits.key(budgets.GUESSES_ALL, ""))
    assert visitor.types_code(code).path == "/done/"
    for charge in budgets.guesses_of(Number(E164)):
        assert limits.expired()[0].filter(key=limits.key(charge.budget, charge.subject)).exists()
    left = Cell.objects.get(key=limits.key(budgets.GUESSES_ALL, ""))
    forgiven = (shared.tat - left.tat) / (budgets.GUESSES_ALL.every_s * 1000)
    assert 0 <= forgiven <= budgets.MORE_GUESSES


@pytest.mark.parametrize("addresses", [1, 70])
def test_wrong_codes_for_an_attackers_own_numbers_hold_nobody_else_up(
    visitor: Visitor, settings: Any, addresses: int
) -> None:
    settings.LIMITS = {"guesses_all": {"burst": 500}}
    for n in range(700):
        number, address = Number(f"+1201555{n // 10:04}"), IPv4Address(f"198.51.100.{n % addresses}")
        with suppress(Limited):
            limits.charge(budgets.guesses(number, address, is_first=True), address)
    visitor.starts("415 555 2671")
    assert visitor.types_code(visitor.code("+14155552671")).path == "/done/"


@pytest.mark.django_db
def test_guessing_as_fast_as_possible_stays_within_the_promised_bounds(later: Later) -> None:
    hourly = [guesses_in_one_hour(later) for _ in range(DAYS * 24)]
    assert max(hourly) <= IN_AN_HOUR
    assert max(sum(hourly[i : i + 24]) for i in range(len(hourly))) <= IN_A_DAY
    assert sum(hourly) <= SINCE_SUCCESS
    report(f"guesses: {max(hourly)} in an hour, {sum(hourly)} in {DAYS} days")


def guesses_in_one_hour(later: Later) -> int:
    """Guess without a pause for one hour; return how many guesses are admitted."""
    admitted = 0
    for _ in range(2):
        later(HOUR // 2)
        try:
            for _ in range(IN_AN_HOUR + 1):
                limits.charge(budgets.guesses(Number(E164), LOOPBACK, is_first=False), LOOPBACK)
                admitted += 1
        except Limited:
            continue
    return admitted
