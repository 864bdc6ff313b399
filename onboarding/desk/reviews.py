"""The reviewers' verbs: they clear or decline a session and reveal a number. None changes a session's state."""

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


def approve(*, session: OnboardingSession, by: AbstractBaseUser, reason: str) -> OnboardingSession:
    """Clear the session's failure reasons for its number, for CLEARANCE_LIFE. The person has to start again.

    Returns the session. Raises StaleState if it does not wait for a reviewer.
    """
    return _review(session, Review.APPROVED, Name.REVIEW_APPROVED, by=by, reason=reason)


def decline(*, session: OnboardingSession, by: AbstractBaseUser, reason: str) -> OnboardingSession:
    """Decline the session, and return it. Raises StaleState if it does not wait for a reviewer."""
    return _review(session, Review.DECLINED, Name.REVIEW_DECLINED, by=by, reason=reason)


def _review(
    session: OnboardingSession, decision: Review, name: Name, *, by: AbstractBaseUser, reason: str
) -> OnboardingSession:
    """Record the decision, once. The session keeps its final state."""
    with transaction.atomic():
        waiting = OnboardingSession.objects.filter(pk=session.pk, state=State.IN_REVIEW, review="")
        if not waiting.update(review=decision, reviewed_at=Now()):
            raise StaleState
        session.refresh_from_db()
        events.record(name, {"reason": reason}, session=session, actor=by)
    return session


def reveal(*, of: OnboardingSession | Binding, by: AbstractBaseUser, reason: str) -> Number:
    """Return the whole number, and write to the event log who saw it and why. Raises Limited."""
    about: dict[str, object] = {"session" if isinstance(of, OnboardingSession) else "binding": of}
    with transaction.atomic():
        limits.charge([Charge(REVEALS, by.get_username())])
        events.record(Name.NUMBER_REVEALED, {"reason": reason}, actor=by, **about)
    return of.phone
