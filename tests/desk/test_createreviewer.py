"""manage.py createreviewer NAME."""

import base64
import re
from collections.abc import Iterator
from io import StringIO
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from django_otp.plugins.otp_totp.models import TOTPDevice

from tests.authenticator import code_of

pytestmark = pytest.mark.django_db
VALIDATION = "django.contrib.auth.password_validation"
COMMAND = "onboarding.management.commands.createreviewer"


def create(name: str, *, no_input: bool = False) -> str:
    told = StringIO()
    call_command("createreviewer", name, no_input=no_input, stdout=told)
    return told.getvalue()


@pytest.fixture
def typing() -> Iterator[mock.Mock]:
    """What is typed at the password prompts."""
    with mock.patch(f"{COMMAND}.getpass") as getpass:
        yield getpass


def secret_in(told: str) -> bytes:
    found = re.search(r"type it in there: ([A-Z2-7]{32}) ", told)
    assert found
    return base64.b32decode(found[1])


def test_what_it_prints_opens_the_desk(client: Client) -> None:
    told = create("ada", no_input=True)
    password = re.search(r"Password, shown only now: (\S+)", told)
    assert password
    form = {"username": "ada", "password": password[1], "otp_token": code_of(secret_in(told))}
    client.post("/admin/login/", form)
    assert client.get("/admin/onboarding/onboardingsession/").status_code == 200


def test_the_password_typed_twice_is_the_password(typing: mock.Mock) -> None:
    typing.side_effect = ["correct horse battery", "correct horse battery"]
    assert "correct horse" not in create("ada")
    assert User.objects.get(username="ada").check_password("correct horse battery")


def test_two_different_passwords_make_nobody(typing: mock.Mock) -> None:
    typing.side_effect = ["correct horse battery", "correct house battery"]
    with pytest.raises(CommandError, match="differ"):
        create("ada")
    assert not User.objects.exists()


@override_settings(AUTH_PASSWORD_VALIDATORS=[{"NAME": f"{VALIDATION}.MinimumLengthValidator"}])
def test_a_password_that_the_settings_forbid_makes_nobody(typing: mock.Mock) -> None:
    typing.return_value = "short"
    with pytest.raises(CommandError, match="too short"):
        create("ada")
    assert not User.objects.exists()


def test_an_existing_name_is_told_before_a_password_is_asked(typing: mock.Mock) -> None:
    create("ada", no_input=True)
    with pytest.raises(CommandError, match="already somebody called ada"):
        create("ada")
    assert not typing.called and TOTPDevice.objects.count() == 1


def test_a_name_that_cannot_be_one_is_told() -> None:
    with pytest.raises(CommandError, match="valid username"):
        create("prove:somebody", no_input=True)
    assert not User.objects.exists()


def test_a_reviewer_may_look_and_stamp_and_nothing_else() -> None:
    create("ada", no_input=True)
    create("grace", no_input=True)
    for user in User.objects.all():
        assert user.is_staff and not user.is_superuser
        looks = {f"onboarding.view_{model}" for model in ("onboardingsession", "binding", "event")}
        stamps = {f"onboarding.{act}_onboardingsession" for act in ("approve", "decline", "reveal")}
        stamps |= {"onboarding.revoke_binding", "onboarding.reveal_binding"}
        assert user.get_all_permissions() == looks | stamps


def test_the_code_to_scan_is_drawn() -> None:
    assert len(re.findall(r"^[█▀▄ ]{30,}$", create("ada", no_input=True), re.M)) > 15
