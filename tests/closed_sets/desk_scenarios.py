"""The scenarios of the desk: what reviewers do, and what operators do to accounts, keys and a person's data."""

from io import StringIO

from django.core.management import call_command

from onboarding.api.models import PublishableKey
from onboarding.domain.states import Review
from onboarding.events import Name
from onboarding.models import OnboardingSession
from tests.closed_sets.actors import NUMBER, Actors
from tests.closed_sets.scenario import scenario
from tests.closed_sets.scenarios import CANNOT_LINK, CHECKING, HELD
from tests.deep.any_order import desk


@scenario("Someone on our team has looked at", Review.APPROVED, Name.REVIEW_APPROVED)
def a_reviewer_approves(actors: Actors) -> None:
    actors.visitor.starts(HELD)
    actors.reviewer_does("approve")


@scenario("Someone on our team has looked at", Name.NOTICE_ASKED)
def a_person_asks_for_a_text_with_the_decision(actors: Actors) -> None:
    actors.visitor.starts(HELD)
    actors.visitor.submits("/unverified/text/")
    actors.reviewer_does("approve")


@scenario(CANNOT_LINK, Review.DECLINED, Name.REVIEW_DECLINED)
def a_reviewer_declines(actors: Actors) -> None:
    actors.visitor.starts(HELD)
    actors.reviewer_does("decline")


@scenario("phone number", Name.KEY_MADE, Name.KEY_REVOKED)
def an_operator_makes_and_revokes_a_publishable_key(actors: Actors) -> None:
    actors.visitor.opens()
    operator = desk.key_maker()
    operator.post(f"{desk.KEYS}add/", {"name": "the app", "starts_per_hour": "60", "texts_per_hour": "60"})
    operator.post(f"{desk.KEYS}{PublishableKey.objects.get().pk}/revoke/", {"reason": desk.REASON})


@scenario(CHECKING, Name.NUMBER_REVEALED, Name.LOGIN_FAILED, Name.LOGIN_PASSED)
def a_reviewer_sees_a_whole_number(actors: Actors) -> None:
    actors.visitor.starts(HELD)
    actors.reviewer_does("reveal", wrong_passwords=1)


@scenario(CHECKING, Name.CASE_TAKEN, Name.CASE_SNOOZED, Name.CASE_ESCALATED, Name.CASE_RELEASED, Name.CASE_NOTED)
def a_reviewer_takes_a_case_and_puts_it_back(actors: Actors) -> None:
    actors.visitor.starts(HELD)
    for act in ("take", "snooze", "release", "note", "escalate"):
        actors.reviewer_does(act)


@scenario(CHECKING, Name.LIST_EXPORTED, Name.LIST_SENT)
def a_reviewer_downloads_a_list(actors: Actors) -> None:
    actors.visitor.starts(HELD)
    b"".join(desk.reviewer().post(f"{desk.SESSIONS}export/"))
    actors.visitor.opens("/unverified/")


@scenario(CHECKING, Name.CASE_EXPORTED)
def an_operator_exports_the_evidence_of_a_case(actors: Actors) -> None:
    actors.visitor.starts(HELD)
    call_command("export_case", str(OnboardingSession.objects.get().pk), stdout=StringIO())


@scenario(CHECKING, Name.REVIEWER_CHANGED)
def a_reviewer_leaves(actors: Actors) -> None:
    actors.visitor.starts(HELD)
    actors.reviewer_does("note")
    call_command("reviewer", "ada", "--leave", stdout=StringIO())


@scenario(CHECKING, Name.CASE_LABELLED, Name.ACT_PROPOSED, Name.IDS_REVEALED)
def a_reviewer_proposes_what_a_second_one_has_to_do(actors: Actors) -> None:
    actors.settings.TWO_REVIEWERS = ["approve"]
    actors.visitor.starts(HELD)
    actors.reviewer_does("label-fraud")
    actors.reviewer_does("ids")
    actors.reviewer_does("approve")


@scenario("Your phone number", Name.SUBJECT_EXPORTED, Name.SUBJECT_ERASED)
def a_persons_data_are_exported_and_erased(actors: Actors) -> None:
    actors.links()
    for command in ("export_subject", "erase_subject"):
        call_command(command, NUMBER, stdout=StringIO())
    actors.visitor.opens("/done/")
