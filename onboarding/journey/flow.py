"""The verbs of the journey: every function that changes a session's state, in the order of the journey.

Each one claims its step by a compare-and-swap, calls the vendor with no transaction open, and records the result by a
second compare-and-swap. A lost compare-and-swap raises StaleState: the caller shows the page of the current state.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F
from django.db.models.functions import Greatest, Least, Now
from django.utils.translation import get_language

from onboarding import events, limits
from onboarding.domain import budgets
from onboarding.domain.budgets import Address
from onboarding.domain.errors import Busy, Garbled, Refused, StaleState, Unreachable, UpstreamError
from onboarding.domain.phone import Number
from onboarding.domain.policy import REBIND, Judgement, Verdict
from onboarding.domain.states import AFTER_LOST_CLAIM, CANNOT_SEND, CLAIMS, WAITING, Channel, Notice, State
from onboarding.events import Name
from onboarding.journey import lease, risk, security_texts
from onboarding.journey.answers import AFTER_VERDICT, answer_columns, answer_facts, judge_answer, judge_device_answer
from onboarding.journey.bindings import link
from onboarding.journey.clock import CLAIM_TIMEOUT, CODE_LIFE, SESSION_LIFE
from onboarding.journey.transitions import matches, set_notice, transition
from onboarding.models import Binding, OnboardingSession
from onboarding.upstream.prove import UnifyAnswer, prove
from onboarding.upstream.twilio import LOCALES, Refusal, TwilioRefused, twilio

RESEND_WAITS = (timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120), timedelta(seconds=300))
SENDS = len(RESEND_WAITS)  # per session
GUESSES = 5  # per verification
WHY_SPENT = {Refusal.GONE: Notice.CODE_EXPIRED, Refusal.TOO_MANY_CHECKS: Notice.TOO_MANY_GUESSES}
STATUS_CALLS = 10  # per session

Columns = Mapping[str, object]


@dataclass(frozen=True)
class Opened:
    """A started flow. The authToken goes into this one answer to the browser; it is not stored."""

    session: OnboardingSession
    auth_token: str = field(repr=False)


# --- The number, and the device --------------------------------------------------------------------------------


def start(
    *,
    number: Number,
    start_key: uuid.UUID,
    accepted: str,
    previous: OnboardingSession | None,
    address: Address,
    recalled: bool = False,
) -> Opened:
    """Start a flow at Prove for `number`; `previous`, the browser's session so far, becomes superseded.

    `accepted` is the version of the legal notices that the person accepted. `recalled` says that the browser remembered
    the number. Raises UpstreamError; Limited; StaleState if `previous` already waits for a code for the same number (it
    was started in another tab) or if `start_key` was used.
    """
    if previous is not None and previous.state in WAITING and previous.number == number.e164:
        raise StaleState
    how = {"rebind": False, "recalled": recalled, "notices_version": accepted, "notices_accepted_at": Now()}
    return _open(number=number, start_key=start_key, previous=previous, address=address, how=how)


def rebind(*, session: OnboardingSession, key: Binding | None, address: Address) -> Opened:
    """Start a new flow that moves this device's key to the session's number, as the person agreed to.

    `key` is the binding that this browser is verified by. Raises as `start` does; if Prove fails, the new session has
    the offer. Raises StaleState, with the reason set on the session, if the rebind is held or too soon.
    """
    if session.state != State.REBIND_OFFERED:
        raise StaleState
    if risk.moved_lately(session.number, key):
        if session.notice != Notice.MOVED_LATELY:
            events.record(Name.REBIND_TOO_SOON, {}, session=session)
            set_notice(session, Notice.MOVED_LATELY)
        raise StaleState
    if settings.REBIND_REVIEW and REBIND not in risk.cleared_reasons(session.number):
        reasons = {**session.failure_reasons, REBIND: "Every move of a key waits for a reviewer."}
        transition(session, State.IN_REVIEW, Name.REBIND_HELD, failure_reasons=reasons)
        raise StaleState
    how = {name: getattr(session, name) for name in ("recalled", "notices_version", "notices_accepted_at")}
    how |= {"rebind": True, "moves_from": key or session.moves_from}
    return _open(number=session.phone, start_key=uuid.uuid4(), previous=session, address=address, how=how)


def _open(
    *, number: Number, start_key: uuid.UUID, previous: OnboardingSession | None, address: Address, how: Columns
) -> Opened:
    session = _asked(number=number, start_key=start_key, previous=previous, address=address, how=how)
    try:
        flow = prove().unify(
            number=number.e164,
            client_request_id=str(session.client_request_id),
            rebind=session.rebind,
            check_reputation=settings.PROVE_CHECK_REPUTATION,
        )
        transition(session, State.STARTED, Name.FLOW_ANSWERED, correlation_id=flow.correlation_id)
    except UpstreamError as error:
        if _never_happened(error):
            limits.refund(budgets.starts(address))
        _not_opened(session, error)
        raise
    except IntegrityError:  # a correlationId of an earlier session
        reused = Garbled("prove", "unify")
        _not_opened(session, reused)
        raise reused from None
    return Opened(session, flow.auth_token)


def _not_opened(session: OnboardingSession, error: UpstreamError) -> None:
    """Record the failure. After a rebind the offer stands again."""
    after, notice = (State.REBIND_OFFERED, Notice.TRY_AGAIN) if session.rebind else (State.FAILED, "")
    transition(session, after, Name.FLOW_UNANSWERED, events.error_facts(error), notice=notice)


def _asked(
    *, number: Number, start_key: uuid.UUID, previous: OnboardingSession | None, address: Address, how: Columns
) -> OnboardingSession:
    with transaction.atomic():
        if previous is not None and not previous.is_final:
            transition(previous, State.SUPERSEDED, Name.FLOW_SUPERSEDED)
        session, new = OnboardingSession.objects.get_or_create(
            start_key=start_key,
            defaults={
                "journey": previous.journey if previous else uuid.uuid4(),
                "number": number.e164,
                "previous": previous,
                "expires_at": Now() + SESSION_LIFE,
                **how,
            },
        )
        if not new:
            raise StaleState
        limits.charge(budgets.starts(address))
        session.refresh_from_db()
        events.record_transition(session, Name.FLOW_ASKED, from_state="", facts={"rebind": session.rebind})
    return session


def check_device(*, session: OnboardingSession, address: Address) -> OnboardingSession:
    """Ask Prove what the device proved, now that the Web SDK has finished, and follow the answer.

    Raises UpstreamError if Prove gave no answer; Limited if a code is needed and none may be sent now.
    """
    transition(session, State.CHECKING_DEVICE, Name.DEVICE_ASKED, status_calls=F("status_calls") + 1)
    try:
        answer = prove().unify_status(
            correlation_id=str(session.correlation_id), client_request_id=str(session.client_request_id)
        )
    except UpstreamError as error:
        _still_checking(session, Notice.TRY_AGAIN, Name.DEVICE_UNANSWERED, events.error_facts(error))
        if session.is_final:
            return session
        raise
    judgement = judge_device_answer(session, answer)
    if judgement.verdict is Verdict.GO_ON:
        return _succeed(session, State.AUTHENTICATED, answer, Name.DEVICE_ANSWERED, judgement)
    facts = answer_facts(answer, judgement)
    if judgement.verdict is Verdict.WAIT:
        return _still_checking(
            session, Notice.STILL_CHECKING, Name.DEVICE_ANSWERED, facts, answer_columns(answer, judgement)
        )
    transition(
        session, AFTER_VERDICT[judgement.verdict], Name.DEVICE_ANSWERED, facts, **answer_columns(answer, judgement)
    )
    return send_code(session=session, address=address) if session.state == State.POSSESSION_REQUIRED else session


def _still_checking(
    session: OnboardingSession, notice: Notice, name: Name, facts: events.Facts, known: Columns = MappingProxyType({})
) -> OnboardingSession:
    if session.status_calls >= STATUS_CALLS:
        return transition(session, State.EXPIRED, name, facts, **known)
    return transition(session, State.STARTED, name, facts, **{**known, "notice": notice})


# --- The code ----------------------------------------------------------------------------------------------------


def send_code(*, session: OnboardingSession, address: Address, channel: Channel = Channel.SMS) -> OnboardingSession:
    """Send a code by text or call, in the language of the page. Raises Limited.

    The budgets are charged before the send and refunded only if Twilio surely sent nothing.
    """
    if session.sends >= SENDS:
        return set_notice(session, Notice.TOO_MANY_SENDS)
    if matches(session, send_again_at__gt=Now()):
        return set_notice(session, Notice.TOO_SOON)
    wait, earlier = RESEND_WAITS[session.sends], session.channel
    charges = list(budgets.sends(session.phone, address, cents=settings.TEXT_PRICE_CENTS))
    counted = {"sends": F("sends") + 1, "send_again_at": Now() + wait}
    with transaction.atomic():
        transition(session, State.SENDING_CODE, Name.CODE_ASKED, {}, channel=channel, **counted)
        is_new = lease.acquire(session)
        limits.charge(charges)
    try:
        locale = LOCALES.get(get_language() or "")
        verification = twilio().start(to=session.number, channel=session.channel, locale=locale)
    except UpstreamError as error:
        if _never_happened(error):
            limits.refund(charges)
            if is_new:
                lease.release(session)
        return _not_sent(session, error, earlier)
    changes = lease.known_code(session, verification.sid)  # of a resend, which keeps sid, code and expiry
    if not changes:
        lives = Greatest("expires_at", Least(Now(), F("created_at") + SESSION_LIFE) + CODE_LIFE)
        changes = {"code_sent_at": Now(), "guesses": 0, "expires_at": lives}
        lease.restart(session)
    changes |= {"verification_sid": verification.sid}
    with transaction.atomic():
        transition(session, State.CODE_SENT, Name.CODE_SENT, {"send": session.sends}, **changes)
        lease.save_code(session)
    return session


def _not_sent(session: OnboardingSession, error: UpstreamError, earlier: str) -> OnboardingSession:
    """Return to the state before the send. An earlier code stays valid, and keeps its channel."""
    changes: dict[str, object] = {"notice": Notice.SEND_UNKNOWN}
    if _never_happened(error):
        wait = error.retry_after if isinstance(error, Busy) else timedelta(0)
        changes = {"notice": Notice.SEND_FAILED, "sends": F("sends") - 1, "send_again_at": Now() + wait}
    elif isinstance(error, Refused):
        changes = {"notice": CANNOT_SEND[Channel(session.channel)]}
    back = State.CODE_SENT if session.verification_sid else State.POSSESSION_REQUIRED
    return transition(session, back, Name.CODE_UNANSWERED, events.error_facts(error), channel=earlier, **changes)


def _never_happened(error: UpstreamError) -> bool:
    """Return whether the call surely had no effect, for a reason that is not the person's."""
    ours = isinstance(error, TwilioRefused) and error.refusal is Refusal.CONFIGURATION
    return ours or isinstance(error, Unreachable | Busy)


def check_code(*, session: OnboardingSession, code: str) -> OnboardingSession:
    """Check one guess, which is counted before it is compared. If Twilio approves it, bind. Raises Limited."""
    if session.state != State.CODE_SENT:
        raise StaleState
    if matches(session, code_sent_at__lte=Now() - CODE_LIFE) or not lease.is_held(session):
        return _code_is_spent(session, Name.CODE_EXPIRED, {}, Notice.CODE_EXPIRED)
    if session.guesses >= GUESSES:
        return _code_is_spent(session, Name.CODE_EXPIRED, {}, Notice.TOO_MANY_GUESSES)
    with transaction.atomic():
        transition(session, State.CHECKING_CODE, Name.GUESS_ASKED, guesses=F("guesses") + 1)
        lease.save_code(session)
        limits.charge(budgets.guesses(session.phone))
    try:
        approved = twilio().check(sid=session.verification_sid, to=session.number, code=code)
    except UpstreamError as error:
        return _guess_unanswered(session, error)
    facts = {"approved": approved, "guess": session.guesses}
    if approved:
        transition(
            session,
            State.POSSESSION_PASSED,
            Name.GUESS_ANSWERED,
            facts,
            approved_at=Now(),
            expires_at=Now() + CODE_LIFE,
        )
        _number_was_proved(session)
        return bind(session=session)
    return _guess_was_wrong(session, Name.GUESS_ANSWERED, facts)


def _guess_was_wrong(session: OnboardingSession, name: Name, facts: events.Facts) -> OnboardingSession:
    if session.guesses >= GUESSES:
        return _code_is_spent(session, name, facts, Notice.TOO_MANY_GUESSES)
    return transition(session, State.CODE_SENT, name, facts, notice=Notice.CODE_WRONG)


def _number_was_proved(session: OnboardingSession) -> None:
    """Release the lease, reset the number's guesses, and refund the shared budgets."""
    lease.release(session)
    limits.reset(budgets.guesses_of(session.phone))
    limits.refund(budgets.owed_to(session.phone))


def _guess_unanswered(session: OnboardingSession, error: UpstreamError) -> OnboardingSession:
    name, facts = Name.GUESS_UNANSWERED, events.error_facts(error)
    if _never_happened(error):
        limits.refund(budgets.guesses(session.phone))
        transition(session, State.CODE_SENT, name, facts, guesses=F("guesses") - 1, notice=Notice.TRY_AGAIN)
        lease.save_code(session)
        return session
    refusal = error.refusal if isinstance(error, TwilioRefused) else Refusal.OTHER
    if refusal is Refusal.CODE:
        return _guess_was_wrong(session, name, facts)
    return _code_is_spent(session, name, facts, WHY_SPENT.get(refusal, Notice.CODE_UNKNOWN))


def _code_is_spent(session: OnboardingSession, name: Name, facts: events.Facts, notice: Notice) -> OnboardingSession:
    """Require another code. After too many guesses Twilio sends none until the old one has expired."""
    changes: dict[str, object] = {"verification_sid": "", "notice": notice}
    if notice is Notice.TOO_MANY_GUESSES:
        changes["send_again_at"] = F("code_sent_at") + CODE_LIFE
    return transition(session, State.POSSESSION_REQUIRED, name, facts, **changes)


# --- The bind ----------------------------------------------------------------------------------------------------


def bind(*, session: OnboardingSession) -> OnboardingSession:
    """Spend the approval: ask Prove to bind number and key. May be called again only if Prove surely did nothing."""
    transition(session, State.BINDING, Name.BIND_ASKED)
    try:
        answer = prove().unify_bind(
            correlation_id=str(session.correlation_id),
            number=session.number,
            client_request_id=str(session.client_request_id),
        )
    except UpstreamError as error:
        return _bind_unanswered(session, error)
    judgement = judge_answer(session, answer)
    if judgement.verdict is Verdict.GO_ON:
        return _succeed(session, State.BOUND, answer, Name.BIND_ANSWERED, judgement)
    after = State.DECLINED if judgement.verdict is Verdict.DECLINE else State.IN_REVIEW
    return transition(
        session, after, Name.BIND_ANSWERED, answer_facts(answer, judgement), **answer_columns(answer, judgement)
    )


def _bind_unanswered(session: OnboardingSession, error: UpstreamError) -> OnboardingSession:
    facts = events.error_facts(error)
    if isinstance(error, Unreachable | Busy) or error.status == 401:
        return transition(session, State.POSSESSION_PASSED, Name.BIND_UNANSWERED, facts, notice=Notice.TRY_AGAIN)
    after = State.IN_REVIEW if isinstance(error, Refused) else State.BIND_UNKNOWN
    return transition(session, after, Name.BIND_UNANSWERED, facts)


def _succeed(
    session: OnboardingSession, to: State, answer: UnifyAnswer, name: Name, judgement: Judgement
) -> OnboardingSession:
    seen = session.state, session.version
    try:
        moved_from = _record_success(session, to, answer, name, judgement)
    except (IntegrityError, OperationalError):  # another session linked the same key or person at the same time
        session.state, session.version = seen  # the compare-and-swap still expects what was read
        moved_from = _record_success(session, to, answer, name, judgement)
    if moved_from is not None:
        security_texts.send_moved_away(moved_from)
    return session


def _record_success(
    session: OnboardingSession, to: State, answer: UnifyAnswer, name: Name, judgement: Judgement
) -> Binding | None:
    with transaction.atomic():
        linked = link(session, answer)
        transition(
            session,
            to,
            name,
            answer_facts(answer, judgement),
            binding=linked.binding,
            **answer_columns(answer, judgement),
        )
        if linked.is_new and to is State.AUTHENTICATED:
            _observe_bind(session.number)
    return linked.moved_from


def _observe_bind(number: str) -> None:
    """Record that a bind whose answer was lost did happen: Prove recognised a key that no other bind of ours tied."""
    lost = OnboardingSession.objects.filter(number=number, state=State.BIND_UNKNOWN)
    if session := lost.exclude(events__name=Name.BIND_OBSERVED).first():
        events.record(Name.BIND_OBSERVED, {}, session=session)


# --- Later -------------------------------------------------------------------------------------------------------


def abandon(*, session: OnboardingSession) -> OnboardingSession:
    """End the session, because the person starts again."""
    return transition(session, State.SUPERSEDED, Name.FLOW_SUPERSEDED)


def catch_up(*, session: OnboardingSession) -> OnboardingSession:
    """End an open session past its time, and a claim whose holder disappeared. Raises StaleState."""
    if session.state in CLAIMS and matches(session, moved_at__lte=Now() - CLAIM_TIMEOUT):
        notice = {State.SENDING_CODE: Notice.SEND_UNKNOWN, State.CHECKING_CODE: Notice.CODE_UNKNOWN}
        changes: dict[str, object] = {"notice": notice.get(State(session.state), "")}
        if session.state == State.CHECKING_CODE:
            changes["verification_sid"] = ""
        session = transition(session, AFTER_LOST_CLAIM[State(session.state)], Name.CLAIM_LOST, {}, **changes)
    if session.is_open and matches(session, expires_at__lte=Now()):
        return transition(session, State.EXPIRED, Name.FLOW_EXPIRED)
    return session
