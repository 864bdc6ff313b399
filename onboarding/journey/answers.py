"""Prove's answers: weighed, and in the words that the diary and the session keep. Only `flow` reads them."""

from onboarding import events
from onboarding.domain.phone import same
from onboarding.domain.policy import REBIND, Judgement, Verdict, judge, judge_line
from onboarding.domain.states import Notice, State
from onboarding.journey import risk
from onboarding.models import OnboardingSession
from onboarding.upstream.prove import Reply

AFTER_VERDICT = {
    Verdict.GO_ON: State.AUTHENTICATED,
    Verdict.ASK_POSSESSION: State.POSSESSION_REQUIRED,
    Verdict.WAIT: State.STARTED,
    Verdict.OFFER_REBIND: State.REBIND_OFFERED,
    Verdict.DECLINE: State.DECLINED,
    Verdict.REVIEW: State.IN_REVIEW,
}


def judged(session: OnboardingSession, reply: Reply) -> Judgement:
    """Prove's answer weighed; one about another number or request than asked goes to a person."""
    about_us = reply.phone_number is None or same(reply.phone_number, session.number)
    echoed = reply.client_request_id in (None, str(session.client_request_id))
    if not (about_us and echoed):
        return Judgement(Verdict.REVIEW, {"upstream_mismatch": "The answer was about something else."})
    lifted = risk.lifted(session.number)
    return judge(reply.success, reply.failure_reasons, rebind=session.rebind, lifted=lifted)


def device_judged(session: OnboardingSession, reply: Reply) -> Judgement:
    """Where a code is due, the kind of line is weighed as well, if the settings ask for it; a move needs a code."""
    judgement = judged(session, reply)
    if judgement.verdict is Verdict.GO_ON and session.rebind:
        return Judgement(Verdict.REVIEW, {**judgement.reasons, REBIND: "Prove asked for no proof of the new number."})
    if judgement.verdict is not Verdict.ASK_POSSESSION:
        return judgement
    return judge_line(risk.line_type(session), judgement.reasons, lifted=risk.lifted(session.number))


def prove_facts(reply: Reply, judgement: Judgement) -> events.Facts:
    return {"success": reply.success, "verdict": judgement.verdict, "reasons": sorted(judgement.reasons)}


def words(reply: Reply, judgement: Judgement) -> dict[str, object]:
    notice = Notice.NOT_A_MOBILE if judgement.wants_a_mobile else ""
    return {"evaluation": reply.evaluation, "failure_reasons": dict(judgement.reasons), "notice": notice}
