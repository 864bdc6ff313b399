"""One scenario for each way that a journey can go. Each names the members of closed sets that it reaches.

A new state, event, notice, verdict, refusal, review or stage needs a scenario here, which gets there by the pages and
the sandbox and names the words that the last page says: add the member to one, or write one.
"""

from datetime import timedelta

from onboarding.domain.policy import Success, Verdict
from onboarding.domain.states import Notice, State
from onboarding.events import Name
from onboarding.models import OnboardingSession
from onboarding.upstream.twilio import Refusal
from tests.closed_sets.actors import NUMBER, OTHER_NUMBER, Actors
from tests.closed_sets.scenario import scenario
from tests.journey.visitor import Visitor

THIRD_NUMBER = "+12015550177"
HELD, DECLINED, NOT_A_MOBILE, PENDING, LINE_UNKNOWN = (f"+12025550{last}" for last in (137, 132, 134, 121, 165))
UNREACHABLE, GARBLED_STATUS, LOST_BIND, REFUSED_BIND = (f"+12025550{last}" for last in (110, 114, 141, 142))
NOT_SENT, MAYBE_SENT, LOST_CHECK = (f"+12025550{last}" for last in (147, 145, 146))
NO_NUMBER, LANDLINE, OPTED_OUT, BLOCKED = (f"+12025550{last}" for last in (156, 152, 157, 150))
START, CHECK = "twilio.verification", "twilio.verification_check"
CODE_LIFE_S, SESSION_LIFE_S = 600, 1800
CANNOT_LINK = "We can't link"
CHECKING = "We're checking your number"


# --- The number, and the device ----------------------------------------------------------------------------------


@scenario("We texted a code to", State.STARTING, State.STARTED, State.CHECKING_DEVICE, State.POSSESSION_REQUIRED,
          State.SENDING_CODE, State.CODE_SENT, Name.FLOW_ASKED, Name.FLOW_ANSWERED, Name.DEVICE_ASKED,
          Name.DEVICE_ANSWERED, Name.CODE_ASKED, Name.CODE_SENT, Verdict.ASK_POSSESSION,
          Success.POSSESSION_REQUIRED)  # fmt: skip
def a_code_is_sent(actors: Actors) -> None:
    actors.visitor.starts(NUMBER)


@scenario("is linked to this device", State.AUTHENTICATED, Verdict.GO_ON, Success.TRUE)
def a_device_is_recognised(actors: Actors) -> None:
    actors.links()
    actors.visitor.starts(NUMBER)


@scenario("What's your phone number?", State.FAILED, Name.FLOW_UNANSWERED)
def prove_cannot_start_a_flow(actors: Actors) -> None:
    actors.starts_and_is_limited(UNREACHABLE)


@scenario("What's your phone number?", Name.DEVICE_UNANSWERED, Notice.TRY_AGAIN)
def prove_gives_a_garbled_answer_about_the_device(actors: Actors) -> None:
    actors.starts_and_is_limited(GARBLED_STATUS)


@scenario("What's your phone number?", Notice.STILL_CHECKING, Verdict.WAIT, Success.PENDING)
def prove_is_still_checking(actors: Actors) -> None:
    actors.starts_and_is_limited(PENDING)


@scenario("The check of your device did not finish", Notice.NO_ANSWER)
def prove_never_finishes_its_check(actors: Actors) -> None:
    actors.starts_and_is_limited(PENDING)
    for _ in range(10):
        actors.visitor.fetches("/device/")
    actors.visitor.opens("/expired/")


@scenario(CHECKING, State.IN_REVIEW, Verdict.REVIEW, Success.FALSE)
def a_number_is_held(actors: Actors) -> None:
    actors.visitor.starts(HELD)


@scenario(CANNOT_LINK, State.DECLINED, Verdict.DECLINE)
def a_number_is_declined(actors: Actors) -> None:
    actors.visitor.starts(DECLINED)


@scenario("doesn't seem to be a mobile number", Notice.NOT_A_MOBILE)
def a_number_is_no_mobile(actors: Actors) -> None:
    actors.visitor.starts(NOT_A_MOBILE)


@scenario("doesn't seem to be a mobile number", Name.LINE_ANSWERED, Name.LINE_REFUSED)
def twilio_knows_the_line(actors: Actors) -> None:
    actors.settings.TWILIO_LOOKUP = True
    actors.visitor.starts(LANDLINE)


@scenario("We texted a code to", Name.LINE_UNANSWERED)
def twilio_does_not_know_the_line(actors: Actors) -> None:
    actors.settings.TWILIO_LOOKUP = True
    actors.visitor.starts(LINE_UNKNOWN)


@scenario("What's your phone number?", State.SUPERSEDED, Name.FLOW_SUPERSEDED)
def a_person_starts_again(actors: Actors) -> None:
    actors.visitor.starts(NUMBER)
    actors.visitor.submits("/restart/")


@scenario("That took too long", State.EXPIRED, Name.FLOW_EXPIRED)
def a_person_takes_too_long(actors: Actors) -> None:
    actors.visitor.starts(NUMBER)
    actors.later(SESSION_LIFE_S + 1)
    actors.visitor.opens("/code/")


@scenario("We couldn't tell whether that code was right", Name.CLAIM_LOST, Notice.CODE_UNKNOWN)
def a_process_crashes_during_a_check(actors: Actors) -> None:
    actors.visitor.starts(NUMBER)
    OnboardingSession.objects.update(state=State.CHECKING_CODE)
    actors.later(60)
    actors.visitor.opens("/code/")


# --- The code ----------------------------------------------------------------------------------------------------


@scenario("It is too soon for another code", Notice.TOO_SOON)
def another_code_is_asked_for_too_soon(actors: Actors) -> None:
    actors.visitor.starts(NUMBER)
    actors.visitor.submits("/code/send/")


@scenario("as many codes as we can", Notice.TOO_MANY_SENDS)
def too_many_codes_are_asked_for(actors: Actors) -> None:
    actors.settings.LIMITS_WATCH_ONLY = True
    actors.visitor.starts(NUMBER)
    for _ in range(4):
        actors.asks_again()


@scenario("another browser has just asked for", Name.CODE_ELSEWHERE, Notice.SENT_ELSEWHERE)
def another_browser_has_got_a_code(actors: Actors) -> None:
    Visitor().starts(NUMBER)
    actors.visitor.starts(NUMBER)


@scenario("We couldn't send a code right now", Name.CODE_UNANSWERED, Notice.SEND_FAILED)
def twilio_is_busy(actors: Actors) -> None:
    actors.visitor.starts(NOT_SENT)


@scenario("codes and tries are limited", Name.CODE_REFUSED)
def a_budget_refuses_a_text(actors: Actors) -> None:
    actors.settings.LIMITS = {"sends_address": {"burst": 0}}
    actors.visitor.starts_and_is_limited(NUMBER)
    actors.visitor.opens("/code/")
    actors.asks_again()


@scenario("codes and tries are limited", Name.GUESS_REFUSED)
def a_budget_refuses_a_guess(actors: Actors) -> None:
    actors.settings.LIMITS = {"guesses_number": {"burst": 0}}
    actors.visitor.starts(NUMBER)
    actors.visitor.types_code("000000")


@scenario("We couldn't tell whether the code was sent", Notice.SEND_UNKNOWN)
def the_answer_to_a_send_is_lost(actors: Actors) -> None:
    actors.visitor.starts(MAYBE_SENT)


@scenario("Enter the code", Name.CODE_SOUGHT)
def a_code_arrives_although_the_answer_to_its_send_was_lost(actors: Actors) -> None:
    actors.visitor.starts(MAYBE_SENT)
    actors.visitor.submits("/code/find/")


@scenario("We couldn't send a code right now", Refusal.CONFIGURATION)
def twilio_is_misconfigured(actors: Actors) -> None:
    actors.twilio_refuses(START, 20003, status=401)
    actors.visitor.starts(NUMBER)


@scenario("We can't text this number", Refusal.NUMBER, Notice.CANNOT_TEXT)
def twilio_calls_the_number_malformed(actors: Actors) -> None:
    actors.visitor.starts(NO_NUMBER)


@scenario("This is a landline", Refusal.LANDLINE, Notice.LANDLINE)
def a_landline_takes_no_texts(actors: Actors) -> None:
    actors.visitor.starts(LANDLINE)


@scenario("This number has stopped our texts", Refusal.OPTED_OUT, Notice.OPTED_OUT)
def a_person_has_opted_out_of_texts(actors: Actors) -> None:
    actors.visitor.starts(OPTED_OUT)


@scenario("Texts to this number are blocked", Refusal.BLOCKED, Notice.TEXTS_BLOCKED)
def twilio_blocks_texts(actors: Actors) -> None:
    actors.visitor.starts(BLOCKED)


@scenario("We can't text this number", Refusal.OTHER)
def twilio_refuses_for_an_unknown_reason(actors: Actors) -> None:
    actors.twilio_refuses(START, 99999)
    actors.visitor.starts(NUMBER)


@scenario("We can't call this number", Notice.CANNOT_CALL)
def a_number_takes_no_calls(actors: Actors) -> None:
    actors.visitor.starts(NUMBER)
    actors.twilio_refuses(START, 60200)
    actors.asks_again("call")


@scenario("We can't send a code this way", Refusal.CHANNEL, Notice.CHANNEL_OFF)
def the_service_has_no_calls(actors: Actors) -> None:
    actors.visitor.starts(NUMBER)
    actors.twilio_refuses(START, 60223)
    actors.asks_again("call")


@scenario("That code isn't right", State.CHECKING_CODE, Name.GUESS_ASKED, Name.GUESS_ANSWERED, Notice.CODE_WRONG)
def a_code_is_wrong(actors: Actors) -> None:
    actors.visitor.starts(NUMBER)
    actors.types_a_wrong_code()


@scenario("That code isn't right", Refusal.CODE)
def twilio_calls_the_code_malformed(actors: Actors) -> None:
    actors.visitor.starts(NUMBER)
    actors.twilio_refuses(CHECK, 60200)
    actors.types_a_wrong_code()


@scenario("That code has expired", Name.CODE_EXPIRED, Notice.CODE_EXPIRED)
def a_code_expires(actors: Actors) -> None:
    actors.visitor.starts(NUMBER)
    actors.later(CODE_LIFE_S + 1)
    actors.types_the_code()


@scenario("That code has expired", Refusal.GONE)
def a_code_expires_at_twilio(actors: Actors) -> None:
    actors.visitor.starts(NUMBER)
    actors.sandbox.advance(CODE_LIFE_S + 1)
    actors.visitor.types_code("123456")


@scenario("That was the last try for this code", Notice.TOO_MANY_GUESSES)
def too_many_codes_are_wrong(actors: Actors) -> None:
    actors.visitor.starts(NUMBER)
    for _ in range(5):
        actors.types_a_wrong_code()


@scenario("That was the last try for this code", Refusal.TOO_MANY_CHECKS)
def too_many_codes_are_wrong_at_twilio(actors: Actors) -> None:
    actors.visitor.starts(NUMBER)
    actors.twilio_refuses(CHECK, 60202, status=429)
    actors.types_a_wrong_code()


@scenario("We couldn't tell whether that code was right", Name.GUESS_UNANSWERED)
def the_answer_to_a_check_is_lost(actors: Actors) -> None:
    actors.visitor.starts(LOST_CHECK)
    actors.types_the_code(LOST_CHECK)


# --- The bind, and later -----------------------------------------------------------------------------------------


@scenario("is linked to this device", State.POSSESSION_PASSED, State.BINDING, State.BOUND, Name.BIND_ASKED,
          Name.BIND_ANSWERED, Name.BINDING_MADE)  # fmt: skip
def a_number_is_linked(actors: Actors) -> None:
    actors.links()


@scenario("We still have to link", Name.BIND_UNANSWERED)
def prove_cannot_be_reached_for_the_bind(actors: Actors) -> None:
    actors.links(REFUSED_BIND)


@scenario("the last answer got lost on its way", State.BIND_UNKNOWN)
def the_answer_to_a_bind_is_lost(actors: Actors) -> None:
    actors.links(LOST_BIND)


@scenario("is linked to this device", Name.BIND_OBSERVED)
def a_lost_bind_turns_out_to_have_happened(actors: Actors) -> None:
    actors.links(LOST_BIND)
    actors.visitor.starts(LOST_BIND)


@scenario("Ask your bank", Name.LINK_REFUSED)
def the_host_project_does_not_allow_the_link(actors: Actors) -> None:
    actors.settings.HOOKS = "tests.host.shop.Bank"
    actors.visitor.starts(NUMBER)
    actors.types_the_code()


@scenario("Your number is unlinked", Name.BINDING_REVOKED, Name.REVOKE_ANSWERED)
def a_person_unlinks(actors: Actors) -> None:
    actors.links()
    actors.visitor.submits("/unlink/")


@scenario("Your number is unlinked", Name.REVOKE_UNANSWERED)
def the_revoke_at_prove_fails(actors: Actors) -> None:
    actors.links()
    actors.sandbox.inject_fault("prove.device_revoke", "refuse")
    actors.visitor.submits("/unlink/")


# --- A device moves to another number ----------------------------------------------------------------------------


@scenario("This device is linked to another number", State.REBIND_OFFERED, Verdict.OFFER_REBIND)
def a_device_has_another_number(actors: Actors) -> None:
    actors.links()
    actors.visitor.starts(OTHER_NUMBER)


@scenario("is linked to this device", Name.NOTICE_SENT)
def the_old_number_gets_a_security_text(actors: Actors) -> None:
    actors.links()
    actors.rebinds_to(OTHER_NUMBER)


@scenario("is linked to this device", Name.NOTICE_UNANSWERED)
def the_security_text_to_the_old_number_fails(actors: Actors) -> None:
    actors.links()
    actors.sandbox.inject_fault("twilio.message", "refuse")
    actors.rebinds_to(OTHER_NUMBER)


@scenario(CHECKING, Name.REBIND_HELD)
def a_rebind_waits_for_a_reviewer(actors: Actors) -> None:
    actors.settings.REBIND_REVIEW = True
    actors.links()
    actors.visitor.starts(OTHER_NUMBER)
    actors.visitor.opens(actors.visitor.fetches("/moved/").json()["next"])


@scenario("was moved only recently", Name.REBIND_TOO_SOON, Notice.MOVED_LATELY)
def a_device_is_rebound_twice_in_a_day(actors: Actors) -> None:
    actors.settings.REBIND_COOLING_OFF = timedelta(days=1)
    actors.links()
    actors.rebinds_to(OTHER_NUMBER)
    actors.visitor.starts(THIRD_NUMBER)
    actors.visitor.opens(actors.visitor.fetches("/moved/").json()["next"])
