"""Judges Prove's answers, and turns them into columns of the session and facts of its event."""

from onboarding import events
from onboarding.domain.phone import same
from onboarding.domain.policy import REBIND, Judgement, Verdict, judge, judge_line
from onboarding.domain.states import Notice, State
from onboarding.journey import risk
from onboarding.models import OnboardingSession
from onboarding.upstream.prove import UnifyAnswer

AFTER_VERDICT = {
    Verdict.GO_ON: State.AUTHENTICATED,
    Verdict.ASK_POSSESSION: State.POSSESSION_REQUIRED,
    Verdict.WAIT: State.STARTED,
    Verdict.OFFER_REBIND: State.REBIND_OFFERED,
    Verdict.DECLINE: State.DECLINED,
    Verdict.REVIEW: State.IN_REVIEW,
}


def judge_answer(session: OnboardingSession, answer: UnifyAnswer) -> Judgement:
    """Judge an answer. One about another number or request than ours needs a reviewer."""
    about_us = answer.phone_number is None or same(answer.phone_number, session.number)
    echoed = answer.client_request_id in (None, str(session.client_request_id))
    if not (about_us and echoed):
        return Judgement(Verdict.REVIEW, {"upstream_mismatch": "The answer was about something else."})
    lifted = risk.cleared_reasons(session.number)
    return judge(answer.success, answer.failure_reasons, rebind=session.rebind, cleared=lifted)


def judge_device_answer(session: OnboardingSession, answer: UnifyAnswer) -> Judgement:
    """Judge an answer to unify-status. A rebind needs a code; before a code, the type of line is judged too."""
    judgement = judge_answer(session, answer)
    if judgement.verdict is Verdict.GO_ON and session.rebind:
        return Judgement(Verdict.REVIEW, {**judgement.reasons, REBIND: "Prove asked for no proof of the new number."})
    if judgement.verdict is not Verdict.ASK_POSSESSION:
        return judgement
    return judge_line(risk.line_type(session), judgement.reasons, cleared=risk.cleared_reasons(session.number))


def answer_facts(answer: UnifyAnswer, judgement: Judgement) -> events.Facts:
    """Return the facts for the event."""
    return {"success": answer.success, "verdict": judgement.verdict, "reasons": sorted(judgement.reasons)}


def answer_columns(answer: UnifyAnswer, judgement: Judgement) -> dict[str, object]:
    """Return the session's columns."""
    notice = Notice.NOT_A_MOBILE if judgement.wants_a_mobile else ""
    return {"evaluation": answer.evaluation, "failure_reasons": dict(judgement.reasons), "notice": notice}
