"""Judges Prove's answers, and records them: as columns of the session, facts of its event, and a link."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import IntegrityError, OperationalError, transaction

from onboarding import events, signals
from onboarding.domain.errors import HookFailed
from onboarding.domain.phone import same
from onboarding.domain.policy import (
    KEY_OF_ANOTHER_PERSON,
    KEY_REVOKED,
    KEY_UNKNOWN,
    MISMATCH,
    REBIND,
    Judgement,
    Success,
    Verdict,
    judge,
)
from onboarding.domain.states import Notice, State
from onboarding.events import Name
from onboarding.journey import keys, risk, security_texts
from onboarding.journey.bindings import Linked, link, linked_to, was_linked
from onboarding.journey.transitions import Step, take
from onboarding.models import Binding, OnboardingSession, ProveKey, of_number
from onboarding.upstream.prove import UnifyAnswer

AFTER_STATUS = {
    Verdict.GO_ON: State.AUTHENTICATED,
    Verdict.ASK_POSSESSION: State.POSSESSION_REQUIRED,
    Verdict.WAIT: State.STARTED,
    Verdict.OFFER_REBIND: State.REBIND_OFFERED,
    Verdict.DECLINE: State.DECLINED,
    Verdict.REVIEW: State.IN_REVIEW,
}
REVOKED_TEXT = "This key was revoked here. A code has to be passed with it first."
OTHER_PERSON_TEXT = "This key is linked here to another person."
UNKNOWN_TEXT = "This key is not linked here to this number, and one of them is or was linked otherwise."
MISMATCH_TEXT = "The answer does not name our request, our number and a key."
NO_PROOF_TEXT = "Prove asked for no proof of the new number."


@dataclass(frozen=True)
class Evidence:
    """What is known here of the number and the key of an answer. `linked` are the bindings in force of either."""

    key: ProveKey
    linked: list[Binding]


def gather(session: OnboardingSession, answer: UnifyAnswer) -> Evidence:
    """Return the evidence. For a "true", number and key are locked until the transaction ends."""
    device_id = answer.device_id or ""
    is_true = answer.success is Success.TRUE
    key = keys.lock(session.phone, device_id, session.prove_region) if is_true else ProveKey(device_id=device_id)
    return Evidence(key, linked_to(session.number, device_id) if device_id else [])


def judge_status(session: OnboardingSession, answer: UnifyAnswer, evidence: Evidence) -> Judgement:
    """Judge an answer to unify-status. A "true" to a rebind, which must ask for a code, needs a reviewer."""
    if answer.success is Success.TRUE and session.rebind:
        return Judgement(Verdict.REVIEW, {**answer.failure_reasons, REBIND: NO_PROOF_TEXT})
    if not _is_ours(session, answer):
        return Judgement(Verdict.REVIEW, {MISMATCH: MISMATCH_TEXT})
    reasons = dict(answer.failure_reasons)
    if answer.success is Success.TRUE:
        reasons |= _key_reasons(session, answer, evidence)
    return _judge(session, answer, evidence, reasons)


def judge_bind(session: OnboardingSession, answer: UnifyAnswer, evidence: Evidence) -> Judgement:
    """Judge an answer to unify-bind. The code outweighs a revoke of the key from before the session began."""
    if not _is_ours(session, answer):
        return Judgement(Verdict.REVIEW, {MISMATCH: MISMATCH_TEXT})
    reasons = dict(answer.failure_reasons)
    if answer.success is Success.TRUE and evidence.key.was_revoked_since(session.created_at):
        reasons[KEY_REVOKED] = REVOKED_TEXT
    return _judge(session, answer, evidence, reasons)


def after_bind(judgement: Judgement) -> State:
    """Return the state after unify-bind.

    A key that was revoked or linked to another number meanwhile may be linked, with consent and another code.
    """
    after = {
        Verdict.GO_ON: State.BOUND,
        Verdict.OFFER_REBIND: State.REBIND_OFFERED,
        Verdict.DECLINE: State.DECLINED,
    }
    return after.get(judgement.verdict, State.IN_REVIEW)


def tied_key(session: OnboardingSession, answer: UnifyAnswer) -> str:
    """Return the deviceId that Prove has tied for our request; empty if it tied none or the answer is not ours."""
    ours = answer.client_request_id == str(session.client_request_id) or _is_ours(session, answer)
    return str(answer.device_id or "") if ours and answer.success is Success.TRUE else ""


def _is_ours(session: OnboardingSession, answer: UnifyAnswer) -> bool:
    """Return whether the answer echoes our request and number. A "true" has to name the number and the key."""
    if answer.names_another(str(session.client_request_id), session.number):
        return False
    return answer.success is not Success.TRUE or bool(answer.phone_number and answer.device_id)


def _key_reasons(session: OnboardingSession, answer: UnifyAnswer, evidence: Evidence) -> dict[str, str]:
    """Return why a key that Prove recognises is not recognised here."""
    if evidence.key.revoked_at:
        return {KEY_REVOKED: REVOKED_TEXT}
    of_the_key = [each for each in evidence.linked if each.device_id == answer.device_id]
    if any(binding.prove_id != answer.prove_id for binding in of_the_key):
        return {KEY_OF_ANOTHER_PERSON: OTHER_PERSON_TEXT}
    is_known = any(same(each.number, session.number) for each in of_the_key)
    if not is_known and (of_the_key or was_linked(session.number)):
        return {KEY_UNKNOWN: UNKNOWN_TEXT}  # a bind whose answer was lost, or that is not ours
    return {}


def _judge(session: OnboardingSession, answer: UnifyAnswer, evidence: Evidence, reasons: dict[str, str]) -> Judgement:
    """Judge with the earlier holds of the number and the key, which concern new links only."""
    if answer.success in (Success.TRUE, Success.POSSESSION_REQUIRED) and not _is_linked(session, answer, evidence):
        reasons |= risk.earlier_decision(session, answer.device_id)
    cleared = risk.cleared_reasons(session)
    return judge(answer.success, reasons, rebind=session.rebind, cleared=cleared)


def _is_linked(session: OnboardingSession, answer: UnifyAnswer, evidence: Evidence) -> bool:
    theirs = (answer.prove_id or "", answer.device_id)
    of_the_number = [each for each in evidence.linked if same(each.number, session.number)]
    return theirs in [(each.prove_id, each.device_id) for each in of_the_number]


def answer_facts(answer: UnifyAnswer, judgement: Judgement) -> events.Facts:
    """Return the facts for the event."""
    return {"success": answer.success, "verdict": judgement.verdict, "reasons": sorted(judgement.reasons)}


def answer_columns(answer: UnifyAnswer, judgement: Judgement) -> dict[str, object]:
    """Return the session's columns."""
    notice = Notice.NOT_A_MOBILE if judgement.wants_a_mobile else ""
    return {
        "evaluation": answer.evaluation,
        "failure_reasons": dict(judgement.reasons),
        "device_id": answer.device_id or "",
        "notice": notice,
    }


# --- Recording ----------------------------------------------------------------------------------------------------


def record_answer(
    session: OnboardingSession, answer: UnifyAnswer, record: Callable[[OnboardingSession, UnifyAnswer], Linked | None]
) -> None:
    """Record an answer in one transaction, tried twice, and send the texts that a new link causes."""
    seen = session.state, session.version, session.head
    try:
        with transaction.atomic():
            linked = record(session, answer)
    except (IntegrityError, OperationalError, HookFailed):  # another session linked the same key or person meanwhile
        session.state, session.version, session.head = seen  # the compare-and-swap still expects what was read
        with transaction.atomic():
            linked = record(session, answer)
    if linked and linked.moved_from:
        security_texts.send_moved_away(linked.moved_from)
    if linked and linked.is_new:
        security_texts.send_new_device(linked.binding)


def record_link(
    session: OnboardingSession,
    to: State,
    answer: UnifyAnswer,
    evidence: Evidence,
    name: Name,
    judgement: Judgement,
) -> Linked:
    """Link the session's number and key."""
    linked = link(session, answer, evidence.linked)
    columns = answer_columns(answer, judgement)
    made = [events.entry(Name.BINDING_MADE, {}, binding=linked.binding)] if linked.is_new else []
    step = Step(to, name, answer_facts(answer, judgement), {**columns, "binding": linked.binding})
    take(session, [step], also=made)
    session.binding = linked.binding  # with its user, who is logged in next
    risk.use_clearance(session)
    if to is State.AUTHENTICATED:
        seen, user = linked.binding, str(linked.binding.user_id)
        signals.announce(signals.DeviceRecognised(user=user, number=seen.number, binding=str(seen.public_id)))
    if linked.is_new and to is State.AUTHENTICATED:
        _observe_bind(session.number)
    return linked


def _observe_bind(number: str) -> None:
    """Record that a bind whose answer was lost did happen: Prove recognised a key that no other bind of ours tied."""
    lost = OnboardingSession.objects.filter(of_number(number), state=State.BIND_UNKNOWN)
    if session := lost.exclude(events__name=Name.BIND_OBSERVED).first():
        events.record(Name.BIND_OBSERVED, {}, session=session)
