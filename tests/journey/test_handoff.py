"""Handoff from a computer to a phone: two browsers, one QR code, and attempts to misuse it."""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db.models import F
from django.test import Client

from onboarding.domain.states import Stage
from onboarding.journey import handoff
from onboarding.models import Binding, Handoff
from tests import qr
from tests.journey.visitor import JSON, Page, Visitor

NUMBER, E164 = "201 555 0123", "+12015550123"
COMPUTER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"
PHONE = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile Safari/537.36"


class Screen(Visitor):
    """A visitor whose browser sends this User-Agent."""

    def __init__(self, agent: str) -> None:
        super().__init__()
        self.client = Client(enforce_csrf_checks=True, headers={"User-Agent": agent})

    def offers(self) -> str:
        """Press the button that shows the QR code. Return the path of the link in it."""
        self.opens("/handoff/")
        assert 'action="/handoff/offer/"' in self.page.text
        self.submits("/handoff/offer/")
        return urlsplit(qr.read(self.page.text)).path

    def scans(self, link: str) -> None:
        self.opens(link)
        self.answers("yes")

    def answers(self, answer: str) -> Page:
        return self.submits("/handoff/answer/", answer=answer)

    def shown(self) -> str:
        found = re.search(r'class="match"><bdi>(\d+)', self.page.text)
        assert found, self.page.text
        return found[1]

    def types_match(self, number: str) -> None:
        self.opens("/handoff/")
        self.submits("/handoff/", number=number)

    def stage(self, path: str = "/handoff/") -> str:
        return str(self.client.get(path, headers=JSON).json()["stage"])


@pytest.fixture
def computer(db: None, settings: Any) -> Screen:
    settings.DESKTOP_ALLOWED = False
    return Screen(COMPUTER)


@pytest.fixture
def phone(db: None) -> Screen:
    return Screen(PHONE)


@pytest.fixture
def time_passes() -> Callable[[timedelta], None]:
    """Return a function that lets time pass for handoffs."""

    def make_older(time: timedelta) -> None:
        Handoff.objects.update(expires_at=F("expires_at") - time)

    return make_older


def hand_over(computer: Screen, phone: Screen) -> None:
    phone.scans(computer.offers())
    computer.types_match(phone.shown())


def test_a_journey_begun_on_a_computer_ends_on_the_phone_and_both_pages_say_so(computer: Screen, phone: Screen) -> None:
    assert computer.opens().path == "/handoff/"
    link = computer.offers()
    assert "<svg" in computer.page.text
    phone.scans(link)
    assert phone.page.path == "/handoff/phone/"
    assert computer.stage() == "scanned"
    computer.types_match(phone.shown())
    assert "Your phone is ready" in computer.page.text
    assert phone.opens("/handoff/phone/").path == "/"
    phone.links(NUMBER, E164)
    assert phone.page.path == "/done/"
    assert "Done on your phone" in computer.opens("/handoff/").text


def test_a_new_code_can_be_shown_after_a_handoff_is_confirmed_or_done(computer: Screen, phone: Screen) -> None:
    hand_over(computer, phone)
    hand_over(computer, other := Screen(PHONE))
    other.links(NUMBER, E164)
    assert "Done on your phone" in computer.opens("/handoff/").text
    hand_over(computer, Screen(PHONE))
    assert "Your phone is ready" in computer.page.text


@pytest.mark.parametrize(("host", "scheme"), [("testserver", "https"), ("localhost:8000", "http")])
def test_the_code_links_to_https_except_on_localhost_whatever_scheme_a_proxy_reports(
    computer: Screen, host: str, scheme: str
) -> None:
    computer.client.defaults["HTTP_HOST"] = host
    computer.offers()
    assert qr.read(computer.page.text).startswith(f"{scheme}://{host}/h/")


def test_the_computer_learns_only_that_the_journey_is_done(computer: Screen, phone: Screen) -> None:
    hand_over(computer, phone)
    phone.links(NUMBER, E164)
    page = computer.opens("/handoff/").text
    assert "0123" not in page
    assert Binding.objects.get().user.username not in page
    assert "_auth_user_id" not in computer.client.session
    assert computer.opens("/done/").path == "/handoff/"


def test_the_phone_cannot_continue_before_the_computer_confirms(computer: Screen, phone: Screen) -> None:
    phone.scans(computer.offers())
    assert phone.opens("/").path == "/handoff/phone/"
    computer.types_match(phone.shown())
    assert phone.opens("/").path == "/"


def test_opening_the_link_does_not_use_it_up(computer: Screen, phone: Screen) -> None:
    link = computer.offers()
    for _ in range(3):
        assert "Did you start this on your computer?" in phone.opens(link).text
    assert computer.stage() == "offered"
    assert phone.answers("yes").path == "/handoff/phone/"


def test_a_code_can_be_accepted_by_one_phone_only(computer: Screen, phone: Screen) -> None:
    thief, link = Screen(PHONE), computer.offers()
    thief.opens(link)
    phone.opens(link)
    thief.answers("yes")
    phone.answers("yes")
    assert phone.page.status == 404
    assert "used already" in phone.page.text


def test_a_stolen_code_is_useless_unless_the_thiefs_number_is_typed_on_the_computer(
    computer: Screen, phone: Screen
) -> None:
    thief = Screen(PHONE)
    thief.scans(computer.offers())
    others = str(10 + (int(thief.shown()) - 9) % 90)
    computer.types_match(others)
    assert "no longer works" in computer.page.text
    assert "no longer works" in thief.opens("/handoff/phone/").text


def test_a_wrong_match_number_ends_the_handoff(computer: Screen, phone: Screen) -> None:
    phone.scans(computer.offers())
    right = phone.shown()
    computer.types_match(str(10 + (int(right) - 9) % 90))
    computer.submits("/handoff/", number=right)
    assert computer.stage() == "over"


def test_a_malformed_match_number_gets_a_message_and_does_not_end_the_handoff(computer: Screen, phone: Screen) -> None:
    phone.scans(computer.offers())
    for malformed in ("", "x", "4 7", "\0", "9" * 5000):
        computer.opens("/handoff/")
        assert computer.submits("/handoff/", number=malformed).status == 400
        assert "Type the 2-digit number that your phone shows" in computer.page.text
    computer.types_match(phone.shown())
    assert computer.stage() == "confirmed"


def test_a_person_who_scans_a_strangers_code_is_warned_and_can_refuse(computer: Screen, phone: Screen) -> None:
    link = computer.offers()
    assert "If somebody sent you the QR code or asked you to scan it, stop" in phone.opens(link).text
    assert "Stopped" in phone.answers("no").text
    assert computer.stage() == "over"
    assert phone.opens(link).status == 404


def test_a_code_works_for_five_minutes(
    computer: Screen, phone: Screen, time_passes: Callable[[timedelta], None]
) -> None:
    link = computer.offers()
    phone.opens(link)
    time_passes(handoff.OFFER_LIFE)
    assert phone.answers("yes").status == 404
    assert phone.opens(link).status == 404
    assert computer.stage() == "over"
    assert "no longer works" in computer.opens("/handoff/").text


def test_after_the_offer_expires_the_phone_can_continue_alone(
    computer: Screen, phone: Screen, time_passes: Callable[[timedelta], None]
) -> None:
    phone.scans(computer.offers())
    number = phone.shown()
    time_passes(handoff.OFFER_LIFE)
    computer.types_match(number)
    assert computer.stage() == "over"
    assert "go on with this phone alone" in phone.opens("/handoff/phone/").text
    assert phone.links(NUMBER, E164).path == "/done/"
    assert computer.stage() == "over"


def test_a_confirmed_handoff_expires(computer: Screen, phone: Screen, time_passes: Callable[[timedelta], None]) -> None:
    hand_over(computer, phone)
    time_passes(handoff.JOURNEY_LIFE)
    assert computer.stage() == "over"


def test_unknown_used_and_expired_codes_get_the_same_page(
    computer: Screen, phone: Screen, time_passes: Callable[[timedelta], None]
) -> None:
    used, old = computer.offers(), Screen(COMPUTER).offers()
    phone.scans(used)
    Handoff.objects.filter(stage=Stage.OFFERED).update(expires_at=F("expires_at") - handoff.OFFER_LIFE)
    stranger = Screen(PHONE)
    pages = [stranger.opens(link) for link in (used, old, f"/h/{'A' * 22}/")]
    assert [page.status for page in pages] == [404, 404, 404]
    assert len({re.sub(r"csrf\S+ value=\S+", "", page.text) for page in pages}) == 1


def test_reloads_on_either_device_change_nothing(computer: Screen, phone: Screen) -> None:
    link = computer.offers()
    codes = {re.sub(r".*(<svg.*</svg>).*", r"\1", computer.opens("/handoff/").text, flags=re.S) for _ in range(3)}
    assert len(codes) == 1
    phone.scans(link)
    numbers = set()
    for path in ("/handoff/phone/", link, link):
        assert phone.opens(path).path == "/handoff/phone/"
        numbers.add(phone.shown())
    assert len(numbers) == 1
    computer.types_match(numbers.pop())
    for _ in range(3):
        assert "Your phone is ready" in computer.opens("/handoff/").text


def test_after_a_new_offer_the_old_one_cannot_be_confirmed(computer: Screen, phone: Screen) -> None:
    phone.scans(computer.offers())
    number = phone.shown()
    computer.offers()
    assert computer.stage() == "offered"
    computer.types_match(number)
    assert computer.stage() == "offered"
    assert phone.stage("/handoff/phone/") == "scanned"


def test_only_the_computer_that_made_the_offer_can_confirm_it(computer: Screen, phone: Screen) -> None:
    phone.scans(computer.offers())
    other = Screen(COMPUTER)
    other.offers()
    other.types_match(phone.shown())
    assert computer.stage() == "scanned"


def test_the_phone_gets_a_new_session_key(computer: Screen, phone: Screen) -> None:
    link = computer.offers()
    phone.client.session.save()
    phone.starts(NUMBER)
    before = phone.client.cookies["sessionid"].value
    phone.scans(link)
    assert phone.client.cookies["sessionid"].value != before


def test_only_a_hash_of_the_links_token_is_stored(computer: Screen) -> None:
    link = computer.offers()
    token = link.split("/")[2]
    row = Handoff.objects.get()
    assert len(token) == 22  # 128 bits
    assert row.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert token not in str(vars(row)) + str(dict(computer.client.session))


def test_every_offer_has_a_different_link(computer: Screen) -> None:
    assert len({Screen(COMPUTER).offers() for _ in range(20)}) == 20


@pytest.mark.parametrize("path", ["/handoff/offer/", "/handoff/", "/handoff/answer/"])
def test_other_sites_cannot_offer_answer_or_confirm(computer: Screen, path: str) -> None:
    assert computer.client.post(path, {"number": "47", "answer": "yes"}).status_code == 403


def test_the_token_is_removed_from_the_address_bar_at_once(computer: Screen, phone: Screen) -> None:
    assert phone.opens(computer.offers()).path == "/handoff/answer/"


def test_old_handoffs_are_deleted(computer: Screen, time_passes: Callable[[timedelta], None]) -> None:
    computer.offers()
    time_passes(handoff.OFFER_LIFE + handoff.KEPT)
    computer.offers()
    assert Handoff.objects.count() == 1


def test_a_get_request_creates_no_handoff(computer: Screen) -> None:
    computer.opens("/")
    computer.opens("/handoff/")
    assert not Handoff.objects.exists()


MAC, IPHONE = "Macintosh; Intel Mac OS X 10_15_7", "iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 (x"


@pytest.mark.parametrize(
    ("agent", "hint", "is_computer"),
    [
        (COMPUTER, "?0", True),
        (COMPUTER, "?1", False),
        (COMPUTER, "", True),
        (f"Mozilla/5.0 ({MAC}) Safari/605.1.15", "", True),
        (f"Mozilla/5.0 ({IPHONE}) Safari/604.1", "", False),
        ("Mozilla/5.0 (Linux; Android 14; Tablet) Chrome/142.0.0.0 Safari/537.36", "?0", False),
        (PHONE, "?1", False),
        ("curl/8.5", "", False),
        ("", "", False),
    ],
)
def test_only_a_browser_that_is_surely_on_a_computer_is_sent_to_the_handoff_page(
    computer: Screen, agent: str, hint: str, is_computer: bool
) -> None:
    headers = {"User-Agent": agent, "Sec-CH-UA-Mobile": hint}
    answer = Client().get("/", headers=headers)
    assert answer.status_code == (302 if is_computer else 200)


def test_a_setting_lets_people_stay_on_the_computer(computer: Screen, settings: Any) -> None:
    settings.DESKTOP_ALLOWED = True
    assert computer.opens("/").path == "/"
    assert "Use your phone instead" in computer.page.text
    assert "Stay on this computer" in computer.opens("/handoff/").text
    assert computer.links(NUMBER, E164).path == "/done/"


def test_a_phone_is_not_offered_a_handoff(phone: Screen) -> None:
    assert "Use your phone instead" not in phone.opens("/").text
