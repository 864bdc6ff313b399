"""THE VERBS. Every function that moves a session, in the order of the journey.

Each claims its step by a compare-and-swap, calls outside with no transaction open, and records what came of it by a
second one. Whoever loses a swap gets Overtaken: somebody else moved the session, show the page it stands at.
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
from onboarding.domain.errors import Busy, Garbled, Overtaken, Refused, Unreachable, UpstreamError
from onboarding.domain.phone import Number
from onboarding.domain.policy import REBIND, Judgement, Verdict
from onboarding.domain.states import AFTER_LOST_CLAIM, CLAIMS, WAITING, Channel, Notice, State
from onboarding.events import Name
from onboarding.journey import lease, notices, risk
from onboarding.journey.answers import AFTER_VERDICT, device_judged, judged, prove_facts, words
from onboarding.journey.bindings import link
from onboarding.journey.clock import CLAIM_LEASE, CODE_LIFE, SESSION_LIFE
from onboarding.journey.moves import holds, move, tell
from onboarding.models import Binding, OnboardingSession
from onboarding.upstream.prove import Reply, prove
from onboarding.upstream.twilio import LOCALES, Refusal, TwilioRefused, twilio

RESEND_WAITS = (timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120), timedelta(seconds=300))
SENDS = len(RESEND_WAITS)  # a session
GUESSES = 5  # a verification
WHY_SPENT = {Refusal.GONE: Notice.CODE_EXPIRED, Refusal.TOO_MANY_CHECKS: Notice.TOO_MANY_GUESSES}
STATUS_CALLS = 10  # a session

Columns = Mapping[str, object]


@dataclass(frozen=True)
class Opened:
    """A flow at Prove. The authToken is for this one answer to the browser; it is kept nowhere."""

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
    """Ask Prove for a flow. `previous`, this browser's session so far, is superseded. Raises UpstreamError, Limited.

    Overtaken if that one waits for the person, for the same number: another tab got there, and there is one text.
    `accepted` is the version of the notices that the person accepted by going on; `recalled` says that they did not
    type the number.
    """
    if previous is not None and previous.state in WAITING and previous.number == number.e164:
        raise Overtaken
    how = {"rebind": False, "recalled": recalled, "notices_version": accepted, "notices_accepted_at": Now()}
    return _open(number=number, start_key=start_key, previous=previous, address=address, how=how)


def rebind(*, session: OnboardingSession, key: Binding | None, address: Address) -> Opened:
    """The person agreed that this device's key moves to the session's number: a new flow.

    `key` is what this browser is verified by so far. Raises as `start` does, and then the new flow has the offer;
    Overtaken also where the move has to wait, and then the session says why.
    """
    if session.state != State.REBIND_OFFERED:
        raise Overtaken
    if risk.moved_lately(session.number, key):
        if session.notice != Notice.MOVED_LATELY:
            events.record(Name.REBIND_TOO_SOON, {}, session=session)
            tell(session, Notice.MOVED_LATELY)
        raise Overtaken
    if settings.REBIND_REVIEW and REBIND not in risk.lifted(session.number):
        reasons = {**session.failure_reasons, REBIND: "Every move of a key waits for a reviewer."}
        move(session, State.IN_REVIEW, Name.REBIND_HELD, failure_reasons=reasons)
        raise Overtaken
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
        move(session, State.STARTED, Name.FLOW_ANSWERED, correlation_id=flow.correlation_id)
    except UpstreamError as error:
        if _never_happened(error):
            limits.give_back(budgets.starts(address))
        _not_opened(session, error)
        raise
    except IntegrityError:  # Prove named a flow that we have had before
        reused = Garbled("prove", "unify")
        _not_opened(session, reused)
        raise reused from None
    return Opened(session, flow.auth_token)


def _not_opened(session: OnboardingSession, error: UpstreamError) -> None:
    """A move that the person was offered still is."""
    after, notice = (State.REBIND_OFFERED, Notice.TRY_AGAIN) if session.rebind else (State.FAILED, "")
    move(session, after, Name.FLOW_UNANSWERED, events.error_facts(error), notice=notice)


def _asked(
    *, number: Number, start_key: uuid.UUID, previous: OnboardingSession | None, address: Address, how: Columns
) -> OnboardingSession:
    with transaction.atomic():
        if previous is not None and not previous.is_final:
            move(previous, State.SUPERSEDED, Name.FLOW_SUPERSEDED)
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
            raise Overtaken
        limits.take(budgets.starts(address))
        session.refresh_from_db()
        events.moved(session, Name.FLOW_ASKED, from_state="", facts={"rebind": session.rebind})
    return session


def check_device(*, session: OnboardingSession, address: Address) -> OnboardingSession:
    """The browser says that the Web SDK has finished: ask Prove what the device proved, and follow the answer.

    Raises UpstreamError if Prove could not say, Limited if a code is needed and none may be sent now.
    """
    move(session, State.CHECKING_DEVICE, Name.DEVICE_ASKED, status_calls=F("status_calls") + 1)
    try:
        reply = prove().unify_status(
            correlation_id=str(session.correlation_id), client_request_id=str(session.client_request_id)
        )
    except UpstreamError as error:
        _still_checking(session, Notice.TRY_AGAIN, Name.DEVICE_UNANSWERED, events.error_facts(error))
        if session.is_final:
            return session
        raise
    judgement = device_judged(session, reply)
    if judgement.verdict is Verdict.GO_ON:
        return _succeed(session, State.AUTHENTICATED, reply, Name.DEVICE_ANSWERED, judgement)
    facts = prove_facts(reply, judgement)
    if judgement.verdict is Verdict.WAIT:
        return _still_checking(session, Notice.STILL_CHECKING, Name.DEVICE_ANSWERED, facts, words(reply, judgement))
    move(session, AFTER_VERDICT[judgement.verdict], Name.DEVICE_ANSWERED, facts, **words(reply, judgement))
    return send_code(session=session, address=address) if session.state == State.POSSESSION_REQUIRED else session


def _still_checking(
    session: OnboardingSession, notice: Notice, name: Name, facts: events.Facts, known: Columns = MappingProxyType({})
) -> OnboardingSession:
    if session.status_calls >= STATUS_CALLS:
        return move(session, State.EXPIRED, name, facts, **known)
    return move(session, State.STARTED, name, facts, **{**known, "notice": notice})


# --- The code ----------------------------------------------------------------------------------------------------


def send_code(*, session: OnboardingSession, address: Address, channel: Channel = Channel.SMS) -> OnboardingSession:
    """Text a code, or call and say it, in the page's language. Raises Limited.

    It counts before it is sent; only what surely was not sent is given back.
    """
    if session.sends >= SENDS:
        return tell(session, Notice.TOO_MANY_SENDS)
    if holds(session, send_again_at__gt=Now()):
        return tell(session, Notice.TOO_SOON)
    wait, earlier = RESEND_WAITS[session.sends], session.channel
    charges = list(budgets.sends(session.phone, address, cents=settings.TEXT_PRICE_CENTS))
    counted = {"sends": F("sends") + 1, "send_again_at": Now() + wait}
    with transaction.atomic():
        move(session, State.SENDING_CODE, Name.CODE_ASKED, {}, channel=channel, **counted)
        is_new = lease.acquire(session)
        limits.take(charges)
    try:
        locale = LOCALES.get(get_language() or "")
        verification = twilio().start(to=session.number, channel=session.channel, locale=locale)
    except UpstreamError as error:
        if _never_happened(error):
            limits.give_back(charges)
            if is_new:
                lease.release(session)
        return _not_sent(session, error, earlier)
    changes = lease.code(session, verification.sid)  # a resend keeps sid, code and clock
    if not changes:
        lives = Greatest("expires_at", Least(Now(), F("created_at") + SESSION_LIFE) + CODE_LIFE)  # as the page promises
        changes = {"code_sent_at": Now(), "guesses": 0, "expires_at": lives}
        lease.renew(session)
    changes |= {"verification_sid": verification.sid}
    with transaction.atomic():
        move(session, State.CODE_SENT, Name.CODE_SENT, {"send": session.sends}, **changes)
        lease.note(session)
    return session


def _not_sent(session: OnboardingSession, error: UpstreamError, earlier: str) -> OnboardingSession:
    """Back to where it stood: a code that the person already has came by the channel before this one."""
    changes: dict[str, object] = {"notice": Notice.SEND_UNKNOWN}
    if _never_happened(error):
        wait = error.retry_after if isinstance(error, Busy) else timedelta(0)
        changes = {"notice": Notice.SEND_FAILED, "sends": F("sends") - 1, "send_again_at": Now() + wait}
    elif isinstance(error, Refused):
        changes = {"notice": Notice.CANNOT_CALL if session.channel == Channel.CALL else Notice.CANNOT_TEXT}
    back = State.CODE_SENT if session.verification_sid else State.POSSESSION_REQUIRED
    return move(session, back, Name.CODE_UNANSWERED, events.error_facts(error), channel=earlier, **changes)


def _never_happened(error: UpstreamError) -> bool:
    """Nothing was sent and nothing compared, through no fault of the person's."""
    ours = isinstance(error, TwilioRefused) and error.refusal is Refusal.CONFIGURATION
    return ours or isinstance(error, Unreachable | Busy)


def check_code(*, session: OnboardingSession, code: str) -> OnboardingSession:
    """One guess, counted before it is compared. If Twilio approves it, go on and bind. Raises Limited."""
    if session.state != State.CODE_SENT:
        raise Overtaken
    if holds(session, code_sent_at__lte=Now() - CODE_LIFE) or not lease.holds(session):
        return _code_is_spent(session, Name.CODE_EXPIRED, {}, Notice.CODE_EXPIRED)
    if session.guesses >= GUESSES:
        return _code_is_spent(session, Name.CODE_EXPIRED, {}, Notice.TOO_MANY_GUESSES)
    with transaction.atomic():
        move(session, State.CHECKING_CODE, Name.GUESS_ASKED, guesses=F("guesses") + 1)
        lease.note(session)
        limits.take(budgets.guesses(session.phone))
    try:
        approved = twilio().check(sid=session.verification_sid, to=session.number, code=code)
    except UpstreamError as error:
        return _guess_unanswered(session, error)
    facts = {"approved": approved, "guess": session.guesses}
    if approved:
        move(
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
    return move(session, State.CODE_SENT, name, facts, notice=Notice.CODE_WRONG)


def _number_was_proved(session: OnboardingSession) -> None:
    """The code is spent, the number's wrong guesses are forgiven, and texts to its neighbours are worth it."""
    lease.release(session)
    limits.forget(budgets.guesses_of(session.phone))
    limits.give_back(budgets.owed_to(session.phone))


def _guess_unanswered(session: OnboardingSession, error: UpstreamError) -> OnboardingSession:
    name, facts = Name.GUESS_UNANSWERED, events.error_facts(error)
    if _never_happened(error):
        limits.give_back(budgets.guesses(session.phone))
        move(session, State.CODE_SENT, name, facts, guesses=F("guesses") - 1, notice=Notice.TRY_AGAIN)
        lease.note(session)
        return session
    refusal = error.refusal if isinstance(error, TwilioRefused) else Refusal.OTHER
    if refusal is Refusal.CODE:
        return _guess_was_wrong(session, name, facts)
    return _code_is_spent(session, name, facts, WHY_SPENT.get(refusal, Notice.CODE_UNKNOWN))


def _code_is_spent(session: OnboardingSession, name: Name, facts: events.Facts, notice: Notice) -> OnboardingSession:
    """Another code is needed. After too many guesses Twilio gives none before the old one has run out."""
    changes: dict[str, object] = {"verification_sid": "", "notice": notice}
    if notice is Notice.TOO_MANY_GUESSES:
        changes["send_again_at"] = F("code_sent_at") + CODE_LIFE
    return move(session, State.POSSESSION_REQUIRED, name, facts, **changes)


# --- The bind ----------------------------------------------------------------------------------------------------


def bind(*, session: OnboardingSession) -> OnboardingSession:
    """Spend the approval: tie number and key. Called again only if Prove surely has not seen it."""
    move(session, State.BINDING, Name.BIND_ASKED)
    try:
        reply = prove().unify_bind(
            correlation_id=str(session.correlation_id),
            number=session.number,
            client_request_id=str(session.client_request_id),
        )
    except UpstreamError as error:
        return _bind_unanswered(session, error)
    judgement = judged(session, reply)
    if judgement.verdict is Verdict.GO_ON:
        return _succeed(session, State.BOUND, reply, Name.BIND_ANSWERED, judgement)
    after = State.DECLINED if judgement.verdict is Verdict.DECLINE else State.IN_REVIEW
    return move(session, after, Name.BIND_ANSWERED, prove_facts(reply, judgement), **words(reply, judgement))


def _bind_unanswered(session: OnboardingSession, error: UpstreamError) -> OnboardingSession:
    facts = events.error_facts(error)
    if isinstance(error, Unreachable | Busy) or error.status == 401:
        return move(session, State.POSSESSION_PASSED, Name.BIND_UNANSWERED, facts, notice=Notice.TRY_AGAIN)
    after = State.IN_REVIEW if isinstance(error, Refused) else State.BIND_UNKNOWN
    return move(session, after, Name.BIND_UNANSWERED, facts)


def _succeed(
    session: OnboardingSession, to: State, reply: Reply, name: Name, judgement: Judgement
) -> OnboardingSession:
    seen = session.state, session.version
    try:
        former = _record_success(session, to, reply, name, judgement)
    except (IntegrityError, OperationalError):  # another session linked the same key or person, or held the row
        session.state, session.version = seen  # the fence stays where it was
        former = _record_success(session, to, reply, name, judgement)
    if former is not None:
        notices.tell_former(former)
    return session


def _record_success(
    session: OnboardingSession, to: State, reply: Reply, name: Name, judgement: Judgement
) -> Binding | None:
    with transaction.atomic():
        linked = link(session, reply)
        move(session, to, name, prove_facts(reply, judgement), binding=linked.binding, **words(reply, judgement))
        if linked.is_new and to is State.AUTHENTICATED:
            _observe_bind(session.number)
    return linked.former


def _observe_bind(number: str) -> None:
    """Prove knows a key that no bind of ours is known to have tied: the one whose answer was lost did."""
    lost = OnboardingSession.objects.filter(number=number, state=State.BIND_UNKNOWN)
    if session := lost.exclude(events__name=Name.BIND_OBSERVED).first():
        events.record(Name.BIND_OBSERVED, {}, session=session)


# --- Later -------------------------------------------------------------------------------------------------------


def abandon(*, session: OnboardingSession) -> OnboardingSession:
    """The person wants to start anew, with this or another number."""
    return move(session, State.SUPERSEDED, Name.FLOW_SUPERSEDED)


def catch_up(*, session: OnboardingSession) -> OnboardingSession:
    """End what the clock has ended: an open session past its time, a claim whose holder never came back."""
    if session.state in CLAIMS and holds(session, moved_at__lte=Now() - CLAIM_LEASE):
        notice = {State.SENDING_CODE: Notice.SEND_UNKNOWN, State.CHECKING_CODE: Notice.CODE_UNKNOWN}
        changes: dict[str, object] = {"notice": notice.get(State(session.state), "")}
        if session.state == State.CHECKING_CODE:
            changes["verification_sid"] = ""
        session = move(session, AFTER_LOST_CLAIM[State(session.state)], Name.CLAIM_LOST, {}, **changes)
    if session.is_open and holds(session, expires_at__lte=Now()):
        return move(session, State.EXPIRED, Name.FLOW_EXPIRED)
    return session
