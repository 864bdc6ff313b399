"""Each scenario reaches the members of closed sets that it names, and its last page says so."""

from collections.abc import Iterator
from enum import StrEnum

import pytest

from onboarding.domain.policy import Success, Verdict
from onboarding.domain.states import Notice, Review, Stage, State
from onboarding.events import Name
from onboarding.models import Event, Handoff, OnboardingSession
from onboarding.upstream.twilio import Refusal
from tests.closed_sets import desk_scenarios, handoff_scenarios, scenarios  # noqa: F401 - they register themselves
from tests.closed_sets.actors import Actors
from tests.closed_sets.scenario import SCENARIOS, Scenario

FACTS = {"verdict": Verdict, "success": Success, "refusal": Refusal}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_a_scenario_reaches_what_it_names_and_its_page_says_so(scenario: Scenario, actors: Actors) -> None:
    scenario.run(actors)
    assert scenario.says in actors.visitor.page.text
    found = {(type(member), member) for member in reached()}  # members of two sets may have the same value
    assert [member for member in scenario.reaches if (type(member), member) not in found] == []


def reached() -> Iterator[StrEnum]:
    for event in Event.objects.all():
        yield Name(event.name)
        yield from [State(event.to_state)] if event.to_state else []
        yield from [members(event.facts[fact]) for fact, members in FACTS.items() if fact in event.facts]
    for session in OnboardingSession.objects.all():
        yield from [Notice(session.notice)] if session.notice else []
        yield from [Review(session.review)] if session.review else []
    yield from (Stage(handoff.stage) for handoff in Handoff.objects.all())
