"""What Prove's answer and the kind of line mean for the person: tables and pure functions. No Django, network or clock.

Codes: Prove's Global Fraud Policy, https://developer.prove.com/docs/global-fraud-policy
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum


class Success(StrEnum):
    """Prove's `success`, a closed set of strings. https://developer.prove.com/reference/unify-status-request"""

    TRUE = "true"
    FALSE = "false"
    PENDING = "pending"
    POSSESSION_REQUIRED = "possession_required"


class Verdict(StrEnum):
    """What to do next, mildest first."""

    GO_ON = "go_on"
    ASK_POSSESSION = "ask_possession"
    WAIT = "wait"
    OFFER_REBIND = "offer_rebind"
    DECLINE = "decline"
    REVIEW = "review"


NO_POSSESSION = "9100"
KEY_BELONGS_TO_ANOTHER_NUMBER = "9101"

# A code that is not listed goes to a person: Verdict.REVIEW.
VERDICTS: Mapping[str, Verdict] = {
    KEY_BELONGS_TO_ANOTHER_NUMBER: Verdict.OFFER_REBIND,
    NO_POSSESSION: Verdict.DECLINE,  # phone possession not completed
    "9131": Verdict.DECLINE,  # listed as not a mobile
    "9132": Verdict.DECLINE,  # a public "receive SMS online" number
    "9133": Verdict.REVIEW,  # low SIM-key trust score
    "9134": Verdict.DECLINE,  # non-fixed VoIP
    "9135": Verdict.REVIEW,  # SIM swap within 24 hours
    "9136": Verdict.REVIEW,  # port within 24 hours
    "9137": Verdict.REVIEW,  # call forwarding is on
}

UNKNOWN_LINE = "unknown"
# Twilio's line types: https://www.twilio.com/docs/lookup/v2-api/line-type-intelligence. One that is not listed goes to
# a person. Internet numbers go by what Prove says of them, 9134.
LINES: Mapping[str, Verdict] = {
    "mobile": Verdict.ASK_POSSESSION,
    "fixedVoip": Verdict.ASK_POSSESSION,
    UNKNOWN_LINE: Verdict.ASK_POSSESSION,
    "nonFixedVoip": Verdict.DECLINE,
    **dict.fromkeys(("landline", "pager", "voicemail", "uan"), Verdict.DECLINE),
    **dict.fromkeys(("tollFree", "premium", "sharedCost", "personal"), Verdict.DECLINE),
}
LINE_TYPE = "line_type"  # a reason of ours, next to Prove's codes
REBIND = "rebind"  # another: the settings have a reviewer look at every move of a key
NOT_A_MOBILE = frozenset({"9131", "9134", LINE_TYPE})

SEVERITY = list(Verdict)
OWN = {
    Success.TRUE: [Verdict.GO_ON],
    Success.POSSESSION_REQUIRED: [Verdict.ASK_POSSESSION],
    Success.FALSE: [],
}


@dataclass(frozen=True)
class Judgement:
    """The verdict and the failure reasons, verbatim, that it rests on."""

    verdict: Verdict
    reasons: Mapping[str, str]

    @property
    def wants_a_mobile(self) -> bool:
        return self.verdict is Verdict.DECLINE and not NOT_A_MOBILE.isdisjoint(self.reasons)


def judge(
    success: Success, reasons: Mapping[str, str], *, rebind: bool, lifted: AbstractSet[str] = frozenset()
) -> Judgement:
    """The strictest verdict of `success` and of all reasons; Prove's false without any is a no.

    `rebind` says that this flow already is a rebind: 9101 is then no offer. A reason that a reviewer has `lifted` holds
    nobody up, but it never turns a no into a yes.
    """
    if success is Success.PENDING:
        return Judgement(Verdict.WAIT, reasons)
    moot = {code for code in lifted if VERDICTS.get(code, Verdict.REVIEW) is Verdict.REVIEW}
    if success is not Success.FALSE:
        moot |= {NO_POSSESSION, KEY_BELONGS_TO_ANOTHER_NUMBER} if rebind else {NO_POSSESSION}
    weighed = [VERDICTS.get(code, Verdict.REVIEW) for code in reasons if code not in moot]
    verdicts = OWN[success] + weighed or [Verdict.DECLINE]
    strictest = max(verdicts, key=SEVERITY.index)
    if strictest is Verdict.OFFER_REBIND and rebind:
        strictest = Verdict.REVIEW
    return Judgement(strictest, reasons)


def judge_line(line_type: str, reasons: Mapping[str, str], *, lifted: AbstractSet[str] = frozenset()) -> Judgement:
    """Whether a code may be sent to such a line; `line_type` is empty where nobody asked."""
    verdict = LINES.get(line_type, Verdict.REVIEW) if line_type else Verdict.ASK_POSSESSION
    if verdict is Verdict.REVIEW and LINE_TYPE in lifted:
        verdict = Verdict.ASK_POSSESSION
    return Judgement(verdict, reasons if verdict is Verdict.ASK_POSSESSION else {**reasons, LINE_TYPE: line_type})
