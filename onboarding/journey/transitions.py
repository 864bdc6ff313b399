"""Changes a session's state by compare-and-swap, and writes the event of it. Only `flow` calls this."""

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from onboarding import events
from onboarding.domain.errors import StaleState
from onboarding.domain.states import Notice, State, may_transition
from onboarding.models import OnboardingSession


def transition(
    session: OnboardingSession, to: State, name: events.Name, facts: events.Facts | None = None, **changes: object
) -> OnboardingSession:
    """Set the state `to` and the columns `changes` if state and version are still those of `session`; write the event.

    Returns `session`, refreshed. Raises StaleState.
    """
    origin = State(session.state)
    if not may_transition(origin, to):
        raise StaleState
    with transaction.atomic():
        updated = OnboardingSession.objects.filter(pk=session.pk, state=origin, version=session.version).update(
            **{"state": to, "version": F("version") + 1, "moved_at": Now(), "notice": "", **changes}
        )
        if not updated:
            raise StaleState
        session.refresh_from_db()
        events.record_transition(session, name, from_state=origin, facts=facts or {})
    return session


def set_notice(session: OnboardingSession, notice: Notice) -> OnboardingSession:
    """Set what the next page tells the person, unless the session has changed meanwhile."""
    OnboardingSession.objects.filter(pk=session.pk, version=session.version).update(notice=notice)
    session.notice = notice
    return session


def matches(session: OnboardingSession, **condition: object) -> bool:
    """Return whether the row still has this version and meets `condition`. `Now()` is the database's clock."""
    return OnboardingSession.objects.filter(pk=session.pk, version=session.version, **condition).exists()
