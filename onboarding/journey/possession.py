"""The verbs of the possession check and the bind. They work as those of `flow` do."""

from copy import copy
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest, Least, Now
from django.utils.translation import get_language

from onboarding import events, hooks, limits
from onboarding.conf import conf
from onboarding.domain import budgets
from onboarding.domain.budgets import Address, Charge
from onboarding.domain.errors import Busy, HookFailed, Limited, Refused, StaleState, Unreachable, UpstreamError
from onboarding.domain.policy import NOT_ALLOWED, Judgement, Verdict, judge_line
from onboarding.domain.states import CANNOT_SEND, Channel, Notice, State
from onboarding.events import Name
from onboarding.journey import keys, lease, risk
from onboarding.journey.answers import (
    after_bind,
    answer_columns,
    answer_facts,
    gather,
    judge_bind,
    record_answer,
    record_link,
    tied_key,
)
from onboarding.journey.bindings import Linked, linked_to, proof_of
from onboarding.journey.clock import CODE_LIFE, SESSION_LIFE, has_passed
from onboarding.journey.transitions import Step, set_notice, take, transition
from onboarding.journey.unlinking import tell_prove
from onboarding.models import OnboardingSession
from onboarding.telemetry import observation
from onboarding.telemetry.observation import verb
from onboarding.upstream.prove import UnifyAnswer, prove
from onboarding.upstream.twilio import LOCALES, Refusal, TwilioRefused, twilio

RESEND_WAITS = (timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120), timedelta(seconds=300))
SENDS = len(RESEND_WAITS)  # per session
GUESSES = 5  # per verification
WHY_NOT_TEXTED = {
    Refusal.LANDLINE: Notice.LANDLINE,
    Refusal.OPTED_OUT: Notice.OPTED_OUT,
    Refusal.BLOCKED: Notice.TEXTS_BLOCKED,
}
WHY_SPENT = {Refusal.GONE: Notice.CODE_EXPIRED, Refusal.TOO_MANY_CHECKS: Notice.TOO_MANY_GUESSES}


@verb
def send_code(
    *,
    session: OnboardingSession,
    address: Address,
    channel: Channel | None = None,
    reached: Step | None = None,
    app_hash: str = "",
) -> OnboardingSession:
    """Send a code by `channel`, or by the usual one, in the language of the page; none if no channel is left.

    Raises Limited.

    `app_hash` is what an Android app recognises its text by.
    `reached` is the step to POSSESSION_REQUIRED, if it is not taken yet. It is taken even if a limit refuses the send.
    The budgets are charged before the send and refunded only if Twilio surely sent nothing.
    """
    if not session.channels:
        return session
    if not may_send(session):
        return set_notice(session, Notice.TOO_MANY_SENDS)
    if session.send_again_at and not has_passed(session.send_again_at, session):
        return set_notice(session, Notice.TOO_SOON)
    charges, before = list(budgets.sends(session.phone, address, cents=_price(session))), copy(session)
    channel = channel if channel in session.channels else session.usual_channel
    with limits.refusals_counted(session.phone, address):
        try:
            is_new = _claim_send(session, channel, reached)
        except Limited as limited:
            if _follow_elsewhere(session, reached):
                return session
            observation.refused(limited.limit, limited.wait)
            raise
        _charge_send(session, before, charges, address, is_new=is_new)
    if refused := _refused_line(session):
        sends = list(budgets.sends(session.phone, address, cents=conf.TEXT_PRICE_CENTS))  # the look-up is not free
        return _line_refused(session, refused, sends, is_new=is_new)
    try:
        locale = LOCALES.get(get_language() or "")
        verification = twilio().start(to=session.number, channel=session.channel, locale=locale, app_hash=app_hash)
    except UpstreamError as error:
        if never_happened(error):
            _unsend(session, charges, is_new=is_new)
        return _not_sent(session, error, before)
    observation.code(session, "sent")
    return _was_sent(session, verification.sid)


@verb
def find_code(*, session: OnboardingSession) -> OnboardingSession:
    """Ask Twilio for the code of a send whose answer was lost: the person says that it has arrived. Sends nothing."""
    if session.notice != Notice.SEND_UNKNOWN:
        raise StaleState
    transition(session, State.SENDING_CODE, Name.CODE_SOUGHT)
    try:
        verification = twilio().find(to=session.number)
    except UpstreamError as error:
        was_sent = not (isinstance(error, TwilioRefused) and error.refusal is Refusal.GONE)
        notice = Notice.SEND_UNKNOWN if was_sent else Notice.SEND_FAILED
        facts = events.error_facts(error)
        return transition(session, State.POSSESSION_REQUIRED, Name.CODE_UNANSWERED, facts, notice=notice)
    return _was_sent(session, verification.sid)


def _was_sent(session: OnboardingSession, sid: str) -> OnboardingSession:
    """Let the person enter the code of verification `sid`, for as long as it lives."""
    columns: dict[str, Any] = lease.record_code(session, sid)
    lives = Greatest("expires_at", Least(columns["code_sent_at"], F("created_at") + SESSION_LIFE) + CODE_LIFE)
    columns |= {"verification_sid": sid, "expires_at": lives}
    return transition(session, State.CODE_SENT, Name.CODE_SENT, {"send": session.sends}, **columns)


def _claim_send(session: OnboardingSession, channel: Channel, reached: Step | None) -> bool:
    """Claim one send. Return whether the lease is new. Raises StaleState; Limited if another browser has the number."""
    wait = RESEND_WAITS[session.sends]
    changes: dict[str, object] = {"channel": channel, "sends": F("sends") + 1, "send_again_at": Now() + wait}
    claim = Step(State.SENDING_CODE, Name.CODE_ASKED, {}, changes)
    lease.carry_over(session)
    with transaction.atomic():
        is_new = lease.acquire(session)
        take(session, [reached, claim] if reached else [claim])
    return is_new


def _follow_elsewhere(session: OnboardingSession, reached: Step | None) -> bool:
    """Return whether the person can enter the code that another browser has. Take the steps to that, or `reached`."""
    steps = [reached] if reached else []
    code = lease.code_elsewhere(session, most_guesses=GUESSES) if session.state != State.CODE_SENT else {}
    if code:
        steps.append(Step(State.CODE_SENT, Name.CODE_ELSEWHERE, {}, {**code, "notice": Notice.SENT_ELSEWHERE}))
    if steps:
        take(session, steps)
    return bool(code)


def _charge_send(
    session: OnboardingSession, before: OnboardingSession, charges: list[Charge], address: Address, *, is_new: bool
) -> None:
    """Charge the budgets, after the claim: so of many equal requests only one is charged. Raises Limited.

    A refused send waits before it may be asked for again: each one writes two events.
    """
    try:
        limits.charge(charges, address)
    except Limited as limited:
        if is_new:
            lease.release(session)
        undone = {"sends": F("sends") - 1, "send_again_at": Now() + RESEND_WAITS[0], "channel": before.channel}
        transition(session, _unsent(session), Name.CODE_REFUSED, {"limit": limited.limit}, **undone)
        raise


def _unsent(session: OnboardingSession) -> State:
    """Return the state of a session whose send did not happen. An earlier code stays valid."""
    return State.CODE_SENT if session.verification_sid else State.POSSESSION_REQUIRED


def _refused_line(session: OnboardingSession) -> Judgement | None:
    """Return the judgement on the number's type of line if no code may be sent to it, or None."""
    if not conf.TWILIO_LOOKUP:
        return None
    judgement = judge_line(risk.line_type(session), session.failure_reasons, cleared=risk.cleared_reasons(session))
    return None if judgement.verdict is Verdict.ASK_POSSESSION else judgement


def may_send(session: OnboardingSession) -> bool:
    """Return whether another code can be sent in this session, now or later."""
    return session.sends < SENDS


def _price(session: OnboardingSession) -> int:
    """Return the price of a send, and of the look-up before it, in cents."""
    looks_up = conf.TWILIO_LOOKUP and not session.line_type
    return int(conf.TEXT_PRICE_CENTS + (conf.LOOKUP_PRICE_CENTS if looks_up else 0))


def _unsend(session: OnboardingSession, charges: list[Charge], *, is_new: bool) -> None:
    """Give back what a send took that surely did not happen."""
    limits.refund(charges)
    if is_new:
        lease.release(session)


def _line_refused(
    session: OnboardingSession, judgement: Judgement, charges: list[Charge], *, is_new: bool
) -> OnboardingSession:
    """Send no code to a line of this type."""
    _unsend(session, charges, is_new=is_new)
    after = State.DECLINED if judgement.verdict is Verdict.DECLINE else State.IN_REVIEW
    changes = {"sends": F("sends") - 1, "notice": Notice.NOT_A_MOBILE if judgement.wants_a_mobile else ""}
    facts = {"line_type": session.line_type, "verdict": judgement.verdict}
    return transition(session, after, Name.LINE_REFUSED, facts, failure_reasons=dict(judgement.reasons), **changes)


def _not_sent(session: OnboardingSession, error: UpstreamError, before: OnboardingSession) -> OnboardingSession:
    """Return to the state before the send. An earlier code keeps its channel."""
    changes: dict[str, object] = {"notice": Notice.SEND_UNKNOWN}
    if never_happened(error):
        wait = error.retry_after if isinstance(error, Busy) else timedelta(0)
        changes = {"notice": Notice.SEND_FAILED, "sends": F("sends") - 1, "send_again_at": Now() + wait}
        if isinstance(error, TwilioRefused) and error.refusal is Refusal.CHANNEL:
            changes |= {"notice": Notice.CHANNEL_OFF, "channels_off": session.channels_off_with(session.channel)}
    elif isinstance(error, Refused):
        changes = {"notice": _cannot_send(Channel(session.channel), error), "send_again_at": Now()}
        if channel := _refused_before(before):
            changes["channels_off"] = session.channels_off_with(channel)
    facts = events.error_facts(error)
    return transition(session, _unsent(session), Name.CODE_UNANSWERED, facts, channel=before.channel, **changes)


def _cannot_send(channel: Channel, error: Refused) -> Notice:
    """Return why no code can be sent by `channel`."""
    refusal = error.refusal if isinstance(error, TwilioRefused) else Refusal.OTHER
    why = WHY_NOT_TEXTED.get(refusal, CANNOT_SEND[channel][0])
    return why if why in CANNOT_SEND[channel] else CANNOT_SEND[channel][0]


def _refused_before(before: OnboardingSession) -> Channel | None:
    """Return the channel that could not reach the number a moment ago, if nothing that the person does changes that."""
    refused = [channel for channel in Channel if before.notice in CANNOT_SEND[channel]]
    return refused[0] if refused and before.notice != Notice.OPTED_OUT else None


def never_happened(error: UpstreamError) -> bool:
    """Return whether the call surely had no effect, for a reason that is not the person's."""
    ours = isinstance(error, TwilioRefused) and error.is_ours
    return ours or isinstance(error, Unreachable | Busy)


@verb
def check_code(*, session: OnboardingSession, code: str, address: Address) -> OnboardingSession:
    """Check one guess, which is counted before it is compared. If Twilio approves it, bind. Raises Limited."""
    if session.state != State.CODE_SENT:
        raise StaleState
    if session.code_sent_at is None or has_passed(session.code_sent_at + CODE_LIFE, session):
        return _code_is_spent(session, Name.CODE_EXPIRED, {}, Notice.CODE_EXPIRED)
    if session.guesses >= GUESSES:
        return _code_is_spent(session, Name.CODE_EXPIRED, {}, Notice.TOO_MANY_GUESSES)
    charges = list(budgets.guesses(session.phone, address, is_first=session.guesses == 0))
    with transaction.atomic():
        is_held = lease.save_guesses(session, session.guesses + 1)
        if not is_held and lease.guess_elsewhere(session):
            charges += budgets.guesses_elsewhere(session.phone)
            is_held = True
        if is_held:
            transition(session, State.CHECKING_CODE, Name.GUESS_ASKED, guesses=F("guesses") + 1)
    if not is_held:
        return _code_is_spent(session, Name.CODE_EXPIRED, {}, Notice.CODE_EXPIRED)
    _charge_guess(session, charges, address)
    try:
        approved = twilio().check(sid=session.verification_sid, to=session.number, code=code)
    except UpstreamError as error:
        return _guess_unanswered(session, error, charges)
    facts = {"approved": approved, "guess": session.guesses}
    observation.code(session, "approved" if approved else "wrong")
    if not approved:
        return _guess_was_wrong(session, Name.GUESS_ANSWERED, facts)
    times = {"approved_at": Now(), "expires_at": Now() + CODE_LIFE}
    passed = Step(State.POSSESSION_PASSED, Name.GUESS_ANSWERED, facts, times)
    return bind(session=session, address=address, reached=passed)


def _charge_guess(session: OnboardingSession, charges: list[Charge], address: Address) -> None:
    """Charge the budgets, after the claim. Raises Limited."""
    try:
        limits.charge(charges, address)
    except Limited as limited:
        _uncount_guess(session, Name.GUESS_REFUSED, {"limit": limited.limit}, notice="")
        raise


def _uncount_guess(session: OnboardingSession, name: Name, facts: events.Facts, *, notice: str) -> OnboardingSession:
    """Return to the state before the guess, which was not made."""
    transition(session, State.CODE_SENT, name, facts, guesses=F("guesses") - 1, notice=notice)
    lease.uncount_guess(session)
    return session


def _guess_was_wrong(session: OnboardingSession, name: Name, facts: events.Facts) -> OnboardingSession:
    if session.guesses >= GUESSES:
        return _code_is_spent(session, name, facts, Notice.TOO_MANY_GUESSES)
    return transition(session, State.CODE_SENT, name, facts, notice=Notice.CODE_WRONG)


def _guess_unanswered(session: OnboardingSession, error: UpstreamError, charges: list[Charge]) -> OnboardingSession:
    name, facts = Name.GUESS_UNANSWERED, events.error_facts(error)
    if never_happened(error):
        limits.refund(charges)
        return _uncount_guess(session, name, facts, notice=Notice.TRY_AGAIN)
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


@verb
def bind(*, session: OnboardingSession, address: Address, reached: Step | None = None) -> OnboardingSession:
    """Spend the approval: ask Prove to bind number and key. May be called again only if Prove surely did nothing.

    `reached` is the step to POSSESSION_PASSED, if it is not taken yet.
    """
    claim = Step(State.BINDING, Name.BIND_ASKED)
    take(session, [reached, claim] if reached else [claim])
    bound = session if _is_refused(session) else _ask_to_bind(session)
    give_back(bound, address, is_proved=reached is not None)
    return bound


def _is_refused(session: OnboardingSession) -> bool:
    """Return whether the host project keeps the number from being linked, and end the bind then. Nothing was sent."""
    if not hooks.is_overridden("may_link"):
        return False
    try:
        words = hooks.refusal(proof_of(session, linked_to(session.number, session.device_id)))
    except HookFailed as failed:
        facts = events.hook_facts(failed)
        transition(session, State.POSSESSION_PASSED, Name.BIND_UNANSWERED, facts, notice=Notice.TRY_AGAIN)
        return True
    if words:
        facts, reasons = {"reasons": [NOT_ALLOWED]}, {NOT_ALLOWED: words}
        transition(session, State.DECLINED, Name.LINK_REFUSED, facts, failure_reasons=reasons)
    return bool(words)


def _ask_to_bind(session: OnboardingSession) -> OnboardingSession:
    try:
        answer = prove(session.prove_region).unify_bind(
            correlation_id=str(session.correlation_id),
            number=session.number,
            client_request_id=str(session.client_request_id),
        )
    except UpstreamError as error:
        return _bind_unanswered(session, error)
    try:
        record_answer(session, answer, _record_bind)
    except HookFailed as failed:  # Prove recognises the key from now on: the next flow can link it
        return transition(session, State.BIND_UNKNOWN, Name.BIND_UNANSWERED, events.hook_facts(failed))
    if session.state != State.BOUND and (device_id := tied_key(session, answer)):
        tell_prove(device_id=device_id)
    return session


def give_back(session: OnboardingSession, address: Address, *, is_proved: bool) -> None:
    """Give back what a right code and a link give back. A right code also releases the lease and resets the guesses."""
    owed: list[Charge] = []
    if session.has_passed:
        owed += budgets.owed_for_link(session.phone, address, cents=conf.PROVE_PRICE_CENTS)
    if is_proved:
        lease.release(session)
        owed += budgets.owed_for_code(session.phone, address, sends=session.sends, cents=conf.TEXT_PRICE_CENTS)
    if owed:
        limits.give_back(session.phone, owed, reset=budgets.guesses_of(session.phone) if is_proved else [])


def _bind_unanswered(session: OnboardingSession, error: UpstreamError) -> OnboardingSession:
    facts = events.error_facts(error)
    if isinstance(error, Unreachable | Busy) or error.status == 401:
        return transition(session, State.POSSESSION_PASSED, Name.BIND_UNANSWERED, facts, notice=Notice.TRY_AGAIN)
    after = State.IN_REVIEW if isinstance(error, Refused) else State.BIND_UNKNOWN
    return transition(session, after, Name.BIND_UNANSWERED, facts)


def _record_bind(session: OnboardingSession, answer: UnifyAnswer) -> Linked | None:
    """Judge the answer and record it. A key that Prove has tied against the policy is revoked."""
    evidence = gather(session, answer)
    judgement = judge_bind(session, answer, evidence)
    after = after_bind(judgement)
    if after is State.BOUND:
        if evidence.key.revoked_at:
            keys.trust(evidence.key.device_id)
        return record_link(session, after, answer, evidence, Name.BIND_ANSWERED, judgement)
    keys.revoke([tied_key(session, answer)])
    columns = answer_columns(answer, judgement)
    transition(session, after, Name.BIND_ANSWERED, answer_facts(answer, judgement), **columns)
    return None
