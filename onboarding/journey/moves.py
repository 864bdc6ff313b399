"""How a session moves: by compare-and-swap, with its line in the diary. Only `flow` moves sessions."""

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from onboarding import events
from onboarding.domain.errors import Overtaken
from onboarding.domain.states import Notice, State, may_move
from onboarding.models import OnboardingSession


def move(
    session: OnboardingSession, to: State, name: events.Name, facts: events.Facts | None = None, **changes: object
) -> OnboardingSession:
    """Compare-and-swap on state and version, with its line in the diary. Raises Overtaken."""
    origin = State(session.state)
    if not may_move(origin, to):
        raise Overtaken
    with transaction.atomic():
        moved = OnboardingSession.objects.filter(pk=session.pk, state=origin, version=session.version).update(
            **{"state": to, "version": F("version") + 1, "moved_at": Now(), "notice": "", **changes}
        )
        if not moved:
            raise Overtaken
        session.refresh_from_db()
        events.moved(session, name, from_state=origin, facts=facts or {})
    return session


def tell(session: OnboardingSession, notice: Notice) -> OnboardingSession:
    OnboardingSession.objects.filter(pk=session.pk, version=session.version).update(notice=notice)
    session.notice = notice
    return session


def holds(session: OnboardingSession, **condition: object) -> bool:
    """By the database's clock, the only one that every node shares."""
    return OnboardingSession.objects.filter(pk=session.pk, version=session.version, **condition).exists()
