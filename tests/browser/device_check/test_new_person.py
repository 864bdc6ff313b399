"""All answers that the Web SDK can get when a person is new, and calls that never end: the person can continue."""

from typing import Any

import pytest

from tests.browser.device_check.answers import ANSWERS, CODE_PAGE, DONE, E164, NUMBER, ONCE_MORE, REPORTS, continues_to
from tests.browser.driver.person import Person
from tests.deep.conftest import share

pytestmark = pytest.mark.parametrize(
    "site", [pytest.param("alone", marks=pytest.mark.xdist_group("device check"))], indirect=True
)


@pytest.mark.parametrize("answer", share(deep=list(ANSWERS), quick=list(ANSWERS)[::2]))
def test_a_new_person_can_continue_after_any_answer_to_register(person: Person, answer: str) -> None:
    person.inject_fault("prove.device_register", **{"times": 1, **ANSWERS[answer]})
    person.opens()
    person.types_number(NUMBER)
    continues_to(person, CODE_PAGE)
    person.types_code(person.code(E164))
    person.sees(DONE)


@pytest.mark.parametrize("answer", REPORTS)
def test_a_new_person_can_continue_after_any_answer_to_the_error_report(person: Person, answer: str) -> None:
    person.inject_fault("prove.device_register", "empty", times=1)
    person.inject_fault("prove.device_error", **{"times": 1, **REPORTS[answer]})
    person.opens()
    person.types_number(NUMBER)
    continues_to(person, CODE_PAGE)
    assert person.calls("prove.device_error")


# Calls that never end: without an answer, or with one that makes the SDK call again and again.
ENDLESS = [
    ("prove.device_register", {"kind": "hang"}),
    ("prove.device_error", {"kind": "hang"}),
    ("prove.device_error", ONCE_MORE),
]


@pytest.mark.parametrize(("route", "answer"), ENDLESS, ids=["silence", "a silent report", "a storm of reports"])
def test_an_endless_call_gets_a_message_and_the_person_can_continue(
    person: Person, route: str, answer: dict[str, Any]
) -> None:
    person.inject_fault(route, **answer)
    person.inject_fault("prove.device_register", "empty")
    person.page.clock.install()
    person.opens()
    person.types_number(NUMBER)
    person.reads("Checking this device")
    person.waits_until_asked(route)
    person.page.clock.fast_forward(60_000)
    person.reads("taking too long")
    person.clear_faults()
    continues_to(person, CODE_PAGE)


def test_an_unanswered_challenge_request_gets_a_message_and_the_person_can_continue(person: Person) -> None:
    person.links(NUMBER, E164)
    person.inject_fault("prove.device_verify", "empty", times=1)
    person.inject_fault("prove.device_challenge", "hang", times=1)
    person.page.clock.install()
    person.opens()
    person.types_number(NUMBER)
    person.reads("Checking this device")
    person.waits_until_asked("prove.device_challenge")
    person.page.clock.fast_forward(60_000)
    person.reads("taking too long")
    continues_to(person, DONE)
