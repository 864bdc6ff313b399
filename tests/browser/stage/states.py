"""Every state that a person can see a page in: THE table, and how to get there."""

from collections.abc import Callable, Mapping
from functools import partial
from operator import methodcaller

from playwright.sync_api import Route

from tests import qr
from tests.browser.stage.person import Person
from tests.browser.stage.site import Alone

NUMBER, E164 = "(201) 555-0123", "+12015550123"
OTHER_NUMBER, OTHER_E164, THIRD_NUMBER = "201 555 0199", "+12015550199", "201 555 0177"
BLOCKED, LANDLINE, HELD, NO_MOBILE, PUBLIC = (f"202 555 0{line}" for line in (150, 152, 137, 134, 132))
NO_SUCH_NUMBER = {"code": 60200, "message": "Invalid parameter `To`", "status": 400}
SDK = "**/prove-auth*.js"
SESSIONS, BINDINGS = "/admin/onboarding/onboardingsession/", "/admin/onboarding/binding/"
State = Callable[[Person], object]
opens, starts, presses, follows, sees, reads, has_a_bad_day = (
    partial(methodcaller, name) for name in ("opens", "starts", "presses", "follows", "sees", "reads", "has_a_bad_day")
)


def path(*steps: State) -> State:
    """One after the other."""

    def walk(person: Person) -> None:
        for step in steps:
            step(person)

    return walk


def shows(selector: str) -> State:
    return lambda person: person.page.locator(selector).filter(visible=True).first.wait_for()


def fills(selector: str, text: str) -> State:
    return lambda person: person.page.locator(selector).fill(text)


def ages(minutes: int) -> State:
    return lambda person: person.site.ages(minutes=minutes)


def runs_for(seconds: int) -> State:
    return lambda person: person.page.clock.run_for(seconds * 1000)


def refused(url: str) -> State:
    return lambda person: person.page.route(url, lambda route: route.abort())


def reloads(person: Person) -> None:
    person.page.reload()


def has_a_clock(person: Person) -> None:
    person.page.clock.install()


def forgives(person: Person) -> None:
    person.site.forgives()


def sends_plainly(person: Person) -> None:
    """As a browser does where no script listens."""
    person.page.locator("form").first.evaluate("form => form.submit()")


def unfolds_all(person: Person) -> None:
    for summary in person.page.locator("summary").all():
        summary.click()


def types_code_of(number: str) -> State:
    return lambda person: person.types_code(person.code(number))


types_code = types_code_of(E164)


def types_code_and_waits(person: Person) -> None:
    """For an answer that is long in coming: Playwright would wait as well, if a button was pressed."""
    person.field("Code").fill(person.code(E164))
    person.page.locator("[data-code]").evaluate("form => form.requestSubmit()")


def guesses(times: int) -> State:
    def guess(person: Person) -> None:
        code = person.code(E164)
        for _ in range(times):
            with person.page.expect_navigation():
                person.types_code("".join(str((int(digit) + 1) % 10) for digit in code))

    return guess


def waits_for(press: str) -> State:
    def wait(person: Person) -> None:
        person.site.ages(minutes=6)
        with person.page.expect_navigation():
            person.presses(press)

    return wait


def meanwhile(url: str, *, asked: str) -> State:
    """A second tab, once the vendor has been `asked`. Such a page looks again each second; here it stands still."""

    def look(person: Person) -> None:
        person.waits_until_asked(asked)
        person.new_tab().route(f"**{url}", _still)
        person.opens(url)

    return look


def _still(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, headers={k: v for k, v in answer.headers.items() if k != "refresh"})


def another(*steps: State) -> State:
    """Somebody else, with a browser of their own."""

    def act(person: Person) -> None:
        with person.next_to_another() as other:
            path(*steps)(other)

    return act


def goes_where_it_is_strict(url: str) -> State:
    def go(person: Person) -> None:
        assert isinstance(person.site, Alone)
        person.page.goto(person.site.strict + url)

    return go


def scans(person: Person) -> None:
    """One browser plays both screens."""
    person.page.goto(qr.read(person.page.locator(".qr").inner_html()))


def types_match(away: int) -> State:
    """The number that the phone shows, or one so far away from it."""

    def match(person: Person) -> None:
        number = 10 + (int(person.page.locator(".match").inner_text()) - 10 + away) % 90
        path(opens("/handoff/"), fills("#number", str(number)), presses("Continue"))(person)

    return match


def without_indexed_db(person: Person) -> None:
    person.context.add_init_script("Object.defineProperty(window, 'indexedDB', {value: undefined})")


def goes_offline(person: Person) -> None:
    person.page.wait_for_load_state("networkidle")
    person.context.set_offline(True)


def loses_cookies(person: Person) -> None:
    person.context.clear_cookies()


def is_a_stranger(person: Person) -> None:
    """Prove knows none of the keys that were."""
    person.site.control("POST", "reset", {})


def posts_from_elsewhere(person: Person) -> None:
    person.page.goto("about:blank")
    person.page.set_content(f'<form method="post" action="{person.site.origin}/restart/"></form>')
    sends_plainly(person)


PHONE = path(opens("/"), sees("What's your phone number?"))
CHECK = path(
    has_a_bad_day("prove.device_register", "hang", times=1),
    starts(NUMBER),
    methodcaller("waits_until_asked", "prove.device_register"),
)
SLOW = path(has_a_clock, CHECK, runs_for(5), reads("Still checking. This can take a few seconds on a slow connection…"))
CODE = path(starts(NUMBER), sees("Enter the code"), lambda person: person.page.wait_for_load_state())
ENDED = path(
    CODE, ages(11), reloads, reads("This code has stopped working. Send a new one: you won't lose your place.")
)
LINKED = sees("Your number is linked")
DONE = path(CODE, types_code, LINKED)
REMEMBERED = path(
    DONE, presses("Remember me here"), reads("This browser remembers your number: next time one tap is enough.")
)
WELCOME = path(REMEMBERED, opens("/"), sees("Welcome back"))
MOVED_QUESTION = sees("This device is linked to another number")
MOVED = path(DONE, starts(OTHER_NUMBER), MOVED_QUESTION)
MOVES = presses("Move this device to my number")
UNVERIFIED = sees("We couldn't verify your number")
OFFERED = path(opens("/handoff/"), presses("Show the code"), sees("Scan this code with your phone"))
ASKED = path(OFFERED, scans, sees("Did you start this on your computer?"))
MATCH = path(ASKED, presses("Yes, I started this"), sees("Type this number on your computer"))
CONFIRMED = path(MATCH, types_match(0), sees("Your phone is ready"))
MISTYPED = path(MATCH, types_match(1), sees("This code no longer works"))
DESK = path(another(DONE), another(starts(HELD), UNVERIFIED), methodcaller("logs_in_as_reviewer"), shows("#user-tools"))
LISTED = path(DESK, opens(SESSIONS), shows("#result_list"))
SESSION = path(LISTED, follows("•••• 0137"), shows(".object-tools"))


def stamps(act: str) -> list[State]:
    return [follows(act), fills("#id_reason", "asked by their owner"), presses(act)]


APPROVED = path(
    methodcaller("logs_in_as_reviewer"), shows("#user-tools"), opens(SESSIONS), follows("•••• 0137"),
    *stamps("Let this number try again"), shows(".success"),
)  # fmt: skip

STATES: Mapping[str, State] = {
    "phone": PHONE,
    "phone-unfolded": path(PHONE, unfolds_all),
    "phone-wrong": path(starts("hello"), shows("[aria-invalid]")),
    "phone-elsewhere": path(starts("+81 3 1234 5678"), shows("[aria-invalid]")),
    "phone-needs-script": path(PHONE, fills("#phone", NUMBER), sends_plainly, shows(".notice")),
    "phone-anothers-turn": path(another(CODE), starts(NUMBER), shows("#summary")),
    "check": CHECK,
    "check-slow": SLOW,
    "check-too-slow": path(SLOW, runs_for(30), shows("#summary")),
    "check-cancelled": path(CHECK, presses("Cancel"), reads("Stopped. Press the button when you want to go on.")),
    "check-failed": path(has_a_bad_day("prove.device_register", "status"), starts(NUMBER), shows("#summary")),
    "check-blocked": path(refused(SDK), starts(NUMBER), shows("#summary")),
    "check-unsupported": path(without_indexed_db, starts(NUMBER), shows("#summary")),
    "offline": path(PHONE, goes_offline, methodcaller("types_number", NUMBER), shows("#summary")),
    "unreached": path(refused("**/start/"), starts(NUMBER), shows("#summary")),
    "service-down": path(has_a_bad_day("prove.unify", "status"), starts(NUMBER), shows("#summary")),

    "code": CODE,
    "code-sending": path(has_a_bad_day("twilio.verification", "hang", times=1), starts(NUMBER),
                         meanwhile("/code/", asked="twilio.verification"), sees("Sending a code…")),
    "code-checking": path(CODE, has_a_bad_day("twilio.verification_check", "hang", times=1), types_code_and_waits,
                          meanwhile("/code/", asked="twilio.verification_check"), reads("Checking the code…")),
    "code-wrong": path(CODE, guesses(1), reads("That code isn't right. Check it and try again.")),
    "code-last-try": path(CODE, guesses(4), shows("#notice")),
    "code-tries-used-up": path(CODE, guesses(5), sees("Get a new code")),
    "code-letters": path(CODE, methodcaller("types_code", "hello"), shows("[aria-invalid]")),
    "code-ends-soon": path(CODE, ages(9), reloads, shows("[data-ending]")),
    "code-ended": ENDED,
    "code-expired": path(ENDED, types_code, sees("Get a new code")),
    "code-unknown": path(CODE, has_a_bad_day("twilio.verification_check", "lost"), types_code, sees("Get a new code")),
    "code-too-soon": path(CODE, presses("Send a code again"), shows("#notice")),
    "code-called": path(CODE, waits_for("Call me and say the code"), sees("Enter the code")),
    "code-too-often": path(CODE, *[waits_for("Send a code again")] * 3, sees("Please wait a little")),
    "code-all-sent": path(CODE, *[forgives, waits_for("Send a code again")] * 4, shows("#notice")),
    "code-anothers-turn": path(CODE, forgives, another(CODE), waits_for("Send a code again"),
                               sees("Please wait a little")),
    "code-cannot-text": path(starts(LANDLINE), sees("Get a code")),
    "code-cannot-call": path(CODE, has_a_bad_day("twilio.verification", "answer", status=400, body=NO_SUCH_NUMBER),
                             waits_for("Call me and say the code"), shows("#notice")),
    "code-not-sent": path(has_a_bad_day("twilio.verification", "refuse"), starts(NUMBER), sees("Get a code")),
    "code-sent-perhaps": path(has_a_bad_day("twilio.verification", "lost"), starts(NUMBER), sees("Get a code")),
    "code-recalled": path(WELCOME, is_a_stranger, presses("Continue"), sees("Enter the code")),
    "expired": path(CODE, ages(60), reloads, sees("That took too long")),

    "bind": path(CODE, has_a_bad_day("prove.unify_bind", "status", status=429), types_code, sees("One last step")),
    "binding": path(CODE, has_a_bad_day("prove.unify_bind", "hang", times=1), types_code_and_waits,
                    meanwhile("/bind/", asked="prove.unify_bind"), reads("Linking…")),
    "bind-unknown": path(CODE, has_a_bad_day("prove.unify_bind", "lost"), types_code, sees("We're not sure it worked")),
    "moved": MOVED,
    "moved-lately": path(MOVED, MOVES, sees("Enter the code"), types_code_of(OTHER_E164), LINKED, starts(THIRD_NUMBER),
                         MOVED_QUESTION, goes_where_it_is_strict("/moved/"), MOVES, shows("#notice")),
    "move-service-down": path(MOVED, has_a_bad_day("prove.unify", "status"), MOVES, shows("#summary")),
    "held": path(starts(HELD), UNVERIFIED),
    "held-approved": path(starts(HELD), UNVERIFIED, another(APPROVED), reloads),
    "declined": path(starts(PUBLIC), UNVERIFIED),
    "not-a-mobile": path(starts(NO_MOBILE), UNVERIFIED),
    "done": DONE,
    "done-remembered": REMEMBERED,
    "done-with-others": path(another(DONE), DONE, unfolds_all),
    "done-alone": path(another(DONE), DONE, unfolds_all, presses("Yes, keep only this device"), shows(".tip")),
    "welcome": WELCOME,
    "unlinked": path(DONE, methodcaller("unlinks")),

    "handoff": path(opens("/handoff/"), sees("Continue on your phone")),
    "handoff-only": path(goes_where_it_is_strict("/"), sees("Continue on your phone")),
    "handoff-offered": OFFERED,
    "handoff-asked": ASKED,
    "handoff-refused": path(ASKED, presses("No, stop"), sees("Stopped")),
    "handoff-unknown": path(opens("/handoff/answer/"), sees("This code doesn't work")),
    "handoff-match": MATCH,
    "handoff-scanned": path(MATCH, opens("/handoff/"), sees("Which number does your phone show?")),
    "handoff-letters": path(MATCH, opens("/handoff/"), fills("#number", "no"), presses("Continue"),
                            shows("[aria-invalid]")),
    "handoff-confirmed": CONFIRMED,
    "handoff-done": path(CONFIRMED, DONE, opens("/handoff/"), sees("Done on your phone")),
    "handoff-over": MISTYPED,
    "handoff-over-phone": path(MISTYPED, opens("/handoff/phone/"), sees("This code no longer works")),

    "error-400": path(opens("/?%00"), sees("That request was not right")),
    "error-403": path(posts_from_elsewhere, sees("You can't do that here")),
    "error-404": path(opens("/nowhere"), sees("There is no such page")),
    "error-413": path(PHONE, fills("#phone", "0" * 17_000), sends_plainly, sees("That was too much")),
    "error-csrf": path(PHONE, loses_cookies, sends_plainly, sees("This page was too old")),

    "desk-log-in": path(opens("/admin/"), shows("#id_otp_token")),
    "desk-log-in-refused": path(opens("/admin/"), fills("#id_username", "eve"), fills("#id_password", "12"),
                                fills("#id_otp_token", "123456"), presses("Log in"), shows(".errornote")),
    "desk": DESK,
    "desk-sessions": LISTED,
    "desk-nobody-found": path(LISTED, fills("#number", OTHER_NUMBER), presses("Find"), shows(".messagelist")),
    "desk-session": SESSION,
    "desk-bindings": path(DESK, opens(BINDINGS), shows("#result_list")),
    "desk-stamp": path(SESSION, follows("Decline"), shows("#id_reason")),
    "desk-revealed": path(SESSION, *stamps("Show the whole number"), reads("+1 202-555-0137")),
}  # fmt: skip
