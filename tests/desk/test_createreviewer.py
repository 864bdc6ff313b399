"""The command `manage.py createreviewer NAME`."""

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
    output = StringIO()
    call_command("createreviewer", name, no_input=no_input, stdout=output)
    return output.getvalue()


@pytest.fixture
def typing() -> Iterator[mock.Mock]:
    """The mock that answers the password prompts."""
    with mock.patch(f"{COMMAND}.getpass") as getpass:
        yield getpass


def secret_in(output: str) -> bytes:
    found = re.search(r"type it in there: ([A-Z2-7]{32}) ", output)
    assert found
    return base64.b32decode(found[1])


def test_its_output_is_enough_to_log_in(client: Client) -> None:
    output = create("ada", no_input=True)
    password = re.search(r"Password, shown only now: (\S+)", output)
    assert password
    form = {"username": "ada", "password": password[1], "otp_token": code_of(secret_in(output))}
    client.post("/admin/login/", form)
    assert client.get("/admin/proveflow/onboardingsession/").status_code == 200


def test_a_password_typed_twice_is_set(typing: mock.Mock) -> None:
    typing.side_effect = ["correct horse battery", "correct horse battery"]
    assert "correct horse" not in create("ada")
    assert User.objects.get(username="ada").check_password("correct horse battery")


def test_two_different_passwords_create_nobody(typing: mock.Mock) -> None:
    typing.side_effect = ["correct horse battery", "correct house battery"]
    with pytest.raises(CommandError, match="differ"):
        create("ada")
    assert not User.objects.exists()


@override_settings(AUTH_PASSWORD_VALIDATORS=[{"NAME": f"{VALIDATION}.MinimumLengthValidator"}])
def test_a_password_that_the_settings_forbid_creates_nobody(typing: mock.Mock) -> None:
    typing.return_value = "short"
    with pytest.raises(CommandError, match="too short"):
        create("ada")
    assert not User.objects.exists()


def test_an_existing_name_is_refused_before_the_password_prompt(typing: mock.Mock) -> None:
    create("ada", no_input=True)
    with pytest.raises(CommandError, match="already somebody called ada"):
        create("ada")
    assert not typing.called and TOTPDevice.objects.count() == 1


def test_an_invalid_name_is_refused() -> None:
    with pytest.raises(CommandError, match="valid username"):
        create("prove:somebody", no_input=True)
    assert not User.objects.exists()


def test_a_reviewer_may_view_and_act_and_nothing_else() -> None:
    create("ada", no_input=True)
    create("grace", no_input=True)
    for user in User.objects.all():
        assert user.is_staff and not user.is_superuser
        views = {f"proveflow.view_{model}" for model in ("onboardingsession", "binding", "event")}
        acts = {f"proveflow.{act}_onboardingsession" for act in ("approve", "decline", "reveal", "work")}
        acts |= {"proveflow.revoke_binding", "proveflow.reveal_binding"}
        assert user.get_all_permissions() == views | acts


def test_the_qr_code_is_printed() -> None:
    assert len(re.findall(r"^[█▀▄ ]{30,}$", create("ada", no_input=True), re.M)) > 15
