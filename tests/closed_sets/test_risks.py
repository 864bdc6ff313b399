"""What a person reads for each fraud code of Prove's, each line type of Twilio's and each reason of ours.

The tables say what the policy should mean for people. A new code or line type needs a row, and a number of the sandbox.
"""

from collections.abc import Callable, Mapping

import pytest

from onboarding.domain.policy import LINE_VERDICTS, SEVERITY, Success, Verdict, judge
from onboarding.models import OnboardingSession
from sandbox.state import people
from sandbox.state.people import PEOPLE, Person, by_group
from tests.closed_sets.actors import NUMBER, OTHER_NUMBER, Actors
from tests.closed_sets.scenarios import CANNOT_LINK
from tests.journey.visitor import Visitor

HELD, NO_MOBILE = "We're checking your number", "doesn't seem to be a mobile number"
MOVE, CODE = "This device is linked to another number", "We texted a code to"

ANOTHER_NUMBER = "9101"  # no number alone has it: the device of the visitor has
FRAUD_CODES: Mapping[str, str] = {
    "9100": "The check of your device did not finish",
    ANOTHER_NUMBER: MOVE,
    "9131": NO_MOBILE,
    "9132": CANNOT_LINK,
    "9133": HELD,
    "9134": NO_MOBILE,
    "9135": HELD,
    "9136": HELD,
    "9137": HELD,
}
LINE_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("mobile", "fixedVoip", "unknown"), CODE),
    **dict.fromkeys(("nonFixedVoip", "landline", "pager", "voicemail", "uan"), NO_MOBILE),
    **dict.fromkeys(("tollFree", "premium", "sharedCost", "personal"), NO_MOBILE),
}
UNLINKED = "This device is not linked to your number"


def key_is_revoked(actors: Actors) -> None:
    actors.links()
    actors.sandbox.inject_fault("prove.device_revoke", "refuse")
    actors.visitor.submits("/unlink/")


def key_has_another_person(actors: Actors) -> None:
    actors.links()
    actors.sandbox.inject_fault("prove.unify_status", "amend", body={"proveId": "another"})


def bind_fails(actors: Actors, code: str) -> None:
    actors.visitor.starts(NUMBER)
    evaluation = {"risk": {"result": "fail", "failureReasons": {code: "as Prove put it"}}}
    actors.sandbox.inject_fault("prove.unify_bind", "amend", body={"evaluation": evaluation}, times=1)
    actors.types_the_code()


def host_allows_nothing(actors: Actors) -> None:
    actors.links()
    actors.settings.HOOKS = "tests.host.shop.Bank"


def key_is_unknown(actors: Actors) -> None:
    """Another device is linked, and this one's bind happened, though its answer was lost."""
    Visitor().links(NUMBER, NUMBER)
    actors.visitor.starts(NUMBER)
    actors.sandbox.inject_fault("prove.unify_bind", "lost", times=1)
    actors.types_the_code()


# What happened before, for each reason of ours, and the words of the page that a new start leads to.
OWN_REASONS: Mapping[str, tuple[Callable[[Actors], object], str]] = {
    "key_revoked": (key_is_revoked, UNLINKED),
    "key_of_another_person": (key_has_another_person, UNLINKED),
    "key_unknown": (key_is_unknown, UNLINKED),
    "held": (lambda actors: bind_fails(actors, "9135"), HELD),
    "not_allowed": (host_allows_nothing, "Ask your bank"),
    "declined_before": (lambda actors: bind_fails(actors, "9132"), CANNOT_LINK),
}

# The sandbox's numbers that have one fraud code; and one for each line type.
NUMBERS_BY_CODE = {
    code: n for n, person in PEOPLE.items() for code in person.status_reasons if len(person.status_reasons) == 1
}
NUMBERS_BY_LINE = {person.line_type: n for n, person in reversed(list(PEOPLE.items())) if not person.status_reasons}


@pytest.mark.parametrize("code", FRAUD_CODES)
def test_a_fraud_code_leads_to_its_page(code: str, actors: Actors) -> None:
    if code == ANOTHER_NUMBER:
        actors.links(NUMBER)
    page = actors.visitor.starts(NUMBERS_BY_CODE.get(code, OTHER_NUMBER))
    assert FRAUD_CODES[code] in page.text


@pytest.mark.parametrize("line_type", LINE_TYPES)
def test_a_line_type_leads_to_its_page(line_type: str, actors: Actors) -> None:
    actors.settings.TWILIO_LOOKUP = True
    assert LINE_TYPES[line_type] in actors.visitor.starts(NUMBERS_BY_LINE[line_type]).text


@pytest.mark.parametrize("reason", OWN_REASONS)
def test_a_reason_of_ours_leads_to_its_page(reason: str, actors: Actors) -> None:
    happens, words = OWN_REASONS[reason]
    happens(actors)
    page = actors.visitor.starts(NUMBER)
    assert words in page.text
    assert reason in OnboardingSession.objects.latest("created_at").failure_reasons


def verdict_of(person: Person) -> Verdict:
    """Return the verdict of all that vendors say of the person, with every check switched on."""
    reasons = {**person.status_reasons, **person.reputation, **person.bind_reasons}
    success = Success.FALSE if reasons else Success.POSSESSION_REQUIRED
    said = judge(success, reasons, rebind=False).verdict
    return max(said, LINE_VERDICTS[person.line_type], key=SEVERITY.index)


@pytest.mark.parametrize(
    ("group", "verdict"),
    [(people.WORKS, Verdict.ASK_POSSESSION), (people.HELD, Verdict.REVIEW), (people.DECLINED, Verdict.DECLINE)],
)
def test_the_sandboxs_page_groups_its_numbers_as_the_policy_judges_them(group: str, verdict: Verdict) -> None:
    assert by_group()[group]
    for person in by_group()[group]:
        assert verdict_of(person) is verdict or person.api_code, person
