"""The states of a session and the transitions between them. Pure: no Django, no network, no clock."""

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """The states of a session, which is one Prove flow (one correlationId).

    Names that end in -ING are claims: a request holds the session while it calls a vendor.
    """

    STARTING = "starting"  # asking Prove for a flow: unify
    STARTED = "started"  # the browser holds an authToken
    CHECKING_DEVICE = "checking_device"  # asking Prove about the device: unify-status
    AUTHENTICATED = "authenticated"  # the key was known: done
    REBIND_OFFERED = "rebind_offered"  # 9101: the key has another number. Also the state of a rebind that Prove refused
    POSSESSION_REQUIRED = "possession_required"  # a code has to be sent
    SENDING_CODE = "sending_code"
    CODE_SENT = "code_sent"
    CHECKING_CODE = "checking_code"
    POSSESSION_PASSED = "possession_passed"  # approved, not yet spent on a bind
    BINDING = "binding"  # asking Prove to tie number and key: unify-bind
    BOUND = "bound"  # done
    BIND_UNKNOWN = "bind_unknown"  # the answer to the bind was lost. The bind is not repeated; a new flow will show
    IN_REVIEW = "in_review"  # a reviewer has to decide
    DECLINED = "declined"
    FAILED = "failed"  # Prove could not start the flow
    SUPERSEDED = "superseded"  # the person started again
    EXPIRED = "expired"


S = State

TRANSITIONS: Mapping[State, frozenset[State]] = {
    S.STARTING: frozenset({S.STARTED, S.FAILED, S.REBIND_OFFERED}),
    S.STARTED: frozenset({S.CHECKING_DEVICE}),
    S.CHECKING_DEVICE: frozenset(
        {S.STARTED, S.AUTHENTICATED, S.REBIND_OFFERED, S.POSSESSION_REQUIRED, S.IN_REVIEW, S.DECLINED, S.EXPIRED}
    ),
    S.REBIND_OFFERED: frozenset({S.IN_REVIEW}),
    S.POSSESSION_REQUIRED: frozenset({S.SENDING_CODE, S.CODE_SENT}),  # CODE_SENT: another browser got a code
    S.SENDING_CODE: frozenset({S.CODE_SENT, S.POSSESSION_REQUIRED, S.IN_REVIEW, S.DECLINED}),
    S.CODE_SENT: frozenset({S.CHECKING_CODE, S.SENDING_CODE, S.POSSESSION_REQUIRED}),
    S.CHECKING_CODE: frozenset({S.POSSESSION_PASSED, S.CODE_SENT, S.POSSESSION_REQUIRED}),
    S.POSSESSION_PASSED: frozenset({S.BINDING}),
    S.BINDING: frozenset({S.BOUND, S.POSSESSION_PASSED, S.BIND_UNKNOWN, S.IN_REVIEW, S.DECLINED, S.REBIND_OFFERED}),
}

# The state after a claim whose holder disappeared. The result of its call is unknown, and never counts as a success.
AFTER_LOST_CLAIM: Mapping[State, State] = {
    S.STARTING: S.FAILED,
    S.CHECKING_DEVICE: S.STARTED,
    S.SENDING_CODE: S.POSSESSION_REQUIRED,
    S.CHECKING_CODE: S.POSSESSION_REQUIRED,
    S.BINDING: S.BIND_UNKNOWN,
}

CLAIMS = frozenset(AFTER_LOST_CLAIM)
PASSED = frozenset({S.AUTHENTICATED, S.BOUND})
FINAL = PASSED | {S.BIND_UNKNOWN, S.IN_REVIEW, S.DECLINED, S.FAILED, S.SUPERSEDED, S.EXPIRED}
OPEN = frozenset(State) - FINAL - CLAIMS
WAITING = frozenset({S.POSSESSION_REQUIRED, S.CODE_SENT, S.POSSESSION_PASSED})  # for the person, after the device check


def may_transition(origin: State, to: State) -> bool:
    """Return whether a session may go from `origin` to `to`. A new start or the clock ends any open session."""
    if origin in OPEN and to in (S.SUPERSEDED, S.EXPIRED):
        return True
    return to in TRANSITIONS.get(origin, frozenset())


class Stage(StrEnum):
    """The stages of a handoff from a computer to a phone, in their order. OVER can follow any of them."""

    OFFERED = "offered"  # the computer shows the QR code
    SCANNED = "scanned"  # a phone scanned it, and shows a number to type on the computer
    CONFIRMED = "confirmed"  # the journey continues on that phone
    DONE = "done"  # the phone's number is linked
    OVER = "over"  # refused, mistyped or expired


class Review(StrEnum):
    """A reviewer's decision on a session IN_REVIEW. The session keeps its state; the person starts again."""

    APPROVED = "approved"
    DECLINED = "declined"


class Outcome(StrEnum):
    """What a case turned out to be, as reviewers learn later."""

    FRAUD = "fraud"
    FALSE_ALARM = "false_alarm"
    UNCLEAR = "unclear"


class Channel(StrEnum):
    """How a code is delivered. https://www.twilio.com/docs/verify/api/verification"""

    SMS = "sms"
    CALL = "call"


class Notice(StrEnum):
    """What the next page tells the person besides its usual text. The sentences are in the templates."""

    TRY_AGAIN = "try_again"  # the vendor was not reached; the session is where it was
    STILL_CHECKING = "still_checking"
    CODE_WRONG = "code_wrong"
    CODE_EXPIRED = "code_expired"
    CODE_UNKNOWN = "code_unknown"  # the answer to the check was lost: a new code is needed
    TOO_MANY_GUESSES = "too_many_guesses"
    SEND_UNKNOWN = "send_unknown"  # the answer to the send was lost: the text may arrive
    SENT_ELSEWHERE = "sent_elsewhere"  # another browser got a code for the number: it can be entered here
    SEND_FAILED = "send_failed"
    CANNOT_TEXT = "cannot_text"
    LANDLINE = "landline"
    OPTED_OUT = "opted_out"  # the owner of the number replied STOP
    TEXTS_BLOCKED = "texts_blocked"  # by Twilio's fraud control or the carrier
    CANNOT_CALL = "cannot_call"
    CHANNEL_OFF = "channel_off"  # the Verify service does not have the channel
    TOO_SOON = "too_soon"
    TOO_MANY_SENDS = "too_many_sends"
    MOVED_LATELY = "moved_lately"  # the number or the key was rebound recently and may not be rebound yet
    NOT_A_MOBILE = "not_a_mobile"  # declined because of the type of line
    NO_ANSWER = "no_answer"  # expired because Prove was still checking each time that it was asked


# What the person is told if Twilio refuses to send a code by this channel; the first for a reason without its own.
CANNOT_SEND: Mapping[Channel, tuple[Notice, ...]] = {
    Channel.SMS: (Notice.CANNOT_TEXT, Notice.LANDLINE, Notice.OPTED_OUT, Notice.TEXTS_BLOCKED),
    Channel.CALL: (Notice.CANNOT_CALL,),
}
