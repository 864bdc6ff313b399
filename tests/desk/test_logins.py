"""Reviewers' log-ins: what a wrong one tells, how many there may be, and what the event log keeps of them."""

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from onboarding.models import Event
from tests.authenticator import code_of
from tests.journey.conftest import Later

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"
PASSWORD = "a reviewer's own words"
HERE, ELSEWHERE = "203.0.113.1", "203.0.113.2"


def reviewer(name: str) -> User:
    user = User.objects.create_user(name, password=PASSWORD, is_staff=True)
    TOTPDevice.objects.create(user=user, name="Authenticator")
    return user


def right_code(name: str) -> str:
    return code_of(TOTPDevice.objects.get(user__username=name).bin_key)


def wrong_code(name: str) -> str:
    return f"{(int(right_code(name)) + 1) % 1_000_000:06}"


def log_in(name: str, *, password: str = PASSWORD, code: str | None = None, peer: str = HERE) -> Any:
    device = TOTPDevice.objects.filter(user__username=name).first()
    code = (code_of(device.bin_key) if device else "123456") if code is None else code
    form = {"username": name, "password": password, "otp_token": code}
    return Client().post(LOGIN, {**form, "next": "/admin/"}, REMOTE_ADDR=peer)


def page_without_token(response: Any) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", response.content.decode())


def test_every_wrong_log_in_gets_the_same_page() -> None:
    for name in ("ada", "grace", "alan", "edsger"):
        reviewer(name)
    User.objects.filter(username="alan").update(is_active=False)
    User.objects.filter(username="edsger").update(is_staff=False)
    pages = {
        "unknown account": log_in("nobody", peer="203.0.113.11"),
        "wrong password": log_in("ada", password="wrong", peer="203.0.113.12"),
        "wrong code": log_in("grace", code=wrong_code("grace"), peer="203.0.113.13"),
        "right, but too soon after a wrong code": log_in("grace", peer="203.0.113.14"),
        "inactive account": log_in("alan", peer="203.0.113.15"),
        "no reviewer": log_in("edsger", peer="203.0.113.16"),
        "no digits in the code": log_in("ada", code="my code", peer="203.0.113.17"),
    }
    TOTPDevice.objects.filter(user__username="ada").delete()
    pages["no authenticator"] = log_in("ada", peer="203.0.113.18")
    assert {name: page.status_code for name, page in pages.items()} == dict.fromkeys(pages, 200)
    assert len({page_without_token(page) for page in pages.values()}) == 1
    assert "the name, the password or the code is wrong" in page_without_token(pages["wrong code"])


def test_a_log_in_with_an_empty_field_does_not_say_whether_the_others_are_right() -> None:
    reviewer("ada")
    right, wrong = (page_without_token(log_in("ada", password=word, code="")) for word in (PASSWORD, "wrong"))
    assert right == wrong and not Event.objects.exists()


def test_nothing_that_was_typed_is_in_the_next_page() -> None:
    reviewer("ada")
    code = wrong_code("ada")
    for typed in ({"code": code}, {"code": ""}, {"password": "pass-words-of-ada"}):
        page = page_without_token(log_in("ada", **typed))
        assert [word for word in (PASSWORD, "pass-words", code, 'value="ada"') if word in page] == []


@pytest.mark.parametrize(
    "typed", ["{} {}", "{}-{}", "\u200e{}{}", "{}\u00a0{}", " {}{}\u202f", "{}\u2011{}", "{}\u00ad{}"]
)
def test_a_code_is_read_as_people_paste_it(typed: str) -> None:
    reviewer("ada")
    code = right_code("ada")
    assert log_in("ada", code=typed.format(code[:3], code[3:])).status_code == 302


def test_log_ins_are_in_the_event_log_without_the_name() -> None:
    ada = reviewer("ada")
    log_in("ada", password="wrong")
    log_in("ada")
    log_in("a password, typed in the wrong field", peer=ELSEWHERE)
    failed, passed, stranger = Event.objects.filter(name__startswith="login:")
    assert [failed.name, passed.name, stranger.name] == ["login:failed", "login:passed", "login:failed"]
    assert passed.actor == ada and failed.actor is None
    assert failed.facts == passed.facts != stranger.facts
    assert not re.search("ada|password", json.dumps([failed.facts, passed.facts, stranger.facts]))


def test_a_site_has_ten_wrong_tries_whatever_its_addresses_and_accounts() -> None:
    tries = [log_in(f"nobody{n}", peer=f"2001:db8:7:{n:x}::1").status_code for n in range(40)]
    assert tries.count(200) == 10 and tries.count(429) == 30
    assert log_in("nobody", peer="2001:db8:8::1").status_code == 200


def test_an_account_has_five_wrong_tries_from_all_addresses_together() -> None:
    reviewer("ada")
    for n in range(5):
        assert log_in("ada", password="wrong", peer=f"203.0.113.{n + 10}").status_code == 200
    refused = log_in("ada", peer=ELSEWHERE)
    assert refused.status_code == 429 and 0 < int(refused["Retry-After"]) <= 300
    assert "5\xa0minutes" in refused.content.decode() and LOGIN in refused.content.decode()


def test_an_address_has_five_wrong_tries_for_all_accounts_together() -> None:
    for n in range(5):
        assert log_in(f"nobody{n}", password="wrong").status_code == 200
    assert log_in("nobody9", password="wrong").status_code == 429
    reviewer("ada")
    assert log_in("ada", peer=ELSEWHERE).status_code == 302


def test_no_other_reviewer_is_locked_out() -> None:
    reviewer("ada")
    reviewer("grace")
    for _ in range(7):
        log_in("ada", password="wrong")
    assert log_in("grace", peer=ELSEWHERE).status_code == 302


def test_a_right_log_in_resets_the_count_of_the_account() -> None:
    reviewer("ada")
    for _ in range(4):
        assert log_in("ada", password="wrong", peer=ELSEWHERE).status_code == 200
    assert log_in("ada").status_code == 302
    for _ in range(4):
        assert log_in("ada", password="wrong", peer=HERE).status_code == 200


def test_wrong_codes_count_like_wrong_passwords() -> None:
    reviewer("ada")
    for _ in range(5):
        assert log_in("ada", code=wrong_code("ada")).status_code == 200
    assert log_in("ada", code=wrong_code("ada")).status_code == 429


def test_after_the_wait_there_is_another_try(later: Later) -> None:
    reviewer("ada")
    for _ in range(5):
        log_in("ada", password="wrong")
    later(int(log_in("ada")["Retry-After"]))
    assert log_in("ada").status_code == 302


def test_there_are_at_most_fifty_tries_in_a_day(later: Later) -> None:
    admitted = 0
    for _ in range(24 * 3):
        admitted += log_in("nobody", password="wrong").status_code == 200
        later(1200)
    assert 26 <= admitted <= 50
