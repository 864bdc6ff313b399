"""The queue of sessions that wait for a reviewer, and the verbs that hand its cases out. None decides anything.

A case is a reviewer's for TAKEN_FOR, or until it is released or decided. The row of the case is changed by one UPDATE
that compares, so that no two reviewers get the same one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import transaction
from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from onboarding import events
from onboarding.domain.errors import Forbidden, StaleState, Why
from onboarding.domain.states import Outcome
from onboarding.events import Name
from onboarding.models import WAITS, Binding, Case, OnboardingSession, Proposal

LEAD = "proveflow.lead_onboardingsession"
TAKEN_FOR = timedelta(minutes=60)
PROPOSAL_LIFE = timedelta(hours=24)
SNOOZED_FOR = timedelta(hours=24)
SHOWN = 50  # cases of the queue's page
TRIED = 200  # cases that `take_next` looks at


@dataclass(frozen=True)
class Status:
    """How many cases wait, and since when the oldest does: None if none does."""

    count: int
    oldest: datetime | None
    now: datetime | None


def status() -> Status:
    """Return how many cases wait, snoozed ones too, by the index of those."""
    found = OnboardingSession.objects.filter(WAITS).aggregate(
        count=Count("pk"), oldest=Min("created_at"), now=Max(Now())
    )
    return Status(**found)


def queue() -> QuerySet[OnboardingSession]:
    """Return the cases that are not snoozed, escalated ones and then the oldest first, with who has them."""
    awake = Q(case__snoozed_until=None) | Q(case__snoozed_until__lte=Now())
    cases = OnboardingSession.timed.filter(WAITS).filter(awake).select_related("case", "case__reviewer")
    return cases.order_by(F("case__escalated_at").asc(nulls_last=True), "created_at", "pk")


def earlier(sessions: list[OnboardingSession]) -> dict[str, int]:
    """Return how many sessions each number of these has."""
    numbers = {session.number_hash for session in sessions} - {""}
    found = OnboardingSession.objects.filter(number_hash__in=numbers).order_by().values_list("number_hash")
    return dict(found.annotate(count=Count("pk")))


def hold(session: OnboardingSession, by: AbstractBaseUser) -> bool:
    """Let the case be this reviewer's from now on. Return whether it was not before. Raises Forbidden."""
    _is_not_own(session, by)
    Case.objects.bulk_create([Case(session=session)], ignore_conflicts=True)
    case = Case.objects.filter(pk=session.pk)
    mine = Q(reviewer=by, taken_until__gt=Now())
    if case.filter(mine).update(taken_until=Now() + TAKEN_FOR):
        return False
    if not case.filter(_free()).update(reviewer=by, taken_until=Now() + TAKEN_FOR, snoozed_until=None):
        raise Forbidden(Why.TAKEN)
    return True


def take(*, session: OnboardingSession, by: AbstractBaseUser) -> OnboardingSession:
    """Give the reviewer the case, and return it. Raises Forbidden if another has it, StaleState if it waits no more."""
    with transaction.atomic():
        _lock_waiting(session)
        if hold(session, by):
            events.record(Name.CASE_TAKEN, {}, session=session, actor=by)
    return session


def take_next(*, by: AbstractBaseUser) -> OnboardingSession | None:
    """Give the reviewer the first case that nobody has and that they can decide; return it, or None."""
    for session in _decidable(by).filter(_free("case__"))[:TRIED]:
        try:
            return take(session=session, by=by)
        except (Forbidden, StaleState):  # another reviewer was faster
            continue
    return None


def _free(case: str = "") -> Q:
    """Return the condition of a case that nobody has. `case` leads to its columns from another table."""
    return Q(**{f"{case}reviewer": None}) | Q(**{f"{case}taken_until": None}) | Q(**{f"{case}taken_until__lte": Now()})


def _decidable(by: AbstractBaseUser) -> QuerySet[OnboardingSession]:
    """Return the queue without what others have to decide.

    These are escalated cases, if the reviewer is no lead; what they proposed; and their own affairs.
    """
    proposed = Proposal.objects.filter(by_id=by.pk, session=OuterRef("pk"), at__gt=Now() - PROPOSAL_LIFE)
    cases = queue().exclude(Exists(proposed)).exclude(_of_own(by))
    return cases if cast(User, by).has_perm(LEAD) else cases.filter(case__escalated_at=None)


def _is_not_own(session: OnboardingSession, by: AbstractBaseUser) -> None:
    """Raise Forbidden if the session is about the reviewer's own affairs."""
    if OnboardingSession.objects.filter(_of_own(by), pk=session.pk).exists():
        raise Forbidden(Why.OWN)


def _of_own(by: AbstractBaseUser) -> Q:
    """Return the condition of the sessions of the reviewer's own number, account, key or browser.

    A move of their key is held before Prove names the key: the session has the link that its browser was verified by.
    """
    links = Binding.objects.filter(user_id=by.pk)
    numbers, keys = links.exclude(number_hash="").values("number_hash"), links.exclude(device_id="").values("device_id")
    journeys = OnboardingSession.objects.filter(binding__in=links).values("journey")
    of_links = Q(binding__in=links) | Q(moves_from__in=links)
    return of_links | Q(number_hash__in=numbers) | Q(device_id__in=keys) | Q(journey__in=journeys)


def _lock_waiting(session: OnboardingSession) -> None:
    """Lock the session, so that nobody decides it meanwhile. Raises StaleState if it waits no more."""
    if not OnboardingSession.objects.select_for_update().filter(WAITS, pk=session.pk).exists():
        raise StaleState


def let_go(session: OnboardingSession, **changes: Any) -> None:
    """Let the case be nobody's."""
    Case.objects.filter(pk=session.pk).update(reviewer=None, taken_until=None, **changes)


def _return(
    *, session: OnboardingSession, by: AbstractBaseUser, reason: str, name: Name, **changes: Any
) -> OnboardingSession:
    """Put the case back into the queue. Raises as `take`."""
    with transaction.atomic():
        _lock_waiting(session)
        hold(session, by)
        let_go(session, **changes)
        events.record(name, {"reason": reason}, session=session, actor=by)
    return session


release = partial(_return, name=Name.CASE_RELEASED)
snooze = partial(_return, name=Name.CASE_SNOOZED, snoozed_until=Now() + SNOOZED_FOR)
escalate = partial(_return, name=Name.CASE_ESCALATED, escalated_at=Now())


def note(*, session: OnboardingSession, by: AbstractBaseUser, reason: str) -> OnboardingSession:
    """Write a note into the case's timeline, whoever has it."""
    events.record(Name.CASE_NOTED, {"reason": reason}, session=session, actor=by)
    return session


def label(*, session: OnboardingSession, by: AbstractBaseUser, reason: str, outcome: Outcome) -> OnboardingSession:
    """Write down what the case turned out to be. A later label replaces it.

    Raises Forbidden if it is the reviewer's own, StaleState if it was erased.
    """
    with transaction.atomic():
        if not OnboardingSession.objects.select_for_update().filter(pk=session.pk).exists():  # first, as everywhere
            raise StaleState
        _is_not_own(session, by)
        Case.objects.update_or_create(pk=session.pk, defaults={"outcome": outcome})
        events.record(Name.CASE_LABELLED, {"reason": reason, "outcome": outcome}, session=session, actor=by)
    return session
