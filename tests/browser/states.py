"""Every state that a person can see a page in, and how to get there."""

from collections.abc import Callable, Mapping

from tests import qr
from tests.browser.person import Person

NUMBER, E164 = "(201) 555-0123", "+12015550123"
OTHER_NUMBER = "201 555 0199"


def phone(person: Person) -> None:
    person.opens()
    person.sees("What's your phone number?")


def phone_wrong(person: Person) -> None:
    person.opens()
    person.types_number("hello")
    person.page.locator("[aria-invalid]").wait_for()


def device_check(person: Person) -> None:
    person.has_a_bad_day("prove.device_register", "hang", times=1)
    person.opens()
    person.types_number(NUMBER)
    person.reads("Checking this device")


def device_check_failed(person: Person) -> None:
    person.has_a_bad_day("prove.device_register", "status", status=500, times=1)
    person.opens()
    person.types_number(NUMBER)
    person.reads("The device check didn't work")


def service_down(person: Person) -> None:
    person.has_a_bad_day("prove.unify", "status", status=503)
    person.opens()
    person.types_number(NUMBER)
    person.reads("Nothing is lost")


def code(person: Person) -> None:
    person.opens()
    person.types_number(NUMBER)
    person.sees("Enter the code")
    person.page.wait_for_load_state()  # its clocks run from here


def code_wrong(person: Person) -> None:
    code(person)
    person.types_code("000000" if person.code(E164) != "000000" else "000001")
    person.reads("That code isn't right")


def code_letters(person: Person) -> None:
    code(person)
    person.types_code("hello")
    person.page.locator("[aria-invalid]").wait_for()


def guesses_used_up(person: Person) -> None:
    code(person)
    for _ in range(5):
        with person.page.expect_navigation():
            person.types_code("000000" if person.code(E164) != "000000" else "000001")
    person.sees("Get a code")


def called(person: Person) -> None:
    code(person)
    waits_for_another(person, "Call me and say the code")
    person.sees("Enter the code")


def too_often(person: Person) -> None:
    code(person)
    for _ in range(3):
        waits_for_another(person, "Send a code again")
    person.sees("Please wait a little")


def waits_for_another(person: Person, press: str) -> None:
    person.site.ages(minutes=3)
    with person.page.expect_navigation():
        person.presses(press)


def expired(person: Person) -> None:
    code(person)
    person.site.ages(minutes=60)
    person.page.reload()
    person.sees("That took too long")


def not_sent(person: Person) -> None:
    person.has_a_bad_day("twilio.verification", "refuse")
    person.opens()
    person.types_number(NUMBER)
    person.sees("Get a code")


def bind(person: Person) -> None:
    code(person)
    person.has_a_bad_day("prove.unify_bind", "status", status=429)
    person.types_code(person.code(E164))
    person.sees("One last step")


def moved(person: Person) -> None:
    person.links(NUMBER, E164)
    person.opens()
    person.types_number(OTHER_NUMBER)
    person.sees("This device is linked to another number")


def review(person: Person) -> None:
    person.opens()
    person.types_number("202 555 0137")
    person.sees("We couldn't verify your number")


def declined(person: Person) -> None:
    person.opens()
    person.types_number("202 555 0134")
    person.sees("We couldn't verify your number")


def bind_unknown(person: Person) -> None:
    code(person)
    person.has_a_bad_day("prove.unify_bind", "lost")
    person.types_code(person.code(E164))
    person.sees("We're not sure it worked")


def done(person: Person) -> None:
    person.links(NUMBER, E164)


def welcome(person: Person) -> None:
    person.links(NUMBER, E164)
    person.presses("Remember me here")
    person.reads("This browser remembers your number")
    person.opens()
    person.sees("Welcome back")


def unlinked(person: Person) -> None:
    person.links(NUMBER, E164)
    person.presses("Unlink this number")
    person.sees("Your number is unlinked")


def nowhere(person: Person) -> None:
    person.opens("/nowhere")


def handoff(person: Person) -> None:
    person.opens("/handoff/")
    person.sees("Continue on your phone")


def handoff_offered(person: Person) -> None:
    handoff(person)
    person.presses("Show the code")
    person.sees("Scan this code with your phone")


def handoff_question(person: Person) -> None:
    """One browser plays both screens."""
    handoff_offered(person)
    person.page.goto(qr.read(person.page.locator(".qr").inner_html()))
    person.sees("Did you start this on your computer?")


def handoff_number(person: Person) -> None:
    handoff_question(person)
    person.presses("Yes, I started this")
    person.sees("Type this number on your computer")


def handoff_scanned(person: Person) -> None:
    handoff_number(person)
    person.opens("/handoff/")
    person.sees("Which number does your phone show?")


def handoff_over(person: Person) -> None:
    handoff_question(person)
    person.presses("No, stop")
    person.opens("/handoff/")
    person.sees("This code no longer works")


def arabic(person: Person) -> None:
    code(person)
    person.page.get_by_label("Language").select_option("ar")
    person.presses("Change")
    person.page.locator("html[dir=rtl]").wait_for()


STATES: Mapping[str, Callable[[Person], None]] = {
    state.__name__.replace("_", "-"): state
    for state in (phone, phone_wrong, device_check, device_check_failed, service_down)
    + (code, code_wrong, code_letters, called, guesses_used_up, too_often, expired, not_sent)
    + (bind, moved, review, declined, bind_unknown, done, welcome, unlinked, nowhere)
    + (handoff, handoff_offered, handoff_question, handoff_number, handoff_scanned, handoff_over, arabic)
}
