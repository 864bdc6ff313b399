"""What the pages say in each state is true, and names a way on."""

import re
from typing import Any

import pytest

from onboarding.models import OnboardingSession
from tests.deep.any_order import desk
from tests.device import through
from tests.journey.conftest import Later, Sandbox
from tests.journey.test_handoff import COMPUTER, Screen
from tests.journey.visitor import Page, Visitor, wrong

NUMBER, E164 = "201 555 0123", "+12015550123"
HELP = "https://example.com/help"
HELD, DECLINED, BIND_REFUSED, PENDING, LANDLINE, OPTED_OUT, BLOCKED, ABROAD, UNPLANNED, MAYBE_SENT = (
    f"202 555 0{line}" for line in (137, 132, 140, 121, 152, 157, 150, 151, 156, 145)
)


def main(page: Page) -> str:
    return page.text[page.text.index("<main>") : page.text.index("</main>")]


def seen(page: Page) -> str:
    """Return the main part without what is hidden until a script shows it."""
    return re.sub(r"<(ul|div|p|li)[^>]* hidden\s*(?: data-words)?>.*?</\1>", "", main(page), flags=re.S)


def buttons(page: Page) -> list[str]:
    """Return the words of the main buttons: those in the shape of a button, and not quiet."""
    found = re.findall(
        r'<button(?: class="")?(?: autofocus)?>([^<]+)</button>|<a class="button" href[^>]*>([^<]+)</a>', seen(page)
    )
    return [button or link for button, link in found]


# --- The exit ----------------------------------------------------------------------------------------------------


def test_the_last_page_leads_on_to_where_the_settings_say(visitor: Visitor, settings: Any) -> None:
    settings.CONTINUE_URL = "https://app.example.com/"
    page = visitor.links(NUMBER, E164)
    assert '<a class="button" href="https://app.example.com/">Continue to proveflow</a>' in page.text
    assert buttons(page) == ["Continue to proveflow"]


@pytest.mark.parametrize("place", ["/account/?a=b", "http://testserver/account/", "https://app.example.com/x"])
def test_the_link_to_the_first_page_can_say_where_to_go_on(visitor: Visitor, settings: Any, place: str) -> None:
    settings.CONTINUE_HOSTS = ["app.example.com"]
    visitor.client.get("/", {"next": place})
    assert f'href="{place}">Continue to' in visitor.links(NUMBER, E164).text


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        "/\\evil.example",
        "http:///evil.example",
        "x" * 2001,
    ],
)
def test_it_leads_to_no_other_host(visitor: Visitor, place: str) -> None:
    visitor.client.get("/", {"next": place})
    assert "Continue to" not in main(visitor.links(NUMBER, E164))


def test_the_way_on_survives_a_log_in_as_another_person(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    visitor.client.get("/", {"next": "/account/"})
    visitor.device.forget()
    page = visitor.links("201 555 0199", "+12015550199")
    assert 'href="/account/">Continue to' in page.text


def test_remembering_is_a_quiet_choice_and_recognition_is_promised_for_most_times(visitor: Visitor) -> None:
    page = visitor.links(NUMBER, E164)
    assert '<button class="quiet">Don\'t ask for my number on this device</button>' in page.text
    assert "usually recognize you here without a code" in page.text


# --- The code page -----------------------------------------------------------------------------------------------


def test_nobody_is_told_that_we_never_ask_for_the_code_above_the_field_that_asks_for_it(visitor: Visitor) -> None:
    page = visitor.starts(NUMBER)
    assert "never ask for it" not in page.text
    assert "Nobody from proveflow will ever call or text you for it." in page.text


def test_while_no_code_may_be_asked_for_no_button_asks_for_it(visitor: Visitor, later: Later) -> None:
    page = visitor.starts(NUMBER)
    assert "You can ask for another code in" in seen(page)
    assert "Send a code again" not in seen(page) and "Get the code by phone call" not in seen(page)
    later(31)
    assert "Send a code again" in seen(visitor.opens("/code/"))


def test_a_code_asked_for_too_soon_is_answered_with_the_time(visitor: Visitor, later: Later) -> None:
    visitor.starts(NUMBER)
    later(10)
    assert re.search(
        r"It is too soon for another code. You can ask for one in 0:(1\d|20)\.", visitor.submits("/code/send/").text
    )


def test_a_code_sent_again_is_confirmed_and_said_to_be_the_same(visitor: Visitor, later: Later) -> None:
    visitor.starts(NUMBER)
    assert "sent it again" not in seen(visitor.page)
    later(31)
    assert "We sent it again. It is the same code." in seen(visitor.submits("/code/send/", channel="sms"))
    assert "sent it again" not in seen(visitor.types_code(wrong(visitor.code(E164))))


def test_a_new_code_is_said_to_be_new(visitor: Visitor, sandbox: Sandbox, later: Later) -> None:
    visitor.starts(NUMBER)
    later(601)
    sandbox.advance(601)
    page = visitor.submits("/code/send/")
    assert "This is a new code. Earlier ones no longer work." in seen(page) and "same code" not in seen(page)


def test_a_code_that_arrived_although_the_answer_to_its_send_was_lost_can_be_entered_at_once(visitor: Visitor) -> None:
    page = visitor.starts(MAYBE_SENT)
    assert "If you have it, go on." in seen(page) and buttons(page) == ["I have the code"]
    assert "Enter the code" in visitor.submits("/code/find/").text
    assert "Your number is linked" in visitor.types_code(visitor.code("+12025550145")).text
    assert len(visitor.messages("+12025550145")) == 1


def test_whoever_has_no_code_after_a_lost_answer_may_ask_for_one(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(MAYBE_SENT)
    sandbox.inject_fault("twilio.verification_fetch", "status", status=404)
    assert "We couldn't send a code right now." in seen(visitor.submits("/code/find/"))


def test_a_code_is_looked_for_only_after_a_lost_answer(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(MAYBE_SENT)
    sandbox.inject_fault("twilio.verification_fetch", "lost")
    assert buttons(visitor.submits("/code/find/")) == ["I have the code"]
    sandbox.clear_faults()
    visitor.submits("/code/find/")
    visitor.submits("/code/find/")
    assert len(sandbox.calls("twilio.verification_fetch")) == 2


def test_a_call_is_not_said_to_be_a_text_sent_again(visitor: Visitor, later: Later) -> None:
    visitor.starts(NUMBER)
    later(31)
    page = visitor.submits("/code/send/", channel="call")
    assert "It is the same code as before." in seen(page) and "We sent it again." not in seen(page)


def test_once_a_code_has_ended_another_one_is_the_main_action(visitor: Visitor, later: Later) -> None:
    visitor.starts(NUMBER)
    later(601)
    page = visitor.opens("/code/")
    assert buttons(page) == ["Send a new code"] and 'name="code"' not in page.text
    assert "This code has stopped working. Ask for a new one" in seen(page)


def test_where_no_more_codes_are_sent_none_is_offered(visitor: Visitor, settings: Any, later: Later) -> None:
    settings.LIMITS_WATCH_ONLY = True
    visitor.starts(NUMBER)
    for _ in range(3):
        later(301)
        visitor.submits("/code/send/")
    assert "You can ask for another code" not in seen(visitor.page)
    later(601)
    page = visitor.opens("/code/")
    assert buttons(page) == [] and "We've sent as many codes as we can for now" in seen(page)
    assert "Ask for a new one" not in seen(page)


def test_after_the_last_try_the_page_says_the_time_and_not_a_few_minutes(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    for _ in range(5):
        page = visitor.types_code(wrong(code))
    assert "few minutes" not in seen(page) and re.search(r"data-clock>(9:\d\d|10:00)<", page.text)


# --- Numbers that can't get texts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (LANDLINE, "This is a landline: it can't receive texts."),
        (OPTED_OUT, "Send START to the number that they came from"),
        (BLOCKED, "Texts to this number are blocked for now."),
        (ABROAD, "Texts to this number are blocked for now."),
        (UNPLANNED, "We can't text this number. Check it, let us call it, or use another one."),
    ],
)
def test_a_number_that_gets_no_texts_is_told_why_and_is_offered_a_call_at_once(
    visitor: Visitor, number: str, words: str
) -> None:
    page = visitor.starts(number)
    assert words in seen(page) and buttons(page) == ["Get the code by phone call"]
    assert "We texted" not in seen(page) and "You can ask for another code in" not in seen(page)


@pytest.mark.parametrize("number", [LANDLINE, OPTED_OUT, BLOCKED])
def test_the_call_comes_at_once(visitor: Visitor, number: str) -> None:
    visitor.starts(number)
    assert "We're calling" in visitor.submits("/code/send/", channel="call").text


@pytest.mark.parametrize("number", [ABROAD, UNPLANNED])
def test_what_neither_a_text_nor_a_call_reaches_is_not_sent_from_one_to_the_other(
    visitor: Visitor, number: str
) -> None:
    visitor.starts(number)
    page = visitor.submits("/code/send/", channel="call")
    assert "We can't send a code to this number. Check it, or use another one." in seen(page)
    assert "let us text it" not in page.text and "Send a code<" not in page.text


# --- In review, and declined -------------------------------------------------------------------------------------


@pytest.fixture
def support(settings: Any) -> None:
    settings.SUPPORT_URL = HELP


def test_in_review_the_page_says_what_happens_by_when_and_how_to_ask(visitor: Visitor, support: None) -> None:
    page = visitor.starts(HELD)
    assert "We're checking your number" in seen(page) and "couldn't verify" not in page.text
    assert "That takes 4 hours at most." in seen(page) and HELP in seen(page)
    assert OnboardingSession.objects.get().reference in seen(page)
    assert buttons(page) == ["Text me the decision"]
    assert 'class="button quiet" href="/">Use another number' in page.text


def test_its_script_hears_of_the_decision(visitor: Visitor) -> None:
    visitor.starts(HELD)
    stage = {"Accept": "application/json"}
    assert visitor.client.get("/unverified/", headers=stage).json() == {"stage": ""}
    desk.act(desk.reviewer(), "approve", OnboardingSession.objects.get())
    assert visitor.client.get("/unverified/", headers=stage).json() == {"stage": "approved"}
    page = visitor.opens("/unverified/")
    assert "You can link it now, within 24 hours." in seen(page) and buttons(page) == ["Go on"]


def test_a_declined_number_gets_no_advice_that_cannot_help(visitor: Visitor, support: None) -> None:
    page = visitor.starts(DECLINED)
    assert "For security we can't say why." in seen(page) and "Contact us, or use another number." in seen(page)
    assert "receive texts" not in seen(page) and buttons(page) == ["Use another number"]


def test_after_a_right_code_nobody_is_told_to_try_again_what_stays_declined(visitor: Visitor, support: None) -> None:
    pages = [visitor.links(BIND_REFUSED, "+12025550140"), visitor.starts(BIND_REFUSED)]
    for page in pages:
        assert "For security we can't say why." in seen(page) and "Contact us, or use another number." in seen(page)
        assert "receive texts" not in seen(page) and buttons(page) == ["Use another number"]


def test_a_device_check_that_was_not_finished_may_be_tried_again(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.opens()
    opened = visitor.fetches("/start/", phone=NUMBER).json()
    answer = {"success": "false", "phoneNumber": E164}
    sandbox.inject_fault("prove.unify_status", "answer", body=answer)
    page = visitor.finishes(opened)
    assert "We couldn't recognize this device" in seen(page) and buttons(page) == ["Try again"]


# --- Failures that last ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [8007, 8009])
def test_a_number_that_prove_refuses_for_good_is_not_to_be_tried_again(
    visitor: Visitor, sandbox: Sandbox, code: int
) -> None:
    body = {"code": code, "message": "no"}
    sandbox.inject_fault("prove.unify", "answer", status=403, body=body)
    visitor.opens()
    answer = visitor.fetches("/start/", phone=NUMBER)
    assert answer.status_code == 400 and "Retry-After" not in answer.headers
    assert answer.json()["error"] == "We can't check this number. Check it, or use another one."


def test_a_check_that_never_ends_is_not_called_a_measure_for_safety(visitor: Visitor, support: None) -> None:
    visitor.opens()
    opened = visitor.fetches("/start/", phone=PENDING).json()
    visitor.device.authenticate(opened["auth_token"], through(visitor.client))
    for _ in range(10):
        visitor.fetches("/device/")
    page = visitor.opens("/expired/")
    assert (
        "We couldn't recognize this device" in seen(page) and "For your safety" not in page.text and HELP in page.text
    )


def test_a_remembered_number_is_not_said_to_be_filled_in(visitor: Visitor, later: Later) -> None:
    visitor.links(NUMBER, E164)
    visitor.submits("/remember/")
    visitor.client.cookies.pop("sessionid")
    visitor.device.forget()
    visitor.opens()
    visitor.finishes(visitor.fetches("/recall/").json())
    later(3600)
    page = visitor.opens("/expired/")
    assert "That took too long" in page.text and "still filled in" not in page.text


# --- The fields --------------------------------------------------------------------------------------------------


def test_a_slip_is_told_before_it_costs_a_try(visitor: Visitor, settings: Any) -> None:
    visitor.starts(NUMBER)
    assert "The code has 6 numbers" in visitor.types_code("12345").text
    assert OnboardingSession.objects.get().guesses == 0


def test_a_wrong_format_names_the_likeliest_mistake(visitor: Visitor, settings: Any) -> None:
    visitor.opens()
    assert "or choose your country above" in visitor.fetches("/start/", phone="hello", country="US").json()["error"]
    settings.ALLOWED_COUNTRIES = ["US"]
    assert "country" not in visitor.fetches("/start/", phone="hello", country="US").json()["error"]


def test_a_wrong_code_is_told_at_its_field(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    page = visitor.types_code(wrong(visitor.code(E164))).text
    assert re.search(r'id="code-error" >That code isn&#x27;t right|id="code-error" >That code isn\'t right', page)
    assert 'aria-describedby="code-error notice"' in page


# --- Limits ------------------------------------------------------------------------------------------------------


def test_a_limit_blames_nobody_promises_nothing_and_offers_help(
    visitor: Visitor, settings: Any, later: Later, support: None
) -> None:
    visitor.starts(NUMBER)
    settings.LIMITS = {"sends_number_hour": {"burst": 0}}
    later(31)
    page = visitor.submits("/code/send/")
    assert page.status == 429 and "The limit is reached for now: you can go on in" in page.text
    for untrue in ("too often", "Nothing is lost", "Leave this page open"):
        assert untrue not in page.text
    assert HELP in main(page)


# --- The handoff -------------------------------------------------------------------------------------------------


def test_a_link_of_a_qr_code_opened_in_another_browser_is_not_called_old(visitor: Visitor) -> None:
    page = visitor.opens("/handoff/answer/")
    assert "Open it in the app or browser in which you scanned it" in page.text and "too old" not in page.text
    assert "too old, or it was used already" in visitor.opens("/h/unknown/").text


# --- No JavaScript, the rest -------------------------------------------------------------------------------------


def test_without_javascript_one_message_is_shown(visitor: Visitor) -> None:
    visitor.opens()
    page = visitor.submits("/start/", phone=NUMBER).text
    assert len(re.findall("<noscript><p", page)) == 1 and '<p class="notice scripted" role="alert">' in page


def test_a_reload_after_unlinking_sends_nothing_again(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    assert visitor.submits("/unlink/").path == "/unlinked/"


def test_a_reload_after_a_refused_handoff_sends_nothing_again(visitor: Visitor, settings: Any) -> None:
    settings.DESKTOP_ALLOWED = False
    visitor.opens(Screen(COMPUTER).offers())
    answer = visitor.client.post("/handoff/answer/", {**visitor._hidden(), "answer": "no"})
    assert answer.status_code == 302
    for _load in range(2):
        page = visitor.opens(answer["Location"])
        assert page.status == 200 and "Nothing was linked." in page.text


def test_pages_describe_themselves_and_numbers_are_no_call_links(visitor: Visitor) -> None:
    page = visitor.opens().text
    assert '<meta name="format-detection" content="telephone=no">' in page
    assert 'name="description" content="Link your phone number to this device, for proveflow."' in page
    assert ">Change language</button>" in page


# --- Arabic ------------------------------------------------------------------------------------------------------


def test_calling_codes_are_isolated_from_the_direction_of_the_page(visitor: Visitor) -> None:
    visitor.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "ar"
    assert "(\u2066+44\u2069)</option>" in visitor.opens().text
