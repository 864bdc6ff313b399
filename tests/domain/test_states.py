"""The table of the states and their transitions."""

from onboarding.domain.states import AFTER_LOST_CLAIM, CLAIMS, FINAL, OPEN, TRANSITIONS, State, may_transition
from tests.domain.states_diagram import DOCS, diagram, with_diagram

MOST_TRANSITIONS = 6  # I34


def test_every_state_is_open_or_a_claim_or_final() -> None:
    assert set(State) == OPEN | CLAIMS | FINAL
    assert not (OPEN & CLAIMS or OPEN & FINAL or CLAIMS & FINAL)


def test_a_final_state_has_no_transition() -> None:
    assert not [(origin, to) for origin in FINAL for to in State if may_transition(origin, to)]


def test_a_bind_is_reached_only_through_an_approved_code() -> None:
    assert [origin for origin in State if may_transition(origin, State.BINDING)] == [State.POSSESSION_PASSED]
    assert [origin for origin in State if may_transition(origin, State.POSSESSION_PASSED)] == [
        State.CHECKING_CODE,
        State.BINDING,
    ]
    assert [origin for origin in State if may_transition(origin, State.BOUND)] == [State.BINDING]


def test_a_lost_claim_ends_in_an_allowed_state_that_is_no_success() -> None:
    for claim, end in AFTER_LOST_CLAIM.items():
        assert end in TRANSITIONS[claim]
        assert end not in {State.AUTHENTICATED, State.POSSESSION_PASSED, State.BOUND}


def test_from_every_state_that_is_not_final_a_final_one_can_be_reached() -> None:
    reached = set(FINAL)
    while grown := {s for s in State if s not in reached and any(may_transition(s, to) for to in reached)}:
        reached |= grown
    assert reached == set(State)


def test_the_journey_reaches_a_final_state_in_at_most_six_transitions() -> None:
    """I34: breadth-first search over the table, without restart and expiry, which end any open session at once."""
    for origin in set(State) - FINAL:
        reached, steps = {origin}, 0
        while not reached & FINAL:
            reached |= {to for state in reached for to in TRANSITIONS.get(state, ())}
            steps += 1
            assert steps <= MOST_TRANSITIONS, f"{origin} is a dead end"


def test_the_diagram_in_the_docs_matches_the_table() -> None:
    text = DOCS.read_text()
    assert diagram() in text
    assert with_diagram(text) == text, "the diagram is out of date: see tests/domain/states_diagram.py"
