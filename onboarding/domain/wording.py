"""The words that reviewers read for the values of a session's fields."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from onboarding.domain.states import Notice, Review, State

STATE_WORDS: Mapping[str, Any] = {
    State.STARTING: _("Starting"),
    State.STARTED: _("Device check under way"),
    State.CHECKING_DEVICE: _("Asking Prove about the device"),
    State.AUTHENTICATED: _("Recognized"),
    State.REBIND_OFFERED: _("Key has another number: asked whether to move it"),
    State.POSSESSION_REQUIRED: _("Needs a code"),
    State.SENDING_CODE: _("Sending a code"),
    State.CODE_SENT: _("Waiting for the code"),
    State.CHECKING_CODE: _("Checking the code"),
    State.POSSESSION_PASSED: _("Code was right, not linked yet"),
    State.BINDING: _("Linking"),
    State.BOUND: _("Linked"),
    State.BIND_UNKNOWN: _("Answer lost: may be linked"),
    State.IN_REVIEW: _("Needs a person"),
    State.DECLINED: _("Declined"),
    State.FAILED: _("Prove could not start"),
    State.SUPERSEDED: _("Started anew"),
    State.EXPIRED: _("Ran out of time"),
}

NOTICE_WORDS: Mapping[str, Any] = {
    Notice.TRY_AGAIN: _("The service could not be reached"),
    Notice.STILL_CHECKING: _("Prove is still checking"),
    Notice.CODE_WRONG: _("Wrong code"),
    Notice.CODE_EXPIRED: _("Code expired"),
    Notice.CODE_UNKNOWN: _("Answer to the code lost"),
    Notice.TOO_MANY_GUESSES: _("Too many wrong codes"),
    Notice.SEND_UNKNOWN: _("Answer to the send lost"),
    Notice.SENT_ELSEWHERE: _("Another browser got a code"),
    Notice.SEND_FAILED: _("Code not sent"),
    Notice.CANNOT_TEXT: _("Number takes no texts"),
    Notice.LANDLINE: _("Landline: takes no texts"),
    Notice.OPTED_OUT: _("Owner replied STOP: takes no texts"),
    Notice.TEXTS_BLOCKED: _("Texts are blocked"),
    Notice.CANNOT_CALL: _("Number takes no calls"),
    Notice.CHANNEL_OFF: _("Channel is switched off at Twilio"),
    Notice.TOO_SOON: _("Asked for a code too soon"),
    Notice.TOO_MANY_SENDS: _("Too many codes"),
    Notice.MOVED_LATELY: _("Moved too recently to move again"),
    Notice.NOT_A_MOBILE: _("No mobile number"),
    Notice.NO_ANSWER: _("Prove never finished its check"),
}

REVIEW_WORDS: Mapping[str, Any] = {Review.APPROVED: _("may try again"), Review.DECLINED: _("declined")}
