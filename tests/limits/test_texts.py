"""The budgets of texts: by number, address, prefix, country and money. A refusal says how long to wait."""

from itertools import pairwise
from typing import Any

import pytest
from django.db import connection

from onboarding import limits
from onboarding.domain import budgets
from onboarding.domain.budgets import Budget, Charge
from onboarding.domain.errors import Limited
from onboarding.domain.states import State
from onboarding.models import Cell, Lease, OnboardingSession
from onboarding.operations.recovery import recover
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Visitor, wrong

NUMBER, E164 = "201 555 0123", "+12015550123"
PAUSE = 31  # seconds: a refused send waits as long as one that was sent
MINUTE, HOUR = 60, 3600  # seconds
RESEND_WAITS_S = (31, 61, 121)


def asks_for_three_more_texts(visitor: Visitor, later: Later) -> None:
    for wait_s in RESEND_WAITS_S:
        later(wait_s)
        visitor.opens("/code/")
        visitor.submits("/code/send/")


def test_a_number_gets_three_texts_in_an_hour(visitor: Visitor, later: Later) -> None:
    visitor.starts(NUMBER)
    asks_for_three_more_texts(visitor, later)
    assert visitor.page.status == 429
    assert len(visitor.messages(E164)) == 3


def test_another_spelling_of_the_number_has_the_same_budget(visitor: Visitor, settings: Any) -> None:
    settings.LIMITS = {"sends_number_hour": {"burst": 1}}
    visitor.starts("+54 9 11 2345 6789")
    visitor.submits("/restart/")
    assert visitor.starts_and_is_limited("+54 11 2345 6789").status_code == 429


def test_the_page_says_how_long_to_wait_and_the_session_keeps_its_step(visitor: Visitor, later: Later) -> None:
    visitor.starts(NUMBER)
    asks_for_three_more_texts(visitor, later)
    wait_s = int(visitor.page.headers["Retry-After"])
    ends_in = HOUR - sum(RESEND_WAITS_S)
    assert ends_in - MINUTE < wait_s <= ends_in
    assert "go on in 5" in visitor.page.text and "minutes" in visitor.page.text
    assert visitor.opens("/").path == "/code/"
    assert OnboardingSession.objects.get().state == State.CODE_SENT
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_after_the_wait_a_text_is_sent(visitor: Visitor, later: Later, settings: Any) -> None:
    settings.LIMITS = {"sends_number_hour": {"burst": 1, "every_s": 120}}
    visitor.starts(NUMBER)
    later(40)
    wait_s = int(visitor.submits("/code/send/").headers["Retry-After"])
    assert 70 <= wait_s <= 80
    later(wait_s)
    visitor.opens("/code/")
    assert visitor.submits("/code/send/").path == "/code/"
    assert len(visitor.messages(E164)) == 2


def test_the_script_of_the_page_gets_a_refusal_as_json(visitor: Visitor, settings: Any, sandbox: Sandbox) -> None:
    settings.LIMITS = {"starts_address": {"burst": 1}}
    visitor.starts(NUMBER)
    stranger = Visitor(visitor.address)
    stranger.opens()
    answer = stranger.fetches("/start/", phone="201 555 0199")
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= MINUTE
    assert "1\xa0minute" in answer.json()["error"]
    assert len(sandbox.calls("prove.unify")) == 1


@pytest.mark.parametrize("budget", ["sends_address", "brake_prefix", "brake_country", "money"])
def test_each_budget_refuses_by_itself(visitor: Visitor, settings: Any, budget: str, sandbox: Sandbox) -> None:
    # In cents: two flows and a text, but not two texts with the share of an address that has one unanswered text.
    settings.LIMITS = {budget: {"burst": 22 if budget == "money" else 1}}
    visitor.starts(NUMBER)
    stranger = Visitor(visitor.address)
    stranger.starts_and_is_limited("201 555 0199")
    assert len(sandbox.calls("twilio.verification")) == 1


def test_an_act_that_one_budget_refuses_charges_no_other(visitor: Visitor, settings: Any, later: Later) -> None:
    settings.LIMITS = {"brake_country": {"burst": 0}}
    visitor.starts_and_is_limited(NUMBER)
    used = Cell.objects.exclude(pk__in=limits.expired()[0])
    assert used.exists() and not used.filter(pk__in=_keys(visitor, "sends_number_hour", "sends_address")).exists()
    settings.LIMITS = {}
    later(MINUTE)
    assert visitor.opens("/").path == "/code/"
    visitor.submits("/code/send/")
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


@pytest.mark.django_db
def test_all_charges_of_an_act_are_made_or_none() -> None:
    one, none = Budget("one", 1, HOUR, "for this test"), Budget("none", 0, HOUR, "for this test")
    with pytest.raises(Limited):
        limits.charge([Charge(one, "it"), Charge(none, "it")])
    limits.charge([Charge(one, "it")])
    with pytest.raises(Limited):
        limits.charge([Charge(one, "it")])


def _keys(visitor: Visitor, *names: str) -> list[str]:
    subjects = {"sends_number_hour": E164, "sends_address": visitor.address}
    return [limits.key(budgets.BUDGETS[name], subjects[name]) for name in names]


def test_a_text_that_was_surely_not_sent_is_refunded(visitor: Visitor, sandbox: Sandbox, settings: Any) -> None:
    settings.LIMITS = {"sends_number_hour": {"burst": 1}, "money": {"burst": 10}}
    sandbox.inject_fault("twilio.verification", "refuse")
    visitor.starts(NUMBER)
    for _ in range(3):
        assert "couldn't send a code" in visitor.submits("/code/send/").text
    sandbox.clear_faults()
    visitor.submits("/code/send/")
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_asking_again_after_a_refusal_prolongs_the_wait_by_a_minute_each_time(
    visitor: Visitor, settings: Any, later: Later
) -> None:
    settings.LIMITS = {"sends_number_day": {"burst": 0}}
    visitor.starts_and_is_limited(NUMBER)
    settings.LIMITS = {}
    visitor.opens("/code/")
    waits = []
    for _ in range(3):
        later(PAUSE)
        waits.append(int(visitor.submits("/code/send/").headers["Retry-After"]))
    assert [MINUTE - 5 < after + PAUSE - before <= MINUTE + 1 for before, after in pairwise(waits)] == [True] * 2
    other = Visitor()
    other.client.defaults["REMOTE_ADDR"] = "192.0.2.1"
    other.starts(NUMBER)
    assert len(visitor.messages(E164)) == 1


def test_a_watch_only_budget_logs_and_refuses_nobody(visitor: Visitor, settings: Any, caplog: Any) -> None:
    settings.LIMITS = {"sends_address": {"burst": 0, "watch_only": True}}
    visitor.links(NUMBER, E164)
    assert visitor.page.path == "/done/"
    assert "Over sends_address" in caplog.messages


def test_all_budgets_can_be_watch_only_at_once(visitor: Visitor, settings: Any) -> None:
    settings.LIMITS_WATCH_ONLY = True
    settings.LIMITS = {"starts_address": {"burst": 0}, "sends_number_day": {"burst": 0}, "guesses_all": {"burst": 0}}
    visitor.links(NUMBER, E164)
    assert visitor.page.path == "/done/"


def test_an_act_that_cannot_be_counted_is_refused(visitor: Visitor, sandbox: Sandbox, transactional_db: None) -> None:
    visitor.opens()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE onboarding_cell RENAME TO away")
    try:
        answer = visitor.fetches("/start/", phone=NUMBER)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO onboarding_cell")
    assert answer.status_code == 429 and int(answer["Retry-After"]) > 0
    assert sandbox.calls("prove.unify") == []


def test_no_table_of_the_limits_holds_a_number_or_an_address(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    visitor.types_code(wrong(visitor.code(E164)))
    kept = str([*Cell.objects.values_list(), *Lease.objects.values_list()])
    assert Cell.objects.count() >= 10 and Lease.objects.count() == 1
    for secret in (E164, E164[1:], E164[-7:], visitor.address):
        assert secret not in kept


@pytest.mark.parametrize(("number", "status"), [("+1 876 555 0123", 400), ("+1 416 555 0123", 200), (NUMBER, 200)])
def test_only_numbers_of_allowed_countries_are_accepted(
    visitor: Visitor, settings: Any, number: str, status: int
) -> None:
    settings.ALLOWED_COUNTRIES = ["US", "CA"]
    visitor.opens()
    assert visitor.fetches("/start/", phone=number).status_code == status


def test_recover_deletes_empty_cells_and_ended_leases_and_no_others(visitor: Visitor, later: Later) -> None:
    visitor.starts(NUMBER)
    recover()
    kept = Cell.objects.count()
    recover()
    assert kept and Cell.objects.count() == kept and Lease.objects.count() == 1
    later(15 * 24 * HOUR)
    recover()
    assert not Cell.objects.exists() and not Lease.objects.exists()


def test_people_behind_one_address_who_enter_their_codes_use_up_none_of_its_budgets(db: None, settings: Any) -> None:
    settings.LIMITS = dict.fromkeys(("starts_address", "sends_address", "guesses_address"), {"burst": 2})
    numbers = [f"+1415555{last:04}" for last in range(2000, 2005)]
    assert [Visitor("198.51.100.7").links(number, number).path for number in numbers] == ["/done/"] * 5


def test_a_destination_that_twilio_forbids_costs_the_persons_budget(
    visitor: Visitor, sandbox: Sandbox, settings: Any
) -> None:
    settings.LIMITS = {"sends_number_hour": {"burst": 1}}
    forbidden = {"code": 60238, "message": "", "status": 403}
    sandbox.inject_fault("twilio.verification", "answer", status=403, body=forbidden)
    visitor.starts(NUMBER)
    visitor.submits("/restart/")
    assert visitor.starts_and_is_limited(NUMBER).status_code == 429
