"""Where a session can be and where it may go. Pure: no Django, no network, no clock."""

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """One session is one Prove flow (one correlationId). The names ending in -ING are claims: a call is under way."""

    STARTING = "starting"  # asking Prove for a flow: unify
    STARTED = "started"  # the browser holds an authToken
    CHECKING_DEVICE = "checking_device"  # asking Prove about the device: unify-status
    AUTHENTICATED = "authenticated"  # the key was known: done
    REBIND_OFFERED = "rebind_offered"  # 9101: the key belongs to another number; still, where Prove could not start it
    POSSESSION_REQUIRED = "possession_required"  # a code has to be sent
    SENDING_CODE = "sending_code"
    CODE_SENT = "code_sent"
    CHECKING_CODE = "checking_code"
    POSSESSION_PASSED = "possession_passed"  # approved, not yet spent on a bind
    BINDING = "binding"  # asking Prove to tie number and key: unify-bind
    BOUND = "bound"  # done
    BIND_UNKNOWN = "bind_unknown"  # the bind's answer was lost: it is never asked again, a new flow observes
    IN_REVIEW = "in_review"  # a person has to look
    DECLINED = "declined"
    FAILED = "failed"  # Prove could not start the flow
    SUPERSEDED = "superseded"  # the person started anew
    EXPIRED = "expired"


S = State

MOVES: Mapping[State, frozenset[State]] = {
    S.STARTING: frozenset({S.STARTED, S.FAILED, S.REBIND_OFFERED}),
    S.STARTED: frozenset({S.CHECKING_DEVICE}),
    S.CHECKING_DEVICE: frozenset(
        {S.STARTED, S.AUTHENTICATED, S.REBIND_OFFERED, S.POSSESSION_REQUIRED, S.IN_REVIEW, S.DECLINED, S.EXPIRED}
    ),
    S.REBIND_OFFERED: frozenset({S.IN_REVIEW}),
    S.POSSESSION_REQUIRED: frozenset({S.SENDING_CODE}),
    S.SENDING_CODE: frozenset({S.CODE_SENT, S.POSSESSION_REQUIRED}),
    S.CODE_SENT: frozenset({S.CHECKING_CODE, S.SENDING_CODE, S.POSSESSION_REQUIRED}),
    S.CHECKING_CODE: frozenset({S.POSSESSION_PASSED, S.CODE_SENT, S.POSSESSION_REQUIRED}),
    S.POSSESSION_PASSED: frozenset({S.BINDING}),
    S.BINDING: frozenset({S.BOUND, S.POSSESSION_PASSED, S.BIND_UNKNOWN, S.IN_REVIEW, S.DECLINED}),
}

# Where a claim ends whose holder never came back: what was asked is unknown, and unknown is not yes.
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
WAITING = frozenset({S.POSSESSION_REQUIRED, S.CODE_SENT, S.POSSESSION_PASSED})  # for the person, with a number in hand


def may_move(origin: State, to: State) -> bool:
    """Whether the table allows it; a new start or the clock ends any session that is open."""
    if origin in OPEN and to in (S.SUPERSEDED, S.EXPIRED):
        return True
    return to in MOVES.get(origin, frozenset())


class Stage(StrEnum):
    """Where a handoff from a computer to a phone stands. It moves down this list, one line at a time, or ends."""

    OFFERED = "offered"  # the computer shows the code to scan
    SCANNED = "scanned"  # one phone has it, and shows a number to type on the computer
    CONFIRMED = "confirmed"  # the journey goes on, on that phone
    DONE = "done"  # the phone's number is linked
    OVER = "over"  # refused, mistyped or too late


class Review(StrEnum):
    """A reviewer's word on a session that is IN_REVIEW. The session stays final; its number may be tried again."""

    APPROVED = "approved"
    DECLINED = "declined"


class Channel(StrEnum):
    """How a code travels. https://www.twilio.com/docs/verify/api/verification"""

    SMS = "sms"
    CALL = "call"


class Notice(StrEnum):
    """What the next page has to tell the person besides its usual words; templates hold the sentences."""

    TRY_AGAIN = "try_again"  # the vendor could not be asked; nothing is lost
    STILL_CHECKING = "still_checking"
    CODE_WRONG = "code_wrong"
    CODE_EXPIRED = "code_expired"
    CODE_UNKNOWN = "code_unknown"  # the check's answer was lost: a new code is needed
    TOO_MANY_GUESSES = "too_many_guesses"
    SEND_UNKNOWN = "send_unknown"  # the send's answer was lost: it may arrive
    SEND_FAILED = "send_failed"
    CANNOT_TEXT = "cannot_text"
    CANNOT_CALL = "cannot_call"
    TOO_SOON = "too_soon"
    TOO_MANY_SENDS = "too_many_sends"
    MOVED_LATELY = "moved_lately"  # the number or the key: it may not move again yet
    NOT_A_MOBILE = "not_a_mobile"  # declined for the kind of line
