"""The reviewers' verbs: they clear or decline a session and reveal a number. None changes a session's state."""

from collections.abc import Collection

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models.functions import Now

from onboarding import events, limits
from onboarding.domain.budgets import REVEALS, Charge
from onboarding.domain.errors import StaleState
from onboarding.domain.phone import Number
from onboarding.domain.states import Review, State
from onboarding.events import Name
from onboarding.models import Binding, OnboardingSession
from onboarding.telemetry.observation import verb


@verb
def approve(*, session: OnboardingSession, by: AbstractBaseUser, reason: str) -> OnboardingSession:
    """End the session's hold or decline, and clear its reasons for one more try of its journey, for CLEARANCE_LIFE.

    Returns the session. Raises StaleState if a reviewer decided before, or there is nothing to lift.
    """
    states = (State.IN_REVIEW, State.DECLINED)
    return _review(session, Review.APPROVED, Name.REVIEW_APPROVED, states, by=by, reason=reason)


@verb
def decline(*, session: OnboardingSession, by: AbstractBaseUser, reason: str) -> OnboardingSession:
    """Decline the session, and return it. Raises StaleState if it does not wait for a reviewer."""
    return _review(session, Review.DECLINED, Name.REVIEW_DECLINED, (State.IN_REVIEW,), by=by, reason=reason)


def _review(
    session: OnboardingSession,
    decision: Review,
    name: Name,
    states: Collection[State],
    *,
    by: AbstractBaseUser,
    reason: str,
) -> OnboardingSession:
    """Record the decision, once. The session keeps its final state."""
    with transaction.atomic():
        waiting = OnboardingSession.objects.filter(pk=session.pk, state__in=states, review="")
        if not waiting.update(review=decision, reviewed_at=Now()):
            raise StaleState
        session.refresh_from_db()
        events.record(name, {"reason": reason}, session=session, actor=by)
    return session


@verb
def reveal(*, of: OnboardingSession | Binding, by: AbstractBaseUser, reason: str) -> Number:
    """Return the whole number, and write to the event log who saw it and why. Raises Limited."""
    about: dict[str, object] = {"session" if isinstance(of, OnboardingSession) else "binding": of}
    with transaction.atomic():
        limits.charge([Charge(REVEALS, by.get_username())])
        events.record(Name.NUMBER_REVEALED, {"reason": reason}, actor=by, **about)
    return of.phone
