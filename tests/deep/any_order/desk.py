"""A reviewer at the desk, who uses its pages."""

from io import StringIO
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from onboarding.desk.access.proof import PROVED_KEY
from onboarding.models import Binding, OnboardingSession
from tests.authenticator import code_of

REASON = "called back"
SESSIONS = "/admin/proveflow/onboardingsession/"
KEYS = "/admin/proveflow_api/publishablekey/"
PASSWORD = "a reviewer's own words"


def reviewer(name: str = "ada", *, keys: bool = False) -> Client:
    """Return a browser in which a new reviewer is logged in with an authenticator. `keys`: with the API's keys."""
    call_command("createreviewer", name, no_input=True, keys=keys, stdout=StringIO())
    user = User.objects.get(username=name)
    user.set_password(PASSWORD)
    user.save()
    return at_the_desk(name)


def at_the_desk(name: str) -> Client:
    """Return a browser in which the reviewer of that name is logged in with an authenticator."""
    client, user = Client(), User.objects.get(username=name)
    client.force_login(user)
    session = client.session
    session["otp_device_id"] = TOTPDevice.objects.get(user=user).persistent_id
    session[PROVED_KEY] = timezone.now().isoformat()
    session.save()
    return client


def key_maker() -> Client:
    """Return a browser of a new reviewer who may also make and revoke publishable keys."""
    return reviewer("grace", keys=True)


def log_in(desk: Client, name: str, password: str) -> Any:
    """Log in by the page; return the response."""
    device = TOTPDevice.objects.get(user__username=name)
    form = {"username": name, "password": password, "otp_token": code_of(device.bin_key), "next": "/admin/"}
    return desk.post("/admin/login/", form)


def act(desk: Client, name: str, row: OnboardingSession | Binding) -> Any:
    """Do the act `name` on the row; return the next page."""
    return desk.post(f"/admin/proveflow/{row._meta.model_name}/{row.pk}/{name}/", {"reason": REASON}, follow=True)
