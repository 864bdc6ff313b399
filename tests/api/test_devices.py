"""A person sees their devices over the API, and unlinks one; the session token ends when the log-in does."""

from datetime import datetime
from typing import Any

import pytest
from django.db.models.functions import Now

from onboarding.models import Binding, ProveKey
from tests.api.app import NUMBER, ROOT, App
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Visitor

HOUR_S = 3600


@pytest.fixture
def linked(app: App, sandbox: Sandbox) -> App:
    app.begins(device_name="Pixel 9")
    app.checks_device()
    app.enters(app.code())
    return app


def devices(app: App) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = app.calls("get", "devices", bearer=app.token).json()
    return listed


def test_the_list_has_names_times_and_no_whole_number(linked: App) -> None:
    [device] = devices(linked)
    assert device["name"] == "Pixel 9" and device["is_this"] and device["last_seen_at"] >= device["linked_at"]
    assert device["id"] == str(Binding.objects.get().public_id)
    assert NUMBER not in str(device) and device["masked_number"].endswith("0123")


def test_times_have_an_offset_in_a_project_without_time_zones_too(settings: Any, app: App, sandbox: Sandbox) -> None:
    settings.USE_TZ = False
    begun = app.begins().json()
    app.checks_device()
    ended = app.enters(app.code()).json()
    person = app.calls("get", "session", bearer=app.token).json()
    told = [begun["expires_at"], ended["session"]["expires_at"], person["verified_at"], person["expires_at"]]
    told += [devices(app)[0][name] for name in ("linked_at", "last_seen_at")]
    assert all(datetime.fromisoformat(each).utcoffset() is not None for each in told), told


def test_a_device_that_was_linked_on_the_pages_is_listed_too(linked: App, visitor: Visitor) -> None:
    visitor.links(NUMBER, NUMBER)
    linked.begins()
    linked.checks_device()
    assert sorted(device["is_this"] for device in devices(linked)) == [False, True]


def test_another_device_is_unlinked_shortly_after_a_proof_only(linked: App, visitor: Visitor, later: Later) -> None:
    visitor.links(NUMBER, NUMBER)
    other = next(device["id"] for device in devices(linked) if not device["is_this"])
    later(16 * 60)
    refused = linked.calls("delete", f"devices/{other}", bearer=linked.token)
    assert refused.status_code == 403 and refused.json()["code"] == "step_up_required"
    linked.begins()
    linked.checks_device()
    assert linked.calls("delete", f"devices/{other}", bearer=linked.token).status_code == 204
    assert [device["is_this"] for device in devices(linked)] == [True]
    assert visitor.opens("/done/").path == "/"


def test_unlinking_this_device_ends_its_token(linked: App, sandbox: Sandbox) -> None:
    own = devices(linked)[0]["id"]
    assert linked.calls("delete", f"devices/{own}", bearer=linked.token).status_code == 204
    assert linked.calls("get", "devices", bearer=linked.token).status_code == 401
    assert linked.does("").json()["session"] is None
    assert len(sandbox.calls("prove.device_revoke")) == 1


def test_nobody_unlinks_the_device_of_another_person(linked: App, key: Any, sandbox: Sandbox) -> None:
    stranger = App(key.key)
    stranger.links("+12015550199")
    own = devices(linked)[0]["id"]
    assert stranger.calls("delete", f"devices/{own}", bearer=stranger.token).status_code == 404
    assert Binding.objects.filter(confirmed=True).count() == 2


def test_the_token_names_its_person_until_log_out(linked: App) -> None:
    told = linked.calls("get", "session", bearer=linked.token).json()
    assert told["device_id"] == devices(linked)[0]["id"] and told["is_fresh"]
    assert linked.calls("delete", "session", bearer=linked.token).status_code == 204
    assert linked.calls("get", "session", bearer=linked.token).status_code == 401
    assert linked.does("").json()["session"] is None
    assert Binding.objects.get().confirmed


def test_the_token_ends_after_its_idle_time_and_after_its_whole_time(linked: App, later: Later) -> None:
    for _ in range(13):
        assert linked.calls("get", "session", bearer=linked.token).status_code == 200
        later(HOUR_S - 120)
    assert linked.calls("get", "session", bearer=linked.token).status_code == 401


def test_the_token_ends_when_it_is_not_used(linked: App, later: Later) -> None:
    later(HOUR_S + 1)
    assert linked.calls("get", "session", bearer=linked.token).status_code == 401


def test_a_key_that_was_revoked_ends_the_token(linked: App) -> None:
    ProveKey.objects.update(revoked_at=Now())
    assert linked.calls("get", "session", bearer=linked.token).status_code == 401


def test_a_person_who_is_logged_in_begins_a_verification_by_their_token(linked: App, sandbox: Sandbox) -> None:
    linked.key = linked.token
    assert linked.begins().status_code == 201
    assert linked.checks_device().json()["status"] == "recognized"


def test_a_client_secret_is_no_session_token_and_the_reverse(linked: App) -> None:
    assert linked.calls("get", "devices", bearer=linked.secret).status_code == 401
    assert linked.calls("get", f"verifications/{linked.verification['id']}", bearer=linked.token).status_code == 401
    assert linked.calls("get", f"{ROOT}devices").status_code == 401
