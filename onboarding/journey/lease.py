"""The lease of a number: only one browser at a time gets its codes.

Twilio sends the same code to everybody who asks within ten minutes. Without a lease, a code would pass in two browsers.
"""

from datetime import timedelta

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from onboarding import limits
from onboarding.domain.budgets import NUMBER_OWNER
from onboarding.domain.errors import Limited
from onboarding.models import Lease, OnboardingSession


def acquire(session: OnboardingSession) -> bool:
    """Give the number to the session's journey. Return False if the journey already has it: its end does not change.

    Raises Limited if another journey has it.
    """
    new_end = Now() + timedelta(seconds=limits.in_force(NUMBER_OWNER).every_s)
    created = Lease(key=_key(session), journey=session.journey, ends_at=Now())  # already ended, so free
    Lease.objects.bulk_create([created], ignore_conflicts=True)
    if _current(session).exists():
        return False
    if not _free(session).update(journey=session.journey, ends_at=new_end):
        raise Limited(NUMBER_OWNER.name, _time_left(session))
    return True


def restart(session: OnboardingSession) -> None:
    """Let the lease end with a new code of Twilio's."""
    _mine(session).update(ends_at=Now() + timedelta(seconds=limits.in_force(NUMBER_OWNER).every_s))


def known_code(session: OnboardingSession, sid: str) -> dict[str, object]:
    """Return `code_sent_at` and `guesses` of the code of verification `sid`; empty if the code is new."""
    known = _mine(session).filter(verification_sid=sid).values("code_sent_at", "guesses")
    return dict(known.first() or {})


def save_code(session: OnboardingSession) -> None:
    """Keep the state of the code for the next session of this browser, to which Twilio sends the same code."""
    columns = ("verification_sid", "code_sent_at", "guesses")
    _mine(session).update(**{name: getattr(session, name) for name in columns})


def release(session: OnboardingSession) -> None:
    """Free the number: the code was used, or none was sent."""
    _mine(session).delete()


def is_held(session: OnboardingSession) -> bool:
    """Return whether the session's journey has the number now."""
    return _current(session).exists()


def _free(session: OnboardingSession) -> QuerySet[Lease]:
    """Return the number's lease if it can be taken. With `watch_only`, the newest browser always gets it."""
    lease = Lease.objects.filter(key=_key(session))
    if limits.in_force(NUMBER_OWNER).watch_only:
        return lease
    return lease.filter(Q(journey=session.journey) | Q(ends_at__lte=Now()))


def _time_left(session: OnboardingSession) -> timedelta:
    left = Lease.objects.filter(key=_key(session)).values_list(F("ends_at") - Now(), flat=True).first()
    return left or timedelta(seconds=1)  # no row: it was released meanwhile


def _current(session: OnboardingSession) -> QuerySet[Lease]:
    return _mine(session).filter(ends_at__gt=Now())


def _mine(session: OnboardingSession) -> QuerySet[Lease]:
    return Lease.objects.filter(key=_key(session), journey=session.journey)


def _key(session: OnboardingSession) -> str:
    return limits.key(NUMBER_OWNER, session.phone.subscriber)
