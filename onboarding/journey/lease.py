"""One owner per number at a time: whose browser gets its codes. A stranger with the same number waits for the end.

Twilio sends every browser that asks within ten minutes the same code, so without this a code would open two sessions.
"""

from datetime import timedelta

from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.functions import Now

from onboarding import limits
from onboarding.domain.budgets import NUMBER_OWNER
from onboarding.domain.errors import Limited
from onboarding.models import Lease, OnboardingSession


def acquire(session: OnboardingSession) -> bool:
    """The session's browser owns its number from now on, or Limited. False if it did already: that prolongs nothing."""
    budget = limits.in_force(NUMBER_OWNER)
    ends_at = Now() + timedelta(seconds=budget.every_s)
    Lease.objects.bulk_create([Lease(key=_key(session), journey=session.journey, ends_at=Now())], ignore_conflicts=True)
    mine, over = Q(journey=session.journey), Q(ends_at__lte=Now())
    lease = Lease.objects.filter(key=_key(session))
    free = lease if budget.watch_only else lease.filter(mine | over)
    keep = When(mine & ~over, then=F("ends_at"))
    held = lease.filter(mine & ~over).exists()
    if not free.update(journey=session.journey, ends_at=Case(keep, default=ends_at)):
        left = lease.values_list(F("ends_at") - Now(), flat=True).first()
        raise Limited(budget.name, left or timedelta(seconds=1))  # none: it was given up just now
    return not held


def renew(session: OnboardingSession) -> None:
    """Twilio has begun a new code: the lease ends with it."""
    life = timedelta(seconds=limits.in_force(NUMBER_OWNER).every_s)
    _mine(session).update(ends_at=Now() + life)


def code(session: OnboardingSession, sid: str) -> dict[str, object]:
    """When the code of verification `sid` was sent, and how often it was guessed; empty for a new one."""
    known = _mine(session).filter(verification_sid=sid).values("code_sent_at", "guesses")
    return dict(known.first() or {})


def note(session: OnboardingSession) -> None:
    """What became of the session's code, for a later session of the same browser: Twilio sends it the same code."""
    columns = ("verification_sid", "code_sent_at", "guesses")
    _mine(session).update(**{name: getattr(session, name) for name in columns})


def release(session: OnboardingSession) -> None:
    """The code was used, or none was sent: the next may have the number."""
    _mine(session).delete()


def holds(session: OnboardingSession) -> bool:
    return _mine(session).filter(ends_at__gt=Now()).exists()


def _mine(session: OnboardingSession) -> QuerySet[Lease]:
    return Lease.objects.filter(key=_key(session), journey=session.journey)


def _key(session: OnboardingSession) -> str:
    return limits.key(NUMBER_OWNER, session.number)
