"""Risk signals about a number besides Prove's answer: reviewers' clearances, recent rebinds, the type of line."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from onboarding import events
from onboarding.domain.errors import UpstreamError
from onboarding.domain.policy import UNKNOWN_LINE
from onboarding.domain.states import Review
from onboarding.events import Name
from onboarding.models import Binding, OnboardingSession
from onboarding.upstream.lookup import lookup

CLEARANCE_LIFE = timedelta(hours=24)
LINE_TYPE_LIFE = timedelta(days=30)  # a line seldom changes its type, and every look-up costs money


def cleared_reasons(number: str) -> frozenset[str]:
    """Return the reasons that reviewers cleared for this number within CLEARANCE_LIFE."""
    approved = OnboardingSession.objects.filter(
        number=number, review=Review.APPROVED, reviewed_at__gt=Now() - CLEARANCE_LIFE
    )
    return frozenset(code for reasons in approved.values_list("failure_reasons", flat=True) for code in reasons)


def moved_lately(number: str, key: Binding | None) -> bool:
    """Return whether the number, or the binding `key` of this browser, was rebound within REBIND_COOLING_OFF."""
    moved = Binding.objects.filter(moved_from__isnull=False, created_at__gt=Now() - settings.REBIND_COOLING_OFF)
    return moved.filter(Q(number=number) | Q(moved_from__number=number) | Q(pk=key and key.pk)).exists()


def line_type(session: OnboardingSession) -> str:
    """Return Twilio's line type for the session's number and keep it on the session; empty if TWILIO_LOOKUP is off.

    A failed look-up gives UNKNOWN_LINE.
    """
    if not settings.TWILIO_LOOKUP:
        return ""
    session.line_type = _known(session.number) or _looked_up(session)
    OnboardingSession.objects.filter(pk=session.pk).update(line_type=session.line_type)
    return session.line_type


def _known(number: str) -> str:
    of_the_number = OnboardingSession.objects.filter(number=number, created_at__gt=Now() - LINE_TYPE_LIFE)
    found = of_the_number.exclude(line_type__in=("", UNKNOWN_LINE)).values_list("line_type", flat=True)
    return found.first() or ""


def _looked_up(session: OnboardingSession) -> str:
    try:
        found = lookup().line_type(session.number)
    except UpstreamError as error:
        events.record(Name.LINE_UNANSWERED, events.error_facts(error), session=session)
        return UNKNOWN_LINE
    events.record(Name.LINE_ANSWERED, {"line_type": found}, session=session)
    return found
