"""What browsers do besides what pages expect: blocked cookies, tabs, lost answers, the Back button, tablets."""

import time
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session

from onboarding.desk import reviews
from onboarding.journey import unlinking
from onboarding.models import OnboardingSession
from onboarding.web import gate
from tests.journey.conftest import Later, Sandbox
from tests.journey.test_handoff import COMPUTER, PHONE, Screen
from tests.journey.visitor import JSON, Visitor

NUMBER, E164, OTHER = "201 555 0123", "+12015550123", "201 555 0199"
RISKY = "202 555 0138"  # Prove's reputation check reports a swap
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
COOKIES_NEEDED = "This browser blocks cookies, and these pages need them."


# --- Cookies and CSRF tokens -------------------------------------------------------------------------------------


def test_a_browser_that_blocks_cookies_is_told_so(visitor: Visitor) -> None:
    visitor.opens()
    visitor.client.cookies.clear()
    assert COOKIES_NEEDED in visitor.fetches("/start/", phone=NUMBER).json()["error"]
    visitor.client.cookies.clear()
    page = visitor.submits("/restart/")
    assert page.status == 403 and COOKIES_NEEDED in page.text and "<h1>Cookies are blocked</h1>" in page.text


def test_a_script_is_told_why_it_is_refused(visitor: Visitor) -> None:
    visitor.opens()
    headers = {**JSON, "Sec-Fetch-Site": "cross-site"}
    answer = visitor.client.post("/start/", {"phone": NUMBER}, headers=headers)
    assert answer.status_code == 403 and "came from another site" in answer.json()["error"]


@pytest.mark.parametrize("path", ["/code/", "/code/send/", "/restart/", "/language/"])
def test_a_page_whose_token_changed_in_another_tab_is_led_to_where_it_stands(
    visitor: Visitor, sandbox: Sandbox, path: str
) -> None:
    page = visitor.starts(NUMBER)
    fields = {"csrfmiddlewaretoken": "x" * 64, "code": visitor.code(E164), "language": "de"}
    answer = visitor.client.post(path, fields, headers=SAME_ORIGIN, follow=True)
    text = answer.content.decode()
    assert page.path == "/code/" == answer.redirect_chain[-1][0]
    assert "You went on in another tab meanwhile, so nothing was done here." in text and 'name="code"' in text
    assert sandbox.calls("twilio.verification_check") == []
    assert "another tab" not in visitor.opens("/code/").text


@pytest.mark.parametrize(
    "path", ["/remember/", "/forget/", "/unlink/", "/unlink/others/", "/devices/unlink/", "/log-out/", "/language/"]
)
def test_acts_on_the_last_page_are_offered_again_there(visitor: Visitor, path: str) -> None:
    visitor.links(NUMBER, E164)
    answer = visitor.client.post(path, {"csrfmiddlewaretoken": "x" * 64}, headers=SAME_ORIGIN, follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain[-1][0] == "/done/" and "so nothing was done here" in page
    for offered in ("Yes, unlink it", "ask for my number on this device", "Log out", "Change language"):
        assert offered in page


def test_a_form_of_another_site_is_led_nowhere(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        answer = visitor.client.post("/restart/", {"csrfmiddlewaretoken": "x" * 64}, headers=headers)
        assert answer.status_code == 403


def test_a_script_gets_the_new_token_and_its_second_try_passes(visitor: Visitor) -> None:
    visitor.opens()
    refused = visitor.client.post("/start/", {"phone": NUMBER, "csrfmiddlewaretoken": "x" * 64}, headers=JSON)
    assert refused.status_code == 403 and "another tab" in refused.json()["error"]
    fields = {"csrfmiddlewaretoken": refused.json()["csrf_token"]}
    assert "auth_token" in visitor.fetches("/start/", phone=NUMBER, **fields).json()


def test_an_act_whose_session_key_changed_meanwhile_leads_to_what_happened(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(**what: Any) -> None:
        Session.objects.all().delete()  # as another tab does that gets a new key

    visitor.links(NUMBER, E164)
    monkeypatch.setattr(unlinking, "unlink_others", slow)
    page = visitor.submits("/unlink/others/")
    assert page.status == 200 and page.path == "/"


# --- Lost answers, and Back --------------------------------------------------------------------------------------


def test_a_browser_that_lost_the_answer_to_a_start_is_still_the_same_one(visitor: Visitor, later: Later) -> None:
    visitor.starts(NUMBER)
    visitor.submits("/restart/")
    before = SimpleCookie({name: cookie.value for name, cookie in visitor.client.cookies.items()})
    visitor.fetches("/start/", phone=NUMBER)
    visitor.client.cookies = before
    later(31)
    assert visitor.starts(NUMBER).path == "/code/"
    assert len(set(OnboardingSession.objects.values_list("journey", flat=True))) == 1


@pytest.mark.parametrize("hours", [0, 30])
def test_a_browser_that_lost_its_session_goes_on_with_what_a_reviewer_cleared(
    visitor: Visitor, settings: Any, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    settings.PROVE_CHECK_REPUTATION = True
    assert visitor.starts(RISKY).path == "/unverified/"
    held, now = OnboardingSession.objects.get(), time.time
    reviews.approve(session=held, by=User.objects.create(username="ada"), reason="called back")
    visitor.client.cookies.pop("sessionid")
    monkeypatch.setattr(time, "time", lambda: now() + hours * 3600)  # by which cookies end
    assert visitor.starts(RISKY).path == "/code/"
    assert OnboardingSession.objects.latest("created_at").previous == held


def test_a_journey_that_was_not_given_by_us_counts_for_nothing(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    stranger = Visitor()
    stranger.client.cookies[gate.JOURNEY_COOKIE] = str(OnboardingSession.objects.get().journey)
    assert "another browser has just asked for" in stranger.starts(NUMBER).text


@pytest.mark.parametrize("path", ["/code/", "/bind/", "/moved/", "/expired/"])
def test_back_from_the_last_page_leads_to_the_last_page(visitor: Visitor, path: str) -> None:
    visitor.links(NUMBER, E164)
    assert visitor.opens(path).path == "/done/"


# --- Tablets -----------------------------------------------------------------------------------------------------

ANDROID_AS_COMPUTER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36"}


def test_a_tablet_that_calls_itself_a_computer_goes_on_when_its_script_finds_touch(db: None, settings: Any) -> None:
    settings.DESKTOP_ALLOWED = False
    tablet = Screen(COMPUTER)
    page = tablet.opens()
    assert page.path == "/handoff/" and "data-here" in page.text and "data-at-once" in page.text
    assert tablet.submits("/handoff/here/").path == "/"
    assert "What's your phone number?" in tablet.page.text


def test_a_platform_hint_of_a_phone_counts_more_than_the_user_agent(db: None, settings: Any) -> None:
    settings.DESKTOP_ALLOWED = False
    hint = {**ANDROID_AS_COMPUTER, "Sec-CH-UA-Platform": '"Android"'}
    screen = Screen(PHONE)
    assert screen.client.get("/", headers=hint).status_code == 200
    assert screen.client.get("/", headers=ANDROID_AS_COMPUTER).status_code == 302
