"""THE VERBS. Every function that moves a session, in the order of the journey.

Each claims its step by a compare-and-swap, calls outside with no transaction open, and records what came of it by a
second one. Whoever loses a swap gets Overtaken: somebody else moved the session, show the page it stands at.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import get_language

from onboarding import budgets, events, lease, limits, notices, risk
from onboarding.answers import AFTER_VERDICT, judged, line_judged, prove_facts, words
from onboarding.bindings import link, revoke
from onboarding.budgets import REVEALS, Address, Charge
from onboarding.clock import CODE_LIFE, SESSION_LIFE
from onboarding.errors import Busy, Garbled, Overtaken, Refused, Unreachable, UpstreamError
from onboarding.events import Name
from onboarding.models import Binding, OnboardingSession
from onboarding.moves import holds, move, review, tell
from onboarding.phone import Number
from onboarding.policy import REBIND, Judgement, Verdict
from onboarding.states import AFTER_LOST_CLAIM, CLAIMS, Channel, Notice, Review, State
from onboarding.upstream.prove import Reply, prove
from onboarding.upstream.twilio import LOCALES, Refusal, TwilioRefused, twilio

CLAIM_LEASE = timedelta(seconds=40)  # twice the longest that a request may wait for others
RESEND_WAITS = (timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120), timedelta(seconds=300))
SENDS = len(RESEND_WAITS)  # a session
GUESSES = 5  # a verification
STATUS_CALLS = 10  # a session
NO_SUCH_KEY = 8011  # https://developer.prove.com/reference/status-and-error-codes


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

    `accepted` is the version of the notices that the person accepted by going on; `recalled` says that they did not
    type the number.
    """
    how = {"rebind": False, "recalled": recalled, "notices_version": accepted, "notices_accepted_at": Now()}
    return _open(number=number, start_key=start_key, previous=previous, address=address, how=how)


def rebind(*, session: OnboardingSession, key: Binding | None, address: Address) -> Opened:
    """The person agreed that this device's key moves to the session's number: a new flow.

    `key` is what this browser is verified by so far. Raises as `start` does; Overtaken also where the move has to wait,
    and then the session says why.
    """
    if session.state != State.REBIND_OFFERED:
        raise Overtaken
    if risk.moved_lately(session.number, key):
        events.record(Name.REBIND_TOO_SOON, {}, session=session)
        tell(session, Notice.MOVED_LATELY)
        raise Overtaken
    if settings.REBIND_REVIEW and REBIND not in risk.lifted(session.number):
        reasons = {**session.failure_reasons, REBIND: "Every move of a key waits for a reviewer."}
        move(session, State.IN_REVIEW, Name.REBIND_HELD, failure_reasons=reasons)
        raise Overtaken
    how = {name: getattr(session, name) for name in ("recalled", "notices_version", "notices_accepted_at")}
    how["rebind"] = True
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
        move(session, State.FAILED, Name.FLOW_UNANSWERED, events.error_facts(error))
        raise
    except IntegrityError:  # Prove named a flow that we have had before
        reused = Garbled("prove", "unify")
        move(session, State.FAILED, Name.FLOW_UNANSWERED, events.error_facts(reused))
        raise reused from None
    return Opened(session, flow.auth_token)


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

    Raises Limited if a code is needed and none may be sent now.
    """
    move(session, State.CHECKING_DEVICE, Name.DEVICE_ASKED, status_calls=F("status_calls") + 1)
    try:
        reply = prove().unify_status(
            correlation_id=str(session.correlation_id), client_request_id=str(session.client_request_id)
        )
    except UpstreamError as error:
        return _still_checking(session, Name.DEVICE_UNANSWERED, Notice.TRY_AGAIN, events.error_facts(error))
    judgement = line_judged(session, judged(session, reply))
    if judgement.verdict is Verdict.GO_ON:
        return _succeed(session, State.AUTHENTICATED, reply, Name.DEVICE_ANSWERED, judgement)
    facts = prove_facts(reply, judgement)
    if judgement.verdict is Verdict.WAIT:
        return _still_checking(session, Name.DEVICE_ANSWERED, Notice.STILL_CHECKING, facts)
    move(session, AFTER_VERDICT[judgement.verdict], Name.DEVICE_ANSWERED, facts, **words(reply, judgement))
    return send_code(session=session, address=address) if session.state == State.POSSESSION_REQUIRED else session


def _still_checking(session: OnboardingSession, name: Name, notice: Notice, facts: events.Facts) -> OnboardingSession:
    if session.status_calls >= STATUS_CALLS:
        return move(session, State.EXPIRED, name, facts)
    return move(session, State.STARTED, name, facts, notice=notice)


# --- The code ----------------------------------------------------------------------------------------------------


def send_code(*, session: OnboardingSession, address: Address, channel: Channel = Channel.SMS) -> OnboardingSession:
    """Text a code, or call and say it, in the page's language. Raises Limited.

    It counts before it is sent; only what surely was not sent is given back.
    """
    if session.sends >= SENDS:
        return tell(session, Notice.TOO_MANY_SENDS)
    if holds(session, send_again_at__gt=Now()):
        return tell(session, Notice.TOO_SOON)
    wait = RESEND_WAITS[session.sends]
    charges = list(budgets.sends(session.phone, address, cents=settings.TEXT_PRICE_CENTS))
    counted = {"sends": F("sends") + 1, "send_again_at": Now() + wait}
    with transaction.atomic():
        move(session, State.SENDING_CODE, Name.CODE_ASKED, {}, channel=channel, **counted)
        lease.acquire(session)
        limits.take(charges)
    try:
        locale = LOCALES.get(get_language() or "")
        verification = twilio().start(to=session.number, channel=session.channel, locale=locale)
    except UpstreamError as error:
        if isinstance(error, Unreachable | Busy):
            limits.give_back(charges)
        return _not_sent(session, error)
    changes: dict[str, object] = {"verification_sid": verification.sid}
    if verification.sid != session.verification_sid:  # a resend keeps sid, code and clock
        changes |= {"code_sent_at": Now(), "guesses": 0}
        lease.renew(session)
    return move(session, State.CODE_SENT, Name.CODE_SENT, {"send": session.sends}, **changes)


def _not_sent(session: OnboardingSession, error: UpstreamError) -> OnboardingSession:
    changes: dict[str, object] = {"notice": Notice.SEND_UNKNOWN}
    if isinstance(error, Unreachable | Busy):
        wait = error.retry_after if isinstance(error, Busy) else timedelta(0)
        changes = {"notice": Notice.SEND_FAILED, "sends": F("sends") - 1, "send_again_at": Now() + wait}
    elif isinstance(error, Refused):
        changes = {"notice": Notice.CANNOT_CALL if session.channel == Channel.CALL else Notice.CANNOT_TEXT}
    back = State.CODE_SENT if session.verification_sid else State.POSSESSION_REQUIRED
    return move(session, back, Name.CODE_UNANSWERED, events.error_facts(error), **changes)


def check_code(*, session: OnboardingSession, code: str) -> OnboardingSession:
    """One guess, counted before it is compared. If Twilio approves it, go on and bind. Raises Limited."""
    if holds(session, code_sent_at__lte=Now() - CODE_LIFE) or not lease.holds(session):
        return _code_is_spent(session, Name.CODE_EXPIRED, {}, Notice.CODE_EXPIRED)
    with transaction.atomic():
        move(session, State.CHECKING_CODE, Name.GUESS_ASKED, guesses=F("guesses") + 1)
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
    if session.guesses >= GUESSES:
        return _code_is_spent(session, Name.GUESS_ANSWERED, facts, Notice.TOO_MANY_GUESSES)
    return move(session, State.CODE_SENT, Name.GUESS_ANSWERED, facts, notice=Notice.CODE_WRONG)


def _number_was_proved(session: OnboardingSession) -> None:
    """The code is spent, the number's wrong guesses are forgiven, and texts to its neighbours are worth it."""
    lease.release(session)
    limits.forget(budgets.guesses_of(session.phone))
    limits.give_back(budgets.owed_to(session.phone))


def _guess_unanswered(session: OnboardingSession, error: UpstreamError) -> OnboardingSession:
    facts = events.error_facts(error)
    if isinstance(error, Unreachable | Busy):
        limits.give_back(budgets.guesses(session.phone))
        guesses = F("guesses") - 1  # nothing was compared
        return move(session, State.CODE_SENT, Name.GUESS_UNANSWERED, facts, guesses=guesses, notice=Notice.TRY_AGAIN)
    if isinstance(error, TwilioRefused):
        if error.refusal is Refusal.TOO_MANY_CHECKS:
            return _code_is_spent(session, Name.GUESS_UNANSWERED, facts, Notice.TOO_MANY_GUESSES)
        if error.refusal is not Refusal.GONE:
            return move(session, State.CODE_SENT, Name.GUESS_UNANSWERED, facts, notice=Notice.CODE_WRONG)
        return _code_is_spent(session, Name.GUESS_UNANSWERED, facts, Notice.CODE_EXPIRED)
    return _code_is_spent(session, Name.GUESS_UNANSWERED, facts, Notice.CODE_UNKNOWN)


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
    try:
        former = _record_success(session, to, reply, name, judgement)
    except (IntegrityError, OperationalError):  # another session linked the same key or person, or held the row
        former = _record_success(session, to, reply, name, judgement)
    if former is not None:
        notices.tell_former(former)
    return session


def _record_success(
    session: OnboardingSession, to: State, reply: Reply, name: Name, judgement: Judgement
) -> Binding | None:
    with transaction.atomic():
        binding, former = link(session, reply)
        move(session, to, name, prove_facts(reply, judgement), binding=binding, **words(reply, judgement))
        lost = session.previous
        if lost is not None and lost.state == State.BIND_UNKNOWN and lost.number == session.number:
            events.record(Name.BIND_OBSERVED, {}, session=lost)
    return former


# --- Later -------------------------------------------------------------------------------------------------------


def unlink(*, binding: Binding, by: AbstractBaseUser | None = None, reason: str = "unlinked") -> None:
    """The person or a reviewer takes the number off the device: nothing here trusts it any more, and Prove is told."""
    with transaction.atomic():
        owed = revoke(binding, why=reason, by=by) and binding.device_id
        if owed:
            Binding.objects.filter(pk=binding.pk).update(tell_prove_at=Now() + CLAIM_LEASE)
    if owed:
        tell_prove(binding=binding)


def tell_prove(*, binding: Binding) -> None:
    """Prove forgets the key of a revoked binding. Told twice, it only says that there is none."""
    try:
        prove().revoke_device(device_id=binding.device_id, client_request_id=str(uuid.uuid4()))
    except UpstreamError as error:
        if error.code != NO_SUCH_KEY:
            events.record(Name.REVOKE_UNANSWERED, events.error_facts(error), binding=binding)
            return
    with transaction.atomic():
        if Binding.objects.filter(pk=binding.pk, tell_prove_at__isnull=False).update(tell_prove_at=None):
            events.record(Name.REVOKE_ANSWERED, {}, binding=binding)


def unlink_others(*, binding: Binding) -> None:
    """The person lost a device, or gave it away: every other one of theirs is unlinked."""
    for other in Binding.objects.filter(user=binding.user, confirmed=True).exclude(pk=binding.pk):
        unlink(binding=other)


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
        return move(session, AFTER_LOST_CLAIM[State(session.state)], Name.CLAIM_LOST, {}, **changes)
    if session.is_open and holds(session, expires_at__lte=Now()):
        return move(session, State.EXPIRED, Name.FLOW_EXPIRED)
    return session


# --- Reviewers. They let somebody try again or stop something; no verb of theirs sends, checks or binds -----------


def approve(*, session: OnboardingSession, by: AbstractBaseUser, reason: str) -> OnboardingSession:
    """The number is not held up for the same reasons again for CLEARANCE_LIFE; its owner has to start anew.

    Raises Overtaken if the session does not wait for a reviewer.
    """
    return review(session, Review.APPROVED, Name.REVIEW_APPROVED, by=by, reason=reason)


def decline(*, session: OnboardingSession, by: AbstractBaseUser, reason: str) -> OnboardingSession:
    """What was held stays a no. Raises Overtaken if the session does not wait for a reviewer."""
    return review(session, Review.DECLINED, Name.REVIEW_DECLINED, by=by, reason=reason)


def reveal(*, of: OnboardingSession | Binding, by: AbstractBaseUser, reason: str) -> Number:
    """The whole number, for a reviewer's eyes; the diary says whose they were, and why. Raises Limited."""
    about: dict[str, object] = {"session" if isinstance(of, OnboardingSession) else "binding": of}
    with transaction.atomic():
        limits.take([Charge(REVEALS, by.get_username())])
        events.record(Name.NUMBER_REVEALED, {"reason": reason}, actor=by, **about)
    return of.phone
