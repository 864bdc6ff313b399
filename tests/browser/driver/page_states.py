"""The table of all states that a page can be in, each with the steps that lead to it."""

from collections.abc import Callable, Mapping
from functools import partial
from operator import methodcaller

from playwright.sync_api import Route

from tests import qr
from tests.browser.driver.person import Person
from tests.browser.driver.site import WithStandaloneSandbox

NUMBER, E164 = "+1 (201) 555-0123", "+12015550123"
OTHER_NUMBER, OTHER_E164, THIRD_NUMBER = "+1 201 555 0199", "+12015550199", "+1 201 555 0177"
MAYBE_SENT = "+1 202 555 0145"
OPTED_OUT, LANDLINE, HELD, NO_MOBILE, PUBLIC = (f"+1 202 555 0{line}" for line in (157, 152, 137, 134, 132))
NO_SUCH_NUMBER = {"code": 60200, "message": "Invalid parameter `To`", "status": 400}
SDK = "**/prove-auth*.js"
SESSIONS, BINDINGS = "/admin/proveflow/onboardingsession/", "/admin/proveflow/binding/"
PEOPLE, KEYS = "/admin/people/", "/admin/proveflow_api/publishablekey/"
Step = Callable[[Person], object]
opens, starts, presses, follows, sees, reads, inject_fault = (
    partial(methodcaller, name) for name in ("opens", "starts", "presses", "follows", "sees", "reads", "inject_fault")
)


def steps(*each: Step) -> Step:
    """Return a step that takes these steps, one after the other."""

    def take(person: Person) -> None:
        for step in each:
            step(person)

    return take


def shows(selector: str) -> Step:
    return lambda person: person.page.locator(selector).filter(visible=True).first.wait_for()


def fills(selector: str, text: str) -> Step:
    return lambda person: person.page.locator(selector).fill(text)


def makes_sessions_older(minutes: int) -> Step:
    return lambda person: person.site.make_older(minutes=minutes)


def runs_for(seconds: int) -> Step:
    return lambda person: person.page.clock.run_for(seconds * 1000)


def refused(url: str) -> Step:
    return lambda person: person.page.route(url, lambda route: route.abort())


def asks_too_soon(person: Person) -> None:
    """Ask for another code by a form that the script hides."""
    person.page.locator("form[action='/code/send/']").first.evaluate("form => form.submit()")


def reloads(person: Person) -> None:
    person.page.reload()


def installs_clock(person: Person) -> None:
    person.page.clock.install()


def begins_figures(person: Person) -> None:
    person.site.begin_figures()


def resets_limits(person: Person) -> None:
    person.site.reset_limits()


def submits_without_script(person: Person) -> None:
    """Submit the form as without JavaScript."""
    person.page.locator("form").first.evaluate("form => form.submit()")


def expands_all(person: Person) -> None:
    for summary in person.page.locator("summary").all():
        summary.click()


def types_code_of(number: str) -> Step:
    return lambda person: person.types_code(person.code(number))


types_code = types_code_of(E164)


def submits_code_by_script(person: Person) -> None:
    """Submit by script, because after a click Playwright would wait for the slow response."""
    person.field("Code").fill(person.code(E164))
    person.page.locator("[data-code]").evaluate("form => form.requestSubmit()")


def guesses(times: int) -> Step:
    def guess(person: Person) -> None:
        code = person.code(E164)
        for _ in range(times):
            with person.page.expect_navigation():
                person.types_code("".join(str((int(digit) + 1) % 10) for digit in code))

    return guess


def presses_later(press: str) -> Step:
    def wait(person: Person) -> None:
        person.site.make_older(minutes=3)
        person.page.reload()
        with person.page.expect_navigation():
            person.presses(press)

    return wait


def in_a_second_tab(url: str, *, asked: str) -> Step:
    """Open a second tab once the vendor was `asked`. Its page would refresh every second; here it does not."""

    def look(person: Person) -> None:
        person.waits_until_asked(asked)
        person.new_tab().route(f"**{url}", _without_refresh)
        person.opens(url)

    return look


def _without_refresh(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, headers={k: v for k, v in answer.headers.items() if k != "refresh"})


def another(*each: Step) -> Step:
    """Let another person with a browser of their own take the steps."""

    def act(person: Person) -> None:
        with person.another_person() as other:
            steps(*each)(other)

    return act


def opens_strict_site(url: str) -> Step:
    def go(person: Person) -> None:
        assert isinstance(person.site, WithStandaloneSandbox)
        person.page.goto(person.site.strict_origin + url)

    return go


def scans(person: Person) -> None:
    """Open the link of the QR code: one browser is both computer and phone."""
    person.page.goto(qr.read(person.page.locator(".qr").inner_html()))


def types_match(away: int) -> Step:
    """Type the phone's number plus `away`, so 0 for the right one."""

    def match(person: Person) -> None:
        number = 10 + (int(person.page.locator(".match").inner_text()) - 10 + away) % 90
        steps(opens("/handoff/"), fills("#number", str(number)), presses("Continue"))(person)

    return match


def without_indexed_db(person: Person) -> None:
    person.context.add_init_script("Object.defineProperty(window, 'indexedDB', {value: undefined})")


def goes_offline(person: Person) -> None:
    person.page.wait_for_load_state("networkidle")
    person.context.set_offline(True)


def loses_cookies(person: Person) -> None:
    person.context.clear_cookies()


def is_unknown_to_prove(person: Person) -> None:
    """Delete the sandbox's data, so that Prove knows no key."""
    person.site.control("POST", "reset", {})


def posts_from_elsewhere(person: Person) -> None:
    person.page.goto("about:blank")
    person.page.set_content(f'<form method="post" action="{person.site.origin}/restart/"></form>')
    submits_without_script(person)


PHONE = steps(opens("/"), sees("What's your phone number?"))
CHECK = steps(
    inject_fault("prove.device_register", "hang", times=1),
    starts(NUMBER),
    methodcaller("waits_until_asked", "prove.device_register"),
)
SLOW = steps(
    installs_clock, CHECK, runs_for(5), reads("Still checking. This can take a few seconds on a slow connection…")
)
CODE = steps(starts(NUMBER), sees("Enter the code"), lambda person: person.page.wait_for_load_state())
ENDED = steps(
    CODE,
    makes_sessions_older(11),
    reloads,
    reads("This code has stopped working. Ask for a new one: you won't lose your place."),
)
LINKED = sees("Your number is linked")
DONE = steps(CODE, types_code, LINKED)
REMEMBERED = steps(
    DONE,
    presses("Don't ask for my number on this device"),
    reads("This browser remembers your number: next time one tap is enough."),
)
WELCOME = steps(REMEMBERED, opens("/"), sees("Welcome back"))
REBIND_QUESTION = sees("This device is linked to another number")
REBIND_OFFERED = steps(DONE, starts(OTHER_NUMBER), REBIND_QUESTION)
AGREES_TO_REBIND = presses("Move this device to my number")
UNVERIFIED, CHECKED = sees("We couldn't verify your number"), sees("We're checking your number")
OFFERED = steps(opens("/handoff/"), presses("Show the QR code"), sees("Scan this QR code with your phone"))
ASKED = steps(OFFERED, scans, sees("Did you start this on your computer?"))
MATCH = steps(ASKED, presses("Yes, I started this"), sees("Type this 2‑digit number on your computer"))
CONFIRMED = steps(MATCH, types_match(0), sees("Your phone is ready"))
MISTYPED = steps(MATCH, types_match(1), sees("This QR code no longer works"))
DESK = steps(methodcaller("is_reviewer"), shows("#user-tools"))
USED_DESK = steps(another(DONE), another(starts(HELD), CHECKED), DESK)
LISTED = steps(USED_DESK, opens(SESSIONS), shows("#result_list"))
SESSION = steps(LISTED, follows("•••• 0137"), shows(".object-tools"))


def act_with_reason(act: str) -> list[Step]:
    return [follows(act), fills("#id_reason", "asked by their owner"), presses(act)]


def opens_link_shown(person: Person) -> None:
    person.page.goto(person.page.locator("code").inner_text())


def opens_colleague(person: Person) -> None:
    name = person.site.colleague.name
    steps(opens(PEOPLE), follows(name), shows("#id_change"))(person)


INVITED = steps(DESK, opens(PEOPLE), fills("#id_name", "grace"), presses("Make the link"), shows("code"))
REPLAYED = steps(
    opens(f"{SESSIONS}backtest/"), fills("#id_proposal", '{"verdicts": {"9135": "decline"}}'), presses("Replay")
)
APPROVED = steps(
    DESK, opens(SESSIONS), follows("•••• 0137"),
    *act_with_reason("Let this person try again"), shows(".success"),
)  # fmt: skip

PAGE_STATES: Mapping[str, Step] = {
    "phone": PHONE,
    "phone-expanded": steps(PHONE, expands_all),
    "phone-wrong": steps(starts("hello"), shows("[aria-invalid]")),
    "phone-two-numbers": steps(starts("+39 (0)331 234567"), shows("[data-choices]")),
    "phone-unlisted": steps(starts("+1 111 111 1111"), shows("[data-choices]")),
    "phone-country-refused": steps(starts("+81 3 1234 5678"), shows("[aria-invalid]")),
    "phone-needs-script": steps(PHONE, fills("#phone", NUMBER), submits_without_script, shows(".notice")),
    "phone-limited": steps(another(starts(MAYBE_SENT), sees("Get a code")), starts(MAYBE_SENT), shows("#summary")),
    "check": CHECK,
    "check-slow": SLOW,
    "check-too-slow": steps(SLOW, runs_for(30), shows("#summary")),
    "check-cancelled": steps(CHECK, presses("Cancel"), reads("Canceled. Press the button when you want to go on.")),
    "check-failed": steps(inject_fault("prove.device_register", "status"), starts(NUMBER), shows("#summary")),
    "check-blocked": steps(refused(SDK), starts(NUMBER), shows("#summary")),
    "check-unsupported": steps(without_indexed_db, starts(NUMBER), shows("#summary")),
    "offline": steps(PHONE, goes_offline, methodcaller("types_number", NUMBER), shows("#summary")),
    "unreached": steps(refused("**/start/"), starts(NUMBER), shows("#summary")),
    "service-down": steps(inject_fault("prove.unify", "status"), starts(NUMBER), shows("#summary")),

    "code": CODE,
    "code-sending": steps(inject_fault("twilio.verification", "hang", times=1), starts(NUMBER),
                          in_a_second_tab("/code/", asked="twilio.verification"), sees("Sending a code…")),
    "code-checking": steps(CODE, inject_fault("twilio.verification_check", "hang", times=1), submits_code_by_script,
                           in_a_second_tab("/code/", asked="twilio.verification_check"), reads("Checking the code…")),
    "code-wrong": steps(CODE, guesses(1), shows("#notice")),
    "code-last-try": steps(CODE, guesses(4), shows("#notice")),
    "code-tries-used-up": steps(CODE, guesses(5), sees("Get a new code")),
    "code-letters": steps(CODE, methodcaller("types_code", "hello"), shows("[aria-invalid]")),
    "code-ends-soon": steps(CODE, makes_sessions_older(9), reloads, shows("[data-ending]")),
    "code-ended": ENDED,
    "code-expired": steps(CODE, makes_sessions_older(11), types_code, sees("Get a new code")),
    "code-unknown": steps(CODE, inject_fault("twilio.verification_check", "lost"), types_code, sees("Get a new code")),
    "code-too-soon": steps(CODE, asks_too_soon, shows("#notice")),
    "code-elsewhere": steps(another(CODE), starts(NUMBER), shows("#notice")),
    "code-again": steps(CODE, presses_later("Send a code again"), shows(".good")),
    "code-opted-out": steps(starts(OPTED_OUT), sees("Get a code")),
    "code-called": steps(CODE, presses_later("Get the code by phone call"), sees("Enter the code")),
    "code-too-often": steps(CODE, *[presses_later("Send a code again")] * 3, sees("Please wait a little")),
    "code-all-sent": steps(CODE, *[resets_limits, presses_later("Send a code again")] * 3, makes_sessions_older(11),
                           reloads, sees("Get a new code")),
    "code-leased": steps(CODE, resets_limits, another(CODE), presses_later("Send a code again"),
                         sees("Please wait a little")),
    "code-cannot-text": steps(starts(LANDLINE), sees("Get a code")),
    "code-cannot-call": steps(CODE, inject_fault("twilio.verification", "answer", status=400, body=NO_SUCH_NUMBER),
                              presses_later("Get the code by phone call"), shows("#notice")),
    "code-not-sent": steps(inject_fault("twilio.verification", "refuse"), starts(NUMBER), sees("Get a code")),
    "code-send-unknown": steps(inject_fault("twilio.verification", "lost"), starts(NUMBER), sees("Get a code")),
    "code-recalled": steps(WELCOME, is_unknown_to_prove, presses("Continue"), sees("Enter the code")),
    "expired": steps(CODE, makes_sessions_older(60), reloads, sees("That took too long")),

    "bind": steps(CODE, inject_fault("prove.unify_bind", "status", status=429), types_code, sees("One last step")),
    "binding": steps(CODE, inject_fault("prove.unify_bind", "hang", times=1), submits_code_by_script,
                     in_a_second_tab("/bind/", asked="prove.unify_bind"), reads("Linking…")),
    "bind-unknown": steps(CODE, inject_fault("prove.unify_bind", "lost"), types_code, sees("We're not sure it worked")),
    "moved": REBIND_OFFERED,
    "moved-lately": steps(REBIND_OFFERED, AGREES_TO_REBIND, sees("Enter the code"), types_code_of(OTHER_E164), LINKED,
                          starts(THIRD_NUMBER), REBIND_QUESTION, opens_strict_site("/moved/"), AGREES_TO_REBIND,
                          shows("#notice")),
    "move-service-down": steps(REBIND_OFFERED, inject_fault("prove.unify", "status"), AGREES_TO_REBIND,
                               shows("#summary")),
    "held": steps(starts(HELD), CHECKED),
    "held-texted": steps(starts(HELD), CHECKED, presses("Text me the decision"), shows(".tip")),
    "held-approved": steps(starts(HELD), CHECKED, another(APPROVED), reloads),
    "declined": steps(starts(PUBLIC), UNVERIFIED),
    "not-a-mobile": steps(starts(NO_MOBILE), UNVERIFIED),
    "done": DONE,
    "done-remembered": REMEMBERED,
    "done-with-others": steps(another(DONE), DONE, expands_all),
    "devices": steps(another(DONE), DONE, opens("/devices/"), shows(".devices")),
    "done-alone": steps(another(DONE), DONE, expands_all, presses("Yes, keep only this device"), shows(".tip")),
    "welcome": WELCOME,
    "unlinked": steps(DONE, methodcaller("unlinks")),
    "confirm": steps(DONE, opens("/confirm/"), sees("Is it still you?")),
    "logged-out": steps(REMEMBERED, presses("Log out"), sees("You are logged out")),

    "handoff": steps(opens("/handoff/"), sees("Continue on your phone")),
    "handoff-only": steps(opens_strict_site("/"), sees("Scan this QR code with your phone")),
    "handoff-offered": OFFERED,
    "handoff-asked": ASKED,
    "handoff-refused": steps(ASKED, presses("No, stop"), sees("Stopped")),
    "handoff-unknown": steps(opens("/handoff/answer/"), sees("This QR code doesn't work")),
    "handoff-match": MATCH,
    "handoff-scanned": steps(MATCH, opens("/handoff/"), sees("Which 2‑digit number does your phone show?")),
    "handoff-letters": steps(MATCH, opens("/handoff/"), fills("#number", "no"), presses("Continue"),
                             shows("[aria-invalid]")),
    "handoff-confirmed": CONFIRMED,
    "handoff-done": steps(CONFIRMED, DONE, opens("/handoff/"), sees("Done on your phone")),
    "handoff-over": MISTYPED,
    "handoff-over-phone": steps(MISTYPED, opens("/handoff/phone/"), sees("This QR code no longer works")),

    "error-400": steps(opens("/?%00"), sees("Your browser sent something that we can't read")),
    "error-403": steps(posts_from_elsewhere, sees("Open this page from its own site")),
    "error-404": steps(opens("/nowhere"), sees("There is no such page")),
    "error-413": steps(PHONE, fills("#phone", "0" * 17_000), submits_without_script,
                       sees("Your browser sent too much")),
    "error-csrf": steps(PHONE, loses_cookies, submits_without_script, sees("Cookies are blocked")),

    "desk-log-in": steps(opens("/admin/"), shows("#id_otp_token")),
    "desk-log-in-refused": steps(opens("/admin/"), fills("#id_username", "eve"), fills("#id_password", "12"),
                                 fills("#id_otp_token", "123456"), presses("Log in"), shows(".errornote")),
    "desk": USED_DESK,
    "desk-sessions": LISTED,
    "desk-figures": steps(USED_DESK, begins_figures, opens(f"{SESSIONS}figures/?days=30"), shows(".chart")),
    "desk-nothing-found": steps(LISTED, fills("#number", OTHER_NUMBER), presses("Find"), shows(".messagelist")),
    "desk-session": SESSION,
    "desk-bindings": steps(USED_DESK, opens(BINDINGS), shows("#result_list")),
    "desk-act": steps(SESSION, follows("Decline"), shows("#id_reason")),
    "desk-people": steps(DESK, opens(PEOPLE), shows("#id_name")),
    "desk-invited": INVITED,
    "desk-join": steps(INVITED, opens_link_shown, shows("#id_again")),
    "desk-person": steps(DESK, opens_colleague),
    "desk-account": steps(DESK, opens("/admin/account/"), sees("Your access")),
    "desk-codes": steps(DESK, opens("/admin/account/"), presses("Make new recovery codes"), shows(".codes")),
    "desk-backtest": steps(DESK, opens(f"{SESSIONS}backtest/"), shows("#id_proposal")),
    "desk-backtest-done": steps(USED_DESK, REPLAYED, shows("#result")),
    "desk-keys": steps(DESK, opens(KEYS), shows("#changelist")),
    "desk-new-key": steps(DESK, opens(f"{KEYS}add/"), shows("#id_name")),
    "desk-revealed": steps(SESSION, *act_with_reason("Show the whole number"), reads("+1 202-555-0137")),
}  # fmt: skip
