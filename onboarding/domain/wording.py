"""The words that reviewers read for the values of a session's fields."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from onboarding.domain.errors import Why
from onboarding.domain.states import Notice, Outcome, Review, State

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
    State.IN_REVIEW: _("Held for a reviewer"),
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
OUTCOME_WORDS: Mapping[str, Any] = {
    Outcome.FRAUD: _("confirmed fraud"),
    Outcome.FALSE_ALARM: _("false alarm"),
    Outcome.UNCLEAR: _("unclear"),
}

# Why a session stands where it stands: Prove's codes, and reasons of ours.
REASON_WORDS: Mapping[str, Any] = {
    "9100": _("the person did not pass a possession check"),
    "9101": _("the key belongs to another number"),
    "9131": _("the number is not a mobile"),
    "9132": _("the number is a public one that receives texts online"),
    "9133": _("the SIM has a low trust score"),
    "9134": _("the number is a non-fixed internet number"),
    "9135": _("the SIM was swapped within 24 hours"),
    "9136": _("the number was ported within 24 hours"),
    "9137": _("calls are forwarded"),
    "key_revoked": _("the key was revoked here"),
    "key_of_another_person": _("the key belongs to another person"),
    "key_unknown": _("the key was never linked here to this number"),
    "held": _("an earlier link of this number or key waits for a reviewer"),
    "declined_before": _("an earlier link of this number or key was declined"),
    "line_type": _("the kind of line is not usual"),
    "rebind": _("every move of a key waits for a reviewer"),
    "not_allowed": _("the service does not allow this number"),
    "upstream_mismatch": _("the answer was about another number or request"),
}


def reason_in_words(code: str, said: str = "") -> str:
    """Return the code of a reason with its words, or with what Prove said, if there is either."""
    words = str(REASON_WORDS.get(code, said))
    return f"{code}: {words}" if words else code


# How far a session came, and the calls to vendors; their names are those of `onboarding.figures.tally`.
STEP_WORDS: Mapping[str, Any] = {
    "begun": _("Begun"),
    "prove": _("Prove began"),
    "device": _("Device checked"),
    "code": _("Code sent"),
    "approved": _("Code was right"),
    "linked": _("Linked"),
    "recognized": _("Recognized"),
}
CALL_WORDS: Mapping[str, Any] = {
    "flow": _("Prove: begin"),
    "device": _("Prove: ask about the device"),
    "bind": _("Prove: link the device"),
    "revoke": _("Prove: revoke the key"),
    "line": _("Twilio: look up the kind of line"),
    "code": _("Twilio: send a code"),
    "guess": _("Twilio: check a code"),
    "notice": _("Twilio: send a text"),
}

# What a verdict means for the person; the names are those of `onboarding.backtest.answers`.
EFFECT_WORDS: Mapping[str, Any] = {"declined": _("declined"), "held": _("held"), "let_through": _("let through")}

# What names a session elsewhere; the names are those of `onboarding.desk.reviews.VendorIds`.
ID_WORDS: Mapping[str, Any] = {
    "prove_region": _("Prove: region"),
    "correlation_id": "Prove: correlationId",
    "client_request_id": "Prove: clientRequestId",
    "verification_sid": "Twilio: Verification SID",
    "log_subject": _("This service's log lines: subject"),
}

WHY_WORDS: Mapping[str, Any] = {
    Why.TAKEN: _("Another reviewer has this case."),
    Why.OWN: _("This is your own account or number: another reviewer has to decide."),
    Why.ESCALATED: _("This case was escalated: a lead has to decide."),
    Why.SAME_PERSON: _("You asked for this before: another reviewer has to do the same."),
}

# The event log in words; its names are those of `onboarding.events`.
EVENT_WORDS: Mapping[str, Any] = {
    "flow:asked": _("Asked Prove to begin"),
    "flow:answered": _("Prove began"),
    "flow:unanswered": _("Prove could not begin"),
    "flow:superseded": _("The person started anew"),
    "flow:expired": _("The time was up"),
    "claim:lost": _("A step was interrupted"),
    "device:asked": _("Asked Prove about the device"),
    "device:answered": _("Prove answered about the device"),
    "device:unanswered": _("Prove gave no answer about the device"),
    "line:answered": _("Twilio named the kind of line"),
    "line:unanswered": _("Twilio did not name the kind of line"),
    "line:refused": _("The kind of line was not accepted"),
    "code:asked": _("Asked Twilio to send a code"),
    "code:sent": _("Twilio sent a code"),
    "code:elsewhere": _("A code had gone to another browser"),
    "code:sought": _("Asked Twilio whether a code was sent"),
    "code:expired": _("The code expired"),
    "code:unanswered": _("Twilio did not confirm the code"),
    "code:refused": _("A limit refused to send a code"),
    "guess:asked": _("Asked Twilio to check a code"),
    "guess:answered": _("Twilio checked the code"),
    "guess:unanswered": _("Twilio gave no answer to the check"),
    "guess:refused": _("A limit refused to check a code"),
    "bind:asked": _("Asked Prove to link the device"),
    "bind:answered": _("Prove answered to the link"),
    "bind:unanswered": _("Prove gave no answer to the link"),
    "bind:observed": _("Prove showed that the device is linked"),
    "link:refused": _("The service did not allow the link"),
    "binding:made": _("The number was linked"),
    "binding:revoked": _("The link was revoked"),
    "binding:revoke_answered": _("Prove confirmed the revocation"),
    "binding:revoke_unanswered": _("Prove did not confirm the revocation"),
    "rebind:held": _("The move of the key waits for a reviewer"),
    "rebind:too_soon": _("The move of the key came too soon"),
    "notice:asked": _("The person asked for a text that tells the decision"),
    "notice:sent": _("A text was sent to tell the person"),
    "notice:unanswered": _("The text to the person failed"),
    "review:approved": _("A reviewer allowed another try"),
    "review:declined": _("A reviewer declined"),
    "case:taken": _("A reviewer took the case"),
    "case:released": _("A reviewer put the case back"),
    "case:snoozed": _("A reviewer snoozed the case"),
    "case:escalated": _("A reviewer escalated the case"),
    "case:noted": _("A reviewer noted"),
    "case:labelled": _("A reviewer said what it turned out to be"),
    "case:exported": _("An operator exported the evidence"),
    "act:proposed": _("A reviewer asked for what needs two"),
    "number:revealed": _("A reviewer saw the whole number"),
    "ids:revealed": _("A reviewer saw the vendors' ids"),
    "list:exported": _("A reviewer downloaded a list"),
    "list:sent": _("The rows of the list were sent"),
    "reviewer:changed": _("A reviewer's access was changed"),
    "subject:exported": _("A person's data were exported"),
    "subject:erased": _("A person's data were erased"),
    "key:made": _("A publishable key was made"),
    "key:revoked": _("A publishable key was revoked"),
    "login:passed": _("A reviewer logged in"),
    "login:failed": _("A log-in failed"),
}
