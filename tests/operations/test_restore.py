"""After a restored backup and `manage.py after_restore`, nothing holds that was ended since the backup."""

import time
from collections.abc import Callable
from io import StringIO

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core import serializers
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from onboarding.desk import reviews
from onboarding.domain.states import FINAL
from onboarding.models import Binding, Checkpoint, Event, Lease, OnboardingSession, ProveKey
from onboarding.operations.evidence.removal import allowed
from onboarding.operations.recovery import recover
from tests.authenticator import code_of
from tests.crashes import Crash, crash_at
from tests.deep.any_order import desk
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Visitor

NUMBER, E164, OTHER = "201 555 0123", "+12015550123", "+12015550199"
SWAP = {"risk": {"result": "fail", "failureReasons": {"9135": "SIM swap"}}}
APPS = ("auth", "sessions", "otp_totp", "proveflow")
READINGS = pytest.mark.parametrize("reading", ["of_number", "of_key"])
Restore = Callable[[], None]


def backup() -> Restore:
    """Save all rows; return a function that restores them and runs the command."""
    models = [model for app in APPS for model in apps.get_app_config(app).get_models()]
    models = [model for model in models if model.__name__ != "Permission"]
    saved = [serializers.serialize("json", model._base_manager.all()) for model in models]

    def restore() -> None:
        with transaction.atomic(), allowed():
            for append_only in (Event, Checkpoint):
                append_only._base_manager.all().delete()
        for model in reversed(models):
            model._base_manager.all().delete()
        for rows in saved:
            for row in serializers.deserialize("json", rows):
                row.save()
        call_command("after_restore", stdout=StringIO())

    return restore


def is_logged_in(visitor: Visitor) -> bool:
    return visitor.opens("/done/").path == "/done/"


def returns(visitor: Visitor, number: str = NUMBER) -> str:
    """Start again in the same browser without cookies, with its Prove Key; return the path of the next page."""
    visitor.client.cookies.clear()
    return visitor.starts(number).path


@READINGS
def test_every_key_passes_prove_and_a_code_once(visitor: Visitor, sandbox: Sandbox, later: Later, reading: str) -> None:
    sandbox.set_switches(recycled_prove_id=reading)
    visitor.links(NUMBER, E164)
    restore = backup()
    restore()
    assert not is_logged_in(visitor)
    later(3600)
    sandbox.advance(3600)
    assert returns(visitor) == "/moved/"
    visitor.rebinds()
    assert visitor.types_code(visitor.code(E164)).path == "/done/" and is_logged_in(visitor)
    assert returns(visitor) == "/done/"


def test_a_key_that_was_linked_since_the_backup_passes_a_code_once(visitor: Visitor, later: Later) -> None:
    restore = backup()
    visitor.links(NUMBER, E164)
    restore()
    assert not Binding.objects.exists()
    later(3600)
    assert returns(visitor) == "/moved/"
    recover()
    assert returns(visitor) == "/moved/"


def test_a_new_device_is_linked_as_ever(visitor: Visitor) -> None:
    backup()()
    assert visitor.links(NUMBER, E164).path == "/done/"
    assert returns(visitor) == "/done/"
    assert is_logged_in(visitor)


def test_what_is_trusted_since_the_restore_stays_trusted_and_what_is_not_stays_so(
    visitor: Visitor, later: Later
) -> None:
    restore = backup()
    visitor.links(NUMBER, E164)
    restore()
    newer = Visitor()
    newer.links(OTHER, OTHER)
    later(91 * 24 * 3600)
    recover()
    assert returns(newer, OTHER) == "/done/"
    assert returns(visitor) == "/moved/"


def test_a_phone_that_was_unlinked_since_the_backup_is_not_linked_again(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(NUMBER, E164)
    thief = Visitor()
    thief.links(NUMBER, E164)
    thief.submits("/remember/")
    restore = backup()
    sandbox.inject_fault("prove.device_revoke", "status")  # Prove does not hear of it
    visitor.submits("/unlink/others/")
    restore()
    assert not is_logged_in(thief)
    assert "Welcome back" not in thief.opens().text
    assert thief.starts(NUMBER).path == "/moved/"


def test_a_browser_remembers_no_number_that_another_person_has_linked_since(visitor: Visitor) -> None:
    restore = backup()
    visitor.links(NUMBER, E164)
    visitor.submits("/remember/")
    restore()
    Visitor().links(OTHER, OTHER)
    assert "Welcome back" not in visitor.opens().text


def test_revokes_stay_owed_and_are_told(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(NUMBER, E164)
    key = Binding.objects.get().device_id
    sandbox.inject_fault("prove.device_revoke", "status")
    visitor.submits("/unlink/")
    restore = backup()
    restore()
    assert ProveKey.objects.get(device_id=key).tell_prove_at is not None
    sandbox.clear_faults()
    restore()
    assert ProveKey.objects.get(device_id=key).tell_prove_at is None
    assert sandbox.calls("prove.device_revoke")[-1]["deviceId"] == key


def test_a_code_of_a_reviewer_that_was_used_since_the_backup_cannot_be_used_again(db: None) -> None:
    reviewer = desk.reviewer()
    restore = backup()
    code = code_of(TOTPDevice.objects.get().bin_key)
    form = {"username": "ada", "password": desk.PASSWORD, "otp_token": code, "next": "/admin/"}
    assert reviewer.post("/admin/login/", form).status_code == 302
    restore()
    assert reviewer.get("/admin/").status_code == 302
    assert Client().post("/admin/login/", form).status_code == 200


def test_a_reviewer_logs_in_with_the_codes_of_after_the_restore(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.reviewer()
    backup()()
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 120)
    assert desk.log_in(Client(), "ada", desk.PASSWORD).status_code == 302


def test_an_approval_that_was_used_since_the_backup_cannot_be_used_again(
    visitor: Visitor, sandbox: Sandbox, later: Later
) -> None:
    def binds_despite_a_swap() -> str:
        visitor.starts(NUMBER)
        code = visitor.code(E164)
        sandbox.inject_fault("prove.unify_bind", "amend", body={"evaluation": SWAP}, times=1)
        return visitor.types_code(code).path

    assert binds_despite_a_swap() == "/unverified/"
    reviewer = User.objects.create(username="ada", is_staff=True)
    reviews.approve(session=OnboardingSession.objects.get(), by=reviewer, reason="called back")
    restore = backup()
    later(60)
    assert binds_despite_a_swap() == "/done/"
    visitor.submits("/unlink/")
    restore()
    later(60)
    assert binds_despite_a_swap() == "/unverified/"


def test_journeys_claims_and_leases_are_ended(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    with crash_at("after unify-status"), pytest.raises(Crash):
        Visitor().starts(OTHER)
    backup()()
    assert set(OnboardingSession.objects.values_list("state", flat=True)) <= set(FINAL)
    assert OnboardingSession.objects.count() == 2 and not Lease.objects.exists()
    assert visitor.opens("/code/").path == "/"
