"""Reviewers have five wrong log-ins, counted by account and by address; then they must wait."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

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


def log_in(name: str, *, password: str = PASSWORD, code: str = "", peer: str = HERE) -> Any:
    device = TOTPDevice.objects.filter(user__username=name).first()
    form = {"username": name, "password": password, "otp_token": code or (code_of(device.bin_key) if device else "1")}
    return Client().post(LOGIN, {**form, "next": "/admin/"}, REMOTE_ADDR=peer)


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
        assert log_in("ada", code="000000").status_code == 200
    assert log_in("ada", code="000000").status_code == 429


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
