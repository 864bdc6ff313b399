"""Risk signals besides Prove's answer: reviewers' decisions, recent rebinds, the type of line."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from onboarding import events
from onboarding.conf import conf
from onboarding.domain import budgets
from onboarding.domain.budgets import Address, Charge
from onboarding.domain.errors import UpstreamError
from onboarding.domain.phone import Number
from onboarding.domain.policy import DECLINED_BEFORE, HELD, NOT_ALLOWED, UNKNOWN_LINE
from onboarding.domain.states import Review, State
from onboarding.events import Name
from onboarding.models import Binding, OnboardingSession, of_number
from onboarding.upstream.lookup import lookup

CLEARANCE_LIFE = timedelta(hours=24)
LINE_TYPE_LIFE = timedelta(days=30)  # a line seldom changes its type, and every look-up costs money


def start_charges(number: Number, address: Address) -> Iterator[Charge]:
    """Return what a start with this number costs its address: more if no numbering plan has the number."""
    yield from budgets.starts(number, address, cents=conf.PROVE_PRICE_CENTS)
    if not number.is_listed and not number.e164.startswith(conf.TEST_NUMBERS):
        yield from budgets.unlisted(address)


def cleared_reasons(session: OnboardingSession) -> frozenset[str]:
    """Return the reasons that reviewers cleared for this journey and number within CLEARANCE_LIFE, and not yet used."""
    found = _clearances(session).values_list("failure_reasons", flat=True)
    return frozenset(code for reasons in found for code in reasons)


def use_clearance(session: OnboardingSession) -> None:
    """Use up the clearance of this journey: its number is linked now."""
    _clearances(session).update(clearance_used_at=Now())


def _clearances(session: OnboardingSession) -> QuerySet[OnboardingSession]:
    if session.previous_id is None:  # the first session of its journey: no statement is needed
        return OnboardingSession.objects.none()
    return OnboardingSession.objects.filter(
        of_number(session.number),
        journey=session.journey,
        review=Review.APPROVED,
        reviewed_at__gt=Now() - CLEARANCE_LIFE,
        clearance_used_at=None,
    )


def earlier_decision(session: OnboardingSession, device_id: str | None) -> dict[str, str]:
    """Return the reasons to hold or decline because of an earlier bind of the same number or key; empty without one.

    Only binds count, whose person had passed a code: so no stranger can have a number held up. A reviewer's approval
    ends a decision, and so does HOLD_LIFE.
    """
    same = of_number(session.number)
    same = same | Q(device_id=device_id) if device_id else same
    decided = OnboardingSession.objects.filter(same, after_a_code())
    ours = decided.exclude(review=Review.APPROVED).exclude(failure_reasons={})
    standing = ours.exclude(failure_reasons__has_key=NOT_ALLOWED)
    found = standing.values_list("state", "review", "failure_reasons").first()  # all columns take twice the CPU
    if found is None:
        return {}
    state, review, reasons = found
    if state == State.DECLINED or review == Review.DECLINED:
        return {DECLINED_BEFORE: "An earlier bind was declined."}
    return {HELD: "An earlier bind waits for a reviewer.", **reasons}


def after_a_code() -> Q:
    """Return the condition of the sessions that were held or declined after a right code, within HOLD_LIFE."""
    decided = Q(state__in=(State.IN_REVIEW, State.DECLINED), approved_at__isnull=False)
    return decided & Q(moved_at__gt=Now() - conf.HOLD_LIFE)


def moved_lately(number: str, key: Binding | None) -> bool:
    """Return whether the number, or the binding `key` of this browser, was rebound within REBIND_COOLING_OFF."""
    moved = Binding.objects.filter(moved_from__isnull=False, created_at__gt=Now() - conf.REBIND_COOLING_OFF)
    return moved.filter(of_number(number) | of_number(number, "moved_from__") | Q(pk=key and key.pk)).exists()


def line_type(session: OnboardingSession) -> str:
    """Return Twilio's line type for the session's number and keep it on the session; empty if TWILIO_LOOKUP is off.

    A failed look-up gives UNKNOWN_LINE.
    """
    if not conf.TWILIO_LOOKUP:
        return ""
    session.line_type = _known(session.number) or _looked_up(session)
    OnboardingSession.objects.filter(pk=session.pk).update(line_type=session.line_type)
    return session.line_type


def _known(number: str) -> str:
    of_the_number = OnboardingSession.objects.filter(of_number(number), created_at__gt=Now() - LINE_TYPE_LIFE)
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
