"""The code page: its texts and the actions that it offers."""

import re
from typing import Any

import pytest

from onboarding.models import OnboardingSession
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Visitor, wrong

NUMBER, E164 = "201 555 0123", "+12015550123"


def test_there_is_one_field_that_the_browser_can_fill_from_the_text_message(visitor: Visitor) -> None:
    page = visitor.starts(NUMBER).text
    fields = re.findall(r'<input class[^>]*type="text"[^>]*>', page)
    assert len(fields) == 1
    for words in ('inputmode="numeric"', 'autocomplete="one-time-code"', r'pattern="[0-9 \-]*"'):
        assert words in fields[0]


def test_it_shows_the_number_and_the_time_left_and_warns_not_to_share_the_code(visitor: Visitor, later: Later) -> None:
    page = visitor.starts(NUMBER).text
    assert (
        "+1 201-555-0123" in page
        and "It works for another 10 minutes" in page
        and "will ever call or text you for it" in page
    )
    later(9 * 60 + 1)
    assert "It works for another minute." in visitor.opens("/code/").text
    later(60)
    page = visitor.opens("/code/").text
    assert "This code has stopped working" in page and "minutes" not in page.partition("data-words")[0]


def test_a_code_requested_too_soon_is_refused_with_the_time_to_wait(visitor: Visitor, later: Later) -> None:
    visitor.starts(NUMBER)
    later(10)
    page = visitor.submits("/code/send/")
    assert page.status == 429 and 15 <= int(page.headers["Retry-After"]) <= 20
    assert re.search(r"You can ask for another code in\s+<span[^>]*>0:(1\d|20)<", page.text)
    assert len(visitor.messages(E164)) == 1


def test_while_no_code_may_be_sent_the_page_says_when_it_may(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    for _ in range(5):
        page = visitor.types_code(wrong(code)).text
    assert "<h1>Get a new code</h1>" in page and "Nothing arrived?" not in page
    assert re.search(
        r'data-wait="\d{3}" >You can ask for another code in.*?</p>\s*<div data-after-wait hidden>', page, re.S
    )


@pytest.mark.parametrize("typed", ["{0} {1}", "{0}-{1}", " {0}{1}. ", "{0}\u2011{1}"])
def test_a_code_may_be_typed_with_blanks_and_dashes(visitor: Visitor, typed: str) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    assert visitor.types_code(typed.format(code[:3], code[3:])).path == "/done/"


def test_a_code_may_be_typed_in_full_width_or_arabic_digits(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    foreign = str.maketrans("0123456789", "\uff10\uff11\uff12\uff13\uff14\u0665\u0666\u0667\u0668\u0669")
    assert visitor.types_code(visitor.code(E164).translate(foreign)).path == "/done/"


def test_the_code_can_be_delivered_by_a_call(visitor: Visitor, sandbox: Sandbox, later: Later) -> None:
    visitor.starts(NUMBER)
    later(31)
    page = visitor.submits("/code/send/", channel="call")
    assert "We're calling" in page.text and "texted" not in page.text
    assert OnboardingSession.objects.get().channel == "call"
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"kind": "refuse"}, "send a code right now"),
        ({"kind": "lost"}, "tell whether the code was sent"),
        (
            {"kind": "answer", "status": 400, "body": {"code": 60200, "message": "no", "status": 400}},
            "call this number",
        ),
    ],
)
def test_after_a_failed_call_the_page_still_refers_to_the_text_that_was_sent(
    visitor: Visitor, sandbox: Sandbox, later: Later, fault: dict[str, Any], message: str
) -> None:
    visitor.starts(NUMBER)
    later(31)
    sandbox.inject_fault("twilio.verification", **fault)
    page = visitor.submits("/code/send/", channel="call").text
    assert message in page and "We texted a code to" in page and "calling" not in page
    sandbox.clear_faults()
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_a_number_that_takes_no_texts_is_offered_a_call_first(visitor: Visitor) -> None:
    page = visitor.starts("202 555 0152").text
    assert "This is a landline" in page
    assert page.index("Get the code by phone call") < page.index(">Send a code<")


def test_an_unknown_channel_sends_nothing(visitor: Visitor, later: Later) -> None:
    visitor.starts(NUMBER)
    later(31)
    assert visitor.submits("/code/send/", channel="pigeon").path == "/code/"
    assert len(visitor.messages(E164)) == 1


def test_it_says_when_two_tries_and_one_try_are_left(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    pages = [visitor.types_code(wrong(code)).text for _ in range(4)]
    assert "left" not in pages[0] + pages[1]
    assert "You have 2 tries left." in pages[2] and "You have 1 try left." in pages[3]


@pytest.mark.parametrize(
    ("typed", "message"),
    [("", "Enter the code"), ("12a456", "numbers only"), ("123", "has 6 numbers"), ("1" * 11, "has 6 numbers")],
)
def test_each_kind_of_malformed_code_has_its_own_message(visitor: Visitor, typed: str, message: str) -> None:
    visitor.starts(NUMBER)
    page = visitor.types_code(typed).text
    summary = page[page.index('id="summary"') : page.index("<h1>")]
    assert message in summary and re.search(r"<title>\s*Error:", page)
    assert not typed or f'value="{typed}"' in page


def test_a_failed_bind_is_announced_in_the_title_and_has_the_focus(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    sandbox.inject_fault("prove.unify_bind", "status", status=429)
    page = visitor.types_code(visitor.code(E164)).text
    assert re.search(r"<title>\s*Error: One last step", page)
    assert re.findall(r"<(\w+)[^>]* autofocus", page) == ["div"]


def test_people_who_get_no_texts_are_offered_other_ways(visitor: Visitor, settings: object) -> None:
    settings.SUPPORT_URL = "https://example.com/help"  # type: ignore[attr-defined]
    page = visitor.starts(NUMBER).text
    for way in (
        "Send a code again",
        "Get the code by phone call",
        "Use a different number",
        "https://example.com/help",
    ):
        assert way in page


def test_no_button_is_disabled_and_no_number_is_a_link_to_call(visitor: Visitor) -> None:
    page = visitor.starts(NUMBER).text
    assert not re.search(r"<button[^>]* disabled", page) and "tel:" not in page
