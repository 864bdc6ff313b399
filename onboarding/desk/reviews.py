"""The reviewers' verbs: they let somebody try again or stop something. None moves a session, sends, checks or binds."""

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
    """The number is not held up for the same reasons again for CLEARANCE_LIFE; its owner has to start anew.

    Raises StaleState if the session does not wait for a reviewer.
    """
    return _review(session, Review.APPROVED, Name.REVIEW_APPROVED, by=by, reason=reason)


def decline(*, session: OnboardingSession, by: AbstractBaseUser, reason: str) -> OnboardingSession:
    """What was held stays a no. Raises StaleState if the session does not wait for a reviewer."""
    return _review(session, Review.DECLINED, Name.REVIEW_DECLINED, by=by, reason=reason)


def _review(
    session: OnboardingSession, word: Review, name: Name, *, by: AbstractBaseUser, reason: str
) -> OnboardingSession:
    """Once: its state is final and stays."""
    with transaction.atomic():
        waiting = OnboardingSession.objects.filter(pk=session.pk, state=State.IN_REVIEW, review="")
        if not waiting.update(review=word, reviewed_at=Now()):
            raise StaleState
        session.refresh_from_db()
        events.record(name, {"reason": reason}, session=session, actor=by)
    return session


def reveal(*, of: OnboardingSession | Binding, by: AbstractBaseUser, reason: str) -> Number:
    """The whole number, for a reviewer's eyes; the diary says whose they were, and why. Raises Limited."""
    about: dict[str, object] = {"session" if isinstance(of, OnboardingSession) else "binding": of}
    with transaction.atomic():
        limits.charge([Charge(REVEALS, by.get_username())])
        events.record(Name.NUMBER_REVEALED, {"reason": reason}, actor=by, **about)
    return of.phone
