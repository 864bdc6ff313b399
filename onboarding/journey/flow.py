"""The verbs that start a session, check its device and end it, in the order of the journey.

Each verb claims its step by a compare-and-swap, calls the vendor with no transaction open, and records the result by a
second compare-and-swap. A lost compare-and-swap raises StaleState: the caller shows the page of the current state.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from onboarding import events, hooks, limits
from onboarding.conf import conf
from onboarding.domain.budgets import Address, site
from onboarding.domain.errors import Garbled, HookFailed, NotServed, StaleState, UpstreamError
from onboarding.domain.phone import Number
from onboarding.domain.policy import NOT_ALLOWED, REBIND, Judgement, Success, Verdict
from onboarding.domain.states import AFTER_LOST_CLAIM, CLAIMS, WAITING, Notice, Review, State
from onboarding.events import Name
from onboarding.hashes import keyed_hash
from onboarding.journey import risk, unlinking
from onboarding.journey.answers import (
    AFTER_STATUS,
    answer_columns,
    answer_facts,
    gather,
    judge_status,
    record_answer,
    record_link,
)
from onboarding.journey.bindings import Linked, proof_of
from onboarding.journey.clock import CLAIM_TIMEOUT, SESSION_LIFE, has_passed
from onboarding.journey.possession import give_back, never_happened, send_code
from onboarding.journey.transitions import Step, set_notice, take, transition
from onboarding.models import Binding, OnboardingSession, of_number
from onboarding.telemetry.observation import verb
from onboarding.upstream.prove import UnifyAnswer, prove

STATUS_CALLS = 10  # per session
STEPS = 200  # per session: an act that a limit refuses takes two, and a script may repeat it

Columns = Mapping[str, object]


@dataclass(frozen=True)
class Opened:
    """A started flow. The authToken goes into this one answer to the browser; it is not stored."""

    session: OnboardingSession
    auth_token: str = field(repr=False)


# --- Start -------------------------------------------------------------------------------------------------------


@verb
def start(
    *,
    number: Number,
    start_key: uuid.UUID,
    accepted: str,
    previous: OnboardingSession | None,
    journey: uuid.UUID | None = None,
    address: Address,
    recalled: bool = False,
    device_name: str = "",
) -> Opened:
    """Start a flow at Prove for `number`; `previous`, the browser's session so far, becomes superseded.

    `accepted` is the version of the legal notices that the person accepted. `recalled` says that the browser remembered
    the number; `journey` is the browser's, if `previous` is not known. `device_name` is what the person reads in the
    list of their devices. Raises UpstreamError; Limited; NotServed; StaleState if `previous` already waits for a
    code for the same number (it was started in another tab) or if `start_key` was used.
    """
    if previous is not None and previous.state in WAITING and previous.number == number.e164:
        raise StaleState
    region = conf.prove_region(number.region)
    if region is None:
        raise NotServed
    how = {
        "prove_region": region,
        "previous": previous or _approved(journey),
        "journey": previous.journey if previous else journey or uuid.uuid4(),
        "rebind": False,
        "recalled": recalled,
        "device_name": device_name,
        "notices_version": accepted,
        "notices_accepted_at": Now(),
    }
    return _open(number=number, start_key=start_key, previous=previous, address=address, how=how)


def _approved(journey: uuid.UUID | None) -> OnboardingSession | None:
    """Return what a reviewer approved in a journey whose browser has lost its session, or None. It still counts."""
    if journey is None:
        return None
    return OnboardingSession.objects.filter(journey=journey, review=Review.APPROVED).only("pk").first()


@verb
def rebind(
    *, session: OnboardingSession, key: Binding | None, address: Address, start_key: uuid.UUID | None = None
) -> Opened:
    """Start a new flow that ties this device's key to the session's number after a code, as the person agreed to.

    The flow is at the host whose flow offered it. `key` is the binding that this browser is verified by.
    Raises as `start` does; if Prove fails, the new session has the offer. Raises StaleState, with the reason set on the
    session, if the rebind is held or too soon.
    """
    if session.state != State.REBIND_OFFERED:
        raise StaleState
    if not session.relinks or _has_another_number(session):
        _may_move(session, key)
    how = {
        name: getattr(session, name)
        for name in (
            *("prove_region", "journey", "recalled", "device_name", "notices_version", "notices_accepted_at"),
            "failure_reasons",
        )
    }
    how |= {"rebind": True, "moves_from": key or session.moves_from}
    return _open(number=session.phone, start_key=start_key or uuid.uuid4(), previous=session, address=address, how=how)


def _has_another_number(session: OnboardingSession) -> bool:
    """Return whether the key that Prove named is linked here to another number."""
    linked = Binding.objects.filter(device_id=session.device_id, confirmed=True).exclude(device_id="")
    return linked.exclude(of_number(session.number)).exists()


def _may_move(session: OnboardingSession, key: Binding | None) -> None:
    """Raise StaleState if the key may not move to another number: too soon, or not without a reviewer."""
    if risk.moved_lately(session.number, key):
        if session.notice != Notice.MOVED_LATELY:
            events.record(Name.REBIND_TOO_SOON, {}, session=session)
            set_notice(session, Notice.MOVED_LATELY)
        raise StaleState
    if conf.REBIND_REVIEW and REBIND not in risk.cleared_reasons(session):
        reasons = {**session.failure_reasons, REBIND: "Every move of a key waits for a reviewer."}
        of_key = key or session.moves_from
        transition(session, State.IN_REVIEW, Name.REBIND_HELD, failure_reasons=reasons, moves_from=of_key)
        raise StaleState


def _open(
    *, number: Number, start_key: uuid.UUID, previous: OnboardingSession | None, address: Address, how: Columns
) -> Opened:
    hooks.require_users()
    client_ids = hooks.client_ids()
    session = _asked(number=number, start_key=start_key, previous=previous, address=address, how=how)
    try:
        flow = prove(session.prove_region).unify(
            number=number.e164,
            client_request_id=str(session.client_request_id),
            rebind=session.rebind,
            check_reputation=conf.PROVE_CHECK_REPUTATION,
            client_ids=client_ids,
        )
        transition(session, State.STARTED, Name.FLOW_ANSWERED, correlation_id=flow.correlation_id)
    except UpstreamError as error:
        if never_happened(error):
            limits.refund(risk.start_charges(number, address))
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
    session = OnboardingSession(start_key=start_key, number=number.e164, **{"previous": previous, **how})
    session.expires_at = Now() + SESSION_LIFE
    session.address_hash = keyed_hash("address", site(address))
    about = {"session": session, "to_state": session.state, "version": session.version}
    charges = list(risk.start_charges(number, address))
    with limits.refusals_counted(number, address):
        limits.charge(charges, address)
    try:
        with transaction.atomic():
            if previous is not None and not previous.is_final:
                transition(previous, State.SUPERSEDED, Name.FLOW_SUPERSEDED)
            asked = events.entry(Name.FLOW_ASKED, {"rebind": session.rebind}, **about)
            session.head = events.chain([asked])
            session.save(force_insert=True)
            asked.save(force_insert=True)
    except (StaleState, IntegrityError):  # IntegrityError: the start_key was used
        limits.refund(charges)
        raise StaleState from None
    return session


# --- The device --------------------------------------------------------------------------------------------------


@verb
def check_device(*, session: OnboardingSession, address: Address, app_hash: str = "") -> OnboardingSession:
    """Ask Prove what the device proved, now that the SDK has finished, and follow the answer.

    `app_hash` is for the code, if one is sent.
    Raises UpstreamError if Prove gave no answer; Limited if a code is needed and none may be sent now.
    """
    transition(session, State.CHECKING_DEVICE, Name.DEVICE_ASKED, status_calls=F("status_calls") + 1)
    try:
        answer = prove(session.prove_region).unify_status(
            correlation_id=str(session.correlation_id),
            number=session.number,
            client_request_id=str(session.client_request_id),
        )
    except UpstreamError as error:
        step = Step(State.STARTED, Name.DEVICE_UNANSWERED, events.error_facts(error))
        take(session, [_still_checking(session, step, Notice.TRY_AGAIN)])
        if session.is_final:
            return session
        raise
    if answer.success is Success.TRUE:
        try:
            record_answer(session, answer, _record_true)
        except HookFailed as failed:
            step = Step(State.STARTED, Name.DEVICE_UNANSWERED, events.hook_facts(failed))
            return take(session, [_still_checking(session, step, Notice.TRY_AGAIN)])
    else:
        step = _step_after(session, answer, judge_status(session, answer, gather(session, answer)))
        if step.to is State.POSSESSION_REQUIRED:
            return send_code(session=session, address=address, reached=step, app_hash=app_hash)
        take(session, [step])
    give_back(session, address, is_proved=False)
    if session.relinks and answer.device_id:
        unlinking.tell_prove(device_id=answer.device_id)
    return session


def _record_true(session: OnboardingSession, answer: UnifyAnswer) -> Linked | None:
    """Judge a "true" and record it. Return the link, if there is one."""
    evidence = gather(session, answer)
    judgement = judge_status(session, answer, evidence)
    if judgement.verdict is Verdict.GO_ON:
        refused = hooks.refusal(proof_of(session, evidence.linked, answer))
        if not refused:
            return record_link(session, State.AUTHENTICATED, answer, evidence, Name.DEVICE_ANSWERED, judgement)
        judgement = Judgement(Verdict.DECLINE, {NOT_ALLOWED: refused})
    take(session, [_step_after(session, answer, judgement)])
    return None


def _step_after(session: OnboardingSession, answer: UnifyAnswer, judgement: Judgement) -> Step:
    facts, columns = answer_facts(answer, judgement), answer_columns(answer, judgement)
    step = Step(AFTER_STATUS[judgement.verdict], Name.DEVICE_ANSWERED, facts, columns)
    return _still_checking(session, step, Notice.STILL_CHECKING) if judgement.verdict is Verdict.WAIT else step


def _still_checking(session: OnboardingSession, step: Step, notice: Notice) -> Step:
    """Let the device be checked again, unless Prove was asked STATUS_CALLS times."""
    if session.status_calls >= STATUS_CALLS:
        return replace(step, to=State.EXPIRED, changes={**step.changes, "notice": Notice.NO_ANSWER})
    return replace(step, changes={**step.changes, "notice": notice})


# --- The end -----------------------------------------------------------------------------------------------------


@verb
def ask_for_text(*, session: OnboardingSession, language: str) -> None:
    """Let the decision be told by text, as the person asks. Raises StaleState if it does not wait for one."""
    waiting = OnboardingSession.objects.filter(pk=session.pk, state=State.IN_REVIEW, review="", told_in="")
    with transaction.atomic():
        if not waiting.update(told_in=language):
            raise StaleState
        events.record(Name.NOTICE_ASKED, {}, session=session)


@verb
def abandon(*, session: OnboardingSession) -> OnboardingSession:
    """End the session, because the person starts again."""
    return transition(session, State.SUPERSEDED, Name.FLOW_SUPERSEDED)


def current(read: Callable[[], OnboardingSession | None]) -> OnboardingSession | None:
    """Return the session that `read` returns, after `catch_up`, or None if it returns none."""
    session = read()
    try:
        return session and catch_up(session=session)
    except StaleState:
        return read()


def catch_up(*, session: OnboardingSession) -> OnboardingSession:
    """End an open session past its time or its steps, and a claim whose holder disappeared. Raises StaleState."""
    if session.state in CLAIMS and has_passed(session.moved_at + CLAIM_TIMEOUT, session):
        notice = {State.SENDING_CODE: Notice.SEND_UNKNOWN, State.CHECKING_CODE: Notice.CODE_UNKNOWN}
        changes: dict[str, object] = {"notice": notice.get(State(session.state), "")}
        if session.state == State.CHECKING_CODE:
            changes["verification_sid"] = ""
        session = end_claim(session=session, changes=changes)
    if session.is_open and (has_passed(session.expires_at, session) or session.version >= STEPS):
        return expire(session=session)
    return session


@verb
def end_claim(*, session: OnboardingSession, changes: Columns) -> OnboardingSession:
    """Undo the claim whose holder disappeared. Raises StaleState."""
    return transition(session, AFTER_LOST_CLAIM[State(session.state)], Name.CLAIM_LOST, {}, **changes)


@verb
def expire(*, session: OnboardingSession) -> OnboardingSession:
    """End the session past its time. Raises StaleState."""
    return transition(session, State.EXPIRED, Name.FLOW_EXPIRED)
