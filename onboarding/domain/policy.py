"""The fraud policy: which verdict follows from Prove's answer and the type of line. Pure: no Django, no network.

Reason codes: Prove's Global Fraud Policy, https://developer.prove.com/docs/global-fraud-policy
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum


class Success(StrEnum):
    """The values of Prove's `success`. https://developer.prove.com/reference/unify-status-request"""

    TRUE = "true"
    FALSE = "false"
    PENDING = "pending"
    POSSESSION_REQUIRED = "possession_required"


class Verdict(StrEnum):
    """The next step of a flow. Ordered by severity, mildest first."""

    GO_ON = "go_on"
    ASK_POSSESSION = "ask_possession"
    WAIT = "wait"
    OFFER_REBIND = "offer_rebind"
    DECLINE = "decline"
    REVIEW = "review"


NO_POSSESSION = "9100"
KEY_BELONGS_TO_ANOTHER_NUMBER = "9101"
# Reasons of ours.
KEY_REVOKED = "key_revoked"  # the key was revoked here, and no code has been passed with it since
KEY_OF_ANOTHER_PERSON = "key_of_another_person"  # the key is linked here to another proveId
KEY_UNKNOWN = "key_unknown"  # the key is not linked here to the number, and one of them is or was linked otherwise
HELD = "held"  # an earlier bind of this number or key waits for a reviewer
DECLINED_BEFORE = "declined_before"  # an earlier bind of this number or key was declined
NOT_ALLOWED = "not_allowed"  # the host project does not allow it, and says why
RELINK = frozenset({KEY_REVOKED, KEY_OF_ANOTHER_PERSON, KEY_UNKNOWN})  # a code links the key again

# The verdict for each reason code. A code that is not listed needs a reviewer: Verdict.REVIEW.
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
# The verdict for each reason of ours, from what is known here about the key and the number.
OWN_VERDICTS: Mapping[str, Verdict] = {
    KEY_REVOKED: Verdict.OFFER_REBIND,
    KEY_OF_ANOTHER_PERSON: Verdict.OFFER_REBIND,
    KEY_UNKNOWN: Verdict.OFFER_REBIND,
    HELD: Verdict.REVIEW,
    DECLINED_BEFORE: Verdict.DECLINE,
    NOT_ALLOWED: Verdict.DECLINE,
}

UNKNOWN_LINE = "unknown"
# The verdict for each of Twilio's line types, https://www.twilio.com/docs/lookup/v2-api/line-type-intelligence
# A type that is not listed needs a reviewer.
LINE_VERDICTS: Mapping[str, Verdict] = {
    "mobile": Verdict.ASK_POSSESSION,
    "fixedVoip": Verdict.ASK_POSSESSION,
    UNKNOWN_LINE: Verdict.ASK_POSSESSION,
    "nonFixedVoip": Verdict.DECLINE,
    **dict.fromkeys(("landline", "pager", "voicemail", "uan"), Verdict.DECLINE),
    **dict.fromkeys(("tollFree", "premium", "sharedCost", "personal"), Verdict.DECLINE),
}
# Reasons of ours, kept next to Prove's codes.
LINE_TYPE = "line_type"
REBIND = "rebind"  # the settings ask for a review of every rebind
MISMATCH = "upstream_mismatch"
NOT_A_MOBILE = frozenset({"9131", "9134", LINE_TYPE})

SEVERITY = list(Verdict)
SUCCESS_VERDICTS: Mapping[Success, Verdict] = {
    Success.TRUE: Verdict.GO_ON,
    Success.POSSESSION_REQUIRED: Verdict.ASK_POSSESSION,
}


@dataclass(frozen=True)
class Judgement:
    """A verdict, and the failure reasons (code to Prove's text) that it rests on."""

    verdict: Verdict
    reasons: Mapping[str, str]

    @property
    def wants_a_mobile(self) -> bool:
        """Whether the number was declined because of its type of line."""
        return self.verdict is Verdict.DECLINE and not NOT_A_MOBILE.isdisjoint(self.reasons)


def judge(
    success: Success,
    reasons: Mapping[str, str],
    *,
    rebind: bool,
    cleared: AbstractSet[str] = frozenset(),
    verdicts: Mapping[str, Verdict] = VERDICTS,
) -> Judgement:
    """Return the strictest verdict among those of `success` and of all reasons.

    `rebind` says whether this flow is a rebind already. `cleared` holds the reasons that a reviewer has cleared.
    `verdicts` is the table of reason codes.
    """
    if success is Success.PENDING:
        return Judgement(Verdict.WAIT, reasons)
    counted = reasons.keys() - _ignored(success, verdicts, rebind=rebind, cleared=cleared)
    found = [_verdict(code, verdicts) for code in counted]
    if success is not Success.FALSE:
        found.append(SUCCESS_VERDICTS[success])
    strictest = max(found, key=SEVERITY.index, default=Verdict.DECLINE)  # "false" without a reason is a no
    if strictest is Verdict.OFFER_REBIND and rebind and KEY_BELONGS_TO_ANOTHER_NUMBER in counted:
        strictest = Verdict.REVIEW
    return Judgement(strictest, reasons)


def _ignored(success: Success, verdicts: Mapping[str, Verdict], *, rebind: bool, cleared: AbstractSet[str]) -> set[str]:
    """Return the reasons that do not count.

    A reviewer can clear a reason for a review, and an earlier decline; no other reason for a decline. Where Prove did
    not say "false", a missing possession check is no failure, and neither is the other number in a rebind.
    """
    ignored = {code for code in cleared if code == DECLINED_BEFORE or _verdict(code, verdicts) is Verdict.REVIEW}
    if success is not Success.FALSE:
        ignored.add(NO_POSSESSION)
        if rebind:
            ignored.add(KEY_BELONGS_TO_ANOTHER_NUMBER)
    return ignored


def _verdict(code: str, verdicts: Mapping[str, Verdict]) -> Verdict:
    return verdicts.get(code) or OWN_VERDICTS.get(code) or Verdict.REVIEW


def judge_line(line_type: str, reasons: Mapping[str, str], *, cleared: AbstractSet[str] = frozenset()) -> Judgement:
    """Return whether a code may be sent to a line of this type. An empty `line_type` means that nobody looked it up."""
    verdict = LINE_VERDICTS.get(line_type, Verdict.REVIEW) if line_type else Verdict.ASK_POSSESSION
    if verdict is Verdict.REVIEW and LINE_TYPE in cleared:
        verdict = Verdict.ASK_POSSESSION
    return Judgement(verdict, reasons if verdict is Verdict.ASK_POSSESSION else {**reasons, LINE_TYPE: line_type})
