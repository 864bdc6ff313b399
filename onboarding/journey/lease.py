"""The lease of a number: only one browser at a time gets its codes.

Twilio sends the same code to everybody who asks within ten minutes. Without a lease, a code would pass in two browsers.
"""

from datetime import timedelta

from django.db import connection
from django.db.models import Case, F, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Now

from onboarding import limits
from onboarding.domain.budgets import NUMBER_OWNER
from onboarding.domain.errors import Limited
from onboarding.journey.clock import CODE_LIFE
from onboarding.models import Lease, OnboardingSession

NOW = {"postgresql": "statement_timestamp()", "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')"}
END = {
    "postgresql": "statement_timestamp() + make_interval(secs => %s)",
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', %s || ' seconds')",
}
# One statement, since every text waits for it. A lease that goes on keeps its end.
ACQUIRE = """
    INSERT INTO onboarding_lease AS lease (key, journey, ends_at) VALUES (%s, %s, {end})
    ON CONFLICT (key) DO UPDATE SET journey = excluded.journey,
        ends_at = CASE WHEN lease.journey = excluded.journey AND lease.ends_at > {now}
            THEN lease.ends_at ELSE excluded.ends_at END
    WHERE lease.journey = excluded.journey OR lease.ends_at <= {now} OR %s
    RETURNING ends_at = {end}"""


def acquire(session: OnboardingSession) -> bool:
    """Give the number to the session's journey. Return False if the journey already has it: its end does not change.

    Raises Limited if another journey has it. With `watch_only`, the newest browser always gets it.
    """
    budget, vendor = limits.in_force(NUMBER_OWNER), connection.vendor
    journey = Lease._meta.get_field("journey").get_db_prep_value(session.journey, connection)
    with connection.cursor() as cursor:
        cursor.execute(
            ACQUIRE.format(now=NOW[vendor], end=END[vendor]),
            [_key(session), journey, budget.every_s, budget.watch_only, budget.every_s],
        )
        row = cursor.fetchone()
    if row is None:
        raise Limited(NUMBER_OWNER.name, _time_left(session))
    return bool(row[0])


def record_code(session: OnboardingSession, sid: str) -> dict[str, Combinable]:
    """Keep the code of verification `sid` for the journey's next session, to which Twilio sends the same code.

    Returns the session's columns of it. Only a new code begins its time and its guesses, and moves the lease's end.
    """
    known = Q(verification_sid=sid)
    new = {
        "code_sent_at": Now(),
        "guesses": Value(0),
        "ends_at": Now() + timedelta(seconds=limits.in_force(NUMBER_OWNER).every_s),
    }
    kept = {name: Case(When(known, then=F(name)), default=value) for name, value in new.items()}
    _mine(session).update(verification_sid=sid, **kept)
    return {
        "code_sent_at": Coalesce(Subquery(_mine(session).values("code_sent_at")), Now()),
        "guesses": Coalesce(Subquery(_mine(session).values("guesses")), 0),
    }


def save_guesses(session: OnboardingSession, guesses: int) -> bool:
    """Keep how often the code was guessed. Return False if the session's journey does not have the number now."""
    carry_over(session)
    held = _mine(session).filter(ends_at__gt=Now())
    return bool(held.update(verification_sid=session.verification_sid, guesses=guesses))


def code_elsewhere(session: OnboardingSession, *, most_guesses: int) -> dict[str, object]:
    """Return the session's columns of the code that another browser has now; empty if there is none to guess."""
    sent = Lease.objects.filter(key=_key(session), ends_at__gt=Now(), code_sent_at__gt=Now() - CODE_LIFE)
    valid = sent.filter(guesses__lt=most_guesses).exclude(verification_sid="")
    return dict(valid.values("verification_sid", "code_sent_at", "guesses", send_again_at=F("ends_at")).first() or {})


def guess_elsewhere(session: OnboardingSession) -> bool:
    """Count a guess of the code that another browser has now. Return False if it is another code."""
    theirs = _of_the_code(session).filter(ends_at__gt=Now())
    return bool(theirs.update(guesses=F("guesses") + 1))


def uncount_guess(session: OnboardingSession) -> None:
    """Give the latest guess back, which was not made. Of a code that another browser has, only its count is known."""
    if not save_guesses(session, session.guesses):
        _of_the_code(session).filter(guesses__gt=0).update(guesses=F("guesses") - 1)


def release(session: OnboardingSession) -> None:
    """Free the number: the code was used, or none was sent."""
    (_mine(session) | _of_the_code(session))._raw_delete(connection.alias)


def _time_left(session: OnboardingSession) -> timedelta:
    left = Lease.objects.filter(key=_key(session)).values_list(F("ends_at") - Now(), flat=True).first()
    return left or timedelta(seconds=1)  # no row: it was released meanwhile


def _mine(session: OnboardingSession) -> QuerySet[Lease]:
    return Lease.objects.filter(key=_key(session), journey=session.journey)


def _of_the_code(session: OnboardingSession) -> QuerySet[Lease]:
    sent = Lease.objects.filter(key=_key(session), verification_sid=session.verification_sid)
    return sent.exclude(verification_sid="")


def carry_over(session: OnboardingSession) -> None:
    """Let a lease under a former secret go on under the one in use, unless there is one."""
    for old in limits.former_keys(NUMBER_OWNER, session.phone.subscriber):
        if not Lease.objects.filter(key=_key(session)).exists():
            Lease.objects.filter(key=old).update(key=_key(session))


def _key(session: OnboardingSession) -> str:
    return limits.key(NUMBER_OWNER, session.phone.subscriber)
