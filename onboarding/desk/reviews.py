"""The reviewers' verbs that decide: they clear or decline a session, revoke a link, and reveal a number.

None changes a session's state. Nobody decides about their own account or number, and an act that the setting
TWO_REVIEWERS names is done when a second reviewer repeats it.
"""

from collections.abc import Collection
from typing import Any, NamedTuple, cast

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import transaction
from django.db.models.functions import Now

from onboarding import events, limits, signals
from onboarding.conf import conf
from onboarding.desk import cases
from onboarding.desk.cases import LEAD, PROPOSAL_LIFE
from onboarding.domain.budgets import REVEALS, Charge
from onboarding.domain.errors import Forbidden, StaleState, Why
from onboarding.domain.phone import Number
from onboarding.domain.states import Review, State
from onboarding.events import Name
from onboarding.journey import security_texts, unlinking
from onboarding.models import Binding, Case, OnboardingSession, Proposal, of_number
from onboarding.telemetry.observation import subject, verb


class VendorIds(NamedTuple):
    """The ids that Prove and Twilio know a session by, empty for what was not asked; and that of its log lines."""

    prove_region: str
    correlation_id: str
    client_request_id: str
    verification_sid: str
    log_subject: str


@verb
def approve(*, session: OnboardingSession, by: AbstractBaseUser, reason: str) -> OnboardingSession | Proposal:
    """End the session's hold or decline, and clear its reasons for one more try of its journey, for CLEARANCE_LIFE.

    Returns the session, or the proposal if a second reviewer has to do the same. Raises Forbidden; StaleState if a
    reviewer decided before, or there is nothing to lift.
    """
    states = (State.IN_REVIEW, State.DECLINED)
    return _review(session, Review.APPROVED, Name.REVIEW_APPROVED, states, by=by, reason=reason)


@verb
def decline(*, session: OnboardingSession, by: AbstractBaseUser, reason: str) -> OnboardingSession | Proposal:
    """Decline the session. Returns and raises as `approve`; StaleState if it does not wait for a reviewer."""
    return _review(session, Review.DECLINED, Name.REVIEW_DECLINED, (State.IN_REVIEW,), by=by, reason=reason)


def _review(
    session: OnboardingSession,
    decision: Review,
    name: Name,
    states: Collection[State],
    *,
    by: AbstractBaseUser,
    reason: str,
) -> OnboardingSession | Proposal:
    """Record the decision, once. The session keeps its final state."""
    act = {Review.APPROVED: "approve", Review.DECLINED: "decline"}[decision]
    with transaction.atomic():
        waiting = OnboardingSession.objects.filter(pk=session.pk, state__in=states, review="")
        if not waiting.select_for_update().exists():
            raise StaleState
        _is_not_own_number(session, by)
        cases.hold(session, by)
        _is_not_escalated(session, by)
        if proposal := _proposed(act, by, reason, session=session):
            cases.let_go(session)
            return proposal
        if not waiting.update(review=decision, reviewed_at=Now()):
            raise StaleState
        session.refresh_from_db()
        cases.let_go(session)
        signals.announce(
            signals.ReviewDecided(session=str(session.pk), reference=session.reference, decision=decision.value)
        )
        events.record(name, {"reason": reason}, session=session, actor=by)
    security_texts.send_decision(session)
    return session


def revoke(*, binding: Binding, by: AbstractBaseUser, reason: str) -> Binding | Proposal:
    """Unlink the number from the device, here and at Prove. Returns and raises as `approve`."""
    with transaction.atomic():
        if not Binding.objects.select_for_update().filter(pk=binding.pk, confirmed=True).exists():
            raise StaleState
        if binding.user_id == by.pk:
            raise Forbidden(Why.OWN)
        _is_not_own_number(binding, by)
        if proposal := _proposed("revoke", by, reason, binding=binding):
            return proposal
    if not unlinking.unlink(binding=binding, by=by, reason=reason):  # somebody else was faster
        raise StaleState
    return binding


@verb
def reveal(*, of: OnboardingSession | Binding, by: AbstractBaseUser, reason: str) -> Number:
    """Return the whole number, and write to the event log who saw it and why. Raises Limited and Undecryptable."""
    number = of.phone
    about: dict[str, object] = {"session" if isinstance(of, OnboardingSession) else "binding": of}
    with transaction.atomic():
        limits.charge([Charge(REVEALS, by.get_username())])
        events.record(Name.NUMBER_REVEALED, {"reason": reason}, actor=by, **about)
    return number


@verb
def vendor_ids(*, session: OnboardingSession, by: AbstractBaseUser, reason: str) -> VendorIds:
    """Return what names the session to Prove and Twilio, for a ticket there, and write to the event log who saw it.

    Raises Undecryptable.
    """
    ids = VendorIds(
        prove_region=session.prove_region,
        correlation_id=session.correlation_id or "",
        client_request_id=str(session.client_request_id),
        verification_sid=session.verification_sid,
        log_subject=subject(session.number),
    )
    events.record(Name.IDS_REVEALED, {"reason": reason}, actor=by, session=session)
    return ids


def _is_not_own_number(row: OnboardingSession | Binding, by: AbstractBaseUser) -> None:
    """Raise Forbidden if the number is the reviewer's own, in whatever spelling and under whatever key."""
    if Binding.objects.filter(of_number(row.number), user_id=by.pk).exists():
        raise Forbidden(Why.OWN)


def _is_not_escalated(session: OnboardingSession, by: AbstractBaseUser) -> None:
    """Raise Forbidden if the case was escalated, and the reviewer is no lead."""
    escalated = Case.objects.filter(pk=session.pk, escalated_at__isnull=False)
    if not cast(User, by).has_perm(LEAD) and escalated.exists():
        raise Forbidden(Why.ESCALATED)


def _proposed(act: str, by: AbstractBaseUser, reason: str, **about: Any) -> Proposal | None:
    """Return None if the act may be done now, or else the proposal that was made. Raises Forbidden.

    A proposal holds for PROPOSAL_LIFE. The row that the act is about is locked.
    """
    if act not in conf.TWO_REVIEWERS:
        return None
    proposals = Proposal.objects.filter(act=act, **about)
    proposals.filter(at__lte=Now() - PROPOSAL_LIFE).delete()
    first = proposals.first()
    if first is None:
        events.record(Name.ACT_PROPOSED, {"act": act, "reason": reason}, actor=by, **about)
        return Proposal.objects.create(act=act, by_id=by.pk, **about)
    if first.by_id == by.pk:
        raise Forbidden(Why.SAME_PERSON)
    first.delete()
    return None
