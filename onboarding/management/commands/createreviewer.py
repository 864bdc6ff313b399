"""`manage.py createreviewer NAME` makes a reviewer for the desk at /admin/."""

import secrets
from argparse import ArgumentParser
from base64 import b32encode
from getpass import getpass
from io import StringIO

import segno
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.db import transaction
from django_otp.plugins.otp_totp.models import TOTPDevice

from onboarding.desk.access import recovery, roles
from onboarding.desk.access.roles import ForeignGroup, Role, named

GENERATED_PASSWORD_BYTES = 18


class Command(BaseCommand):
    """Makes a staff user with the reviewers' permissions and an authenticator, without which the desk admits nobody."""

    help = "Make a reviewer for /admin/: asks for a password, then shows a QR code for an authenticator app."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what the reviewer logs in with")
        parser.add_argument("--role", choices=list(Role), default=Role.REVIEWER, help="default: %(default)s")
        parser.add_argument("--keys", action="store_true", help="may also make and revoke the API's publishable keys")
        parser.add_argument("--no-input", action="store_true", help="ask nothing: make up the password and print it")

    def handle(self, *, name: str, role: str, no_input: bool, keys: bool, **_options: object) -> None:
        if get_user_model()._default_manager.filter(**named(name)).exists():
            raise CommandError(f"There is already somebody called {name}.")
        password = secrets.token_urlsafe(GENERATED_PASSWORD_BYTES) if no_input else _asked_password(name)
        device = _make_reviewer(name, password, Role(role), keys=keys)
        if no_input:
            self.stdout.write(f"Password, shown only now: {password}")
        show_authenticator(self.stdout, device)
        self.stdout.write(self.style.SUCCESS(f"{name} can now log in at /admin/."))


def show_authenticator(out: OutputWrapper, device: TOTPDevice) -> None:
    """Write what an authenticator app needs, and new recovery codes."""
    out.write("Scan this with an authenticator app:")
    out.write(_qr_code(device.config_url))
    out.write(f"Or type it in there: {b32encode(device.bin_key).decode()} (time based, 6 digits, 30 s)")
    out.write("Recovery codes, shown only now. Each stands in for the app, once:")
    out.write("\n".join(recovery.new_codes(device.user)))


def _qr_code(url: str) -> str:
    """Return the URL's QR code as terminal output."""
    drawing = StringIO()
    segno.make(url).terminal(out=drawing, compact=True)
    return drawing.getvalue()


def _asked_password(name: str) -> str:
    """Return the password that was typed twice. Raises CommandError."""
    password = getpass("Password: ")
    if getpass("Again: ") != password:
        raise CommandError("The two passwords differ. Nothing was made.")
    try:
        validate_password(password, get_user_model()(**named(name)))
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from None
    return password


@transaction.atomic
def _make_reviewer(name: str, password: str, role: Role, *, keys: bool) -> TOTPDevice:
    """Return the new reviewer's authenticator. Raises CommandError for an invalid name, or a group of the host's."""
    try:
        user = roles.make(name, password, role, keys=keys)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from None
    except ForeignGroup as error:
        raise CommandError(str(error)) from None
    return TOTPDevice.objects.create(user=user, name="Authenticator")
