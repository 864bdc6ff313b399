"""A request that is sent twice has one effect, and gets the same answer."""

import uuid
from typing import Any

import pytest

from onboarding.api.models import ApiVerification
from onboarding.journey import flow
from onboarding.models import OnboardingSession
from onboarding.operations.recovery import recover
from onboarding.operations.restore import after_restore
from tests.api.app import App
from tests.journey.conftest import Later, Sandbox

KEY = str(uuid.UUID("5e7d62bb-5b48-44a3-9bb4-c41f2f5dd4a0"))


def test_a_start_that_is_repeated_gets_the_same_answer_and_one_flow(app: App, sandbox: Sandbox) -> None:
    first, second = app.begins(idempotency_key=KEY), app.begins(idempotency_key=KEY)
    kept = ("id", "client_secret", "auth_token", "status", "expires_at")
    assert [first.json()[name] for name in kept] == [second.json()[name] for name in kept]
    assert len(sandbox.calls("prove.unify")) == 1


def test_the_auth_token_is_stored_sealed_and_not_after_the_device_check(app: App, sandbox: Sandbox) -> None:
    token = app.begins(idempotency_key=KEY).json()["auth_token"]
    row = ApiVerification.objects.get()
    stored = [str(value) for value in vars(row).values()]
    assert row.sealed_auth_token and not any(secret in value for value in stored for secret in (token, app.secret, KEY))
    app.checks_device()
    assert ApiVerification.objects.get().sealed_auth_token == ""
    assert app.begins(idempotency_key=KEY).json()["auth_token"] is None


def test_another_request_with_the_same_key_is_refused(app: App) -> None:
    app.begins(idempotency_key=KEY)
    refused = app.begins("+12015550199", idempotency_key=KEY)
    assert refused.status_code == 422 and refused.json()["code"] == "idempotency_key_reused"


def test_keys_of_two_apps_do_not_meet(app: App, sandbox: Sandbox) -> None:
    from onboarding.api.models import PublishableKey

    other = App(PublishableKey.objects.create(name="another").key)
    app.begins(idempotency_key=KEY)
    other.device_id = app.device_id
    other.begins(idempotency_key=KEY)
    assert other.secret != app.secret and len(sandbox.calls("prove.unify")) == 2


def test_a_start_that_failed_is_made_again_by_the_same_request(app: App, sandbox: Sandbox) -> None:
    sandbox.inject_fault("prove.unify", "refuse", times=1)
    failed = app.begins(idempotency_key=KEY)
    assert failed.status_code == 503 and failed["Retry-After"] == "5" and failed.json()["code"] == "unavailable"
    assert app.begins(idempotency_key=KEY).status_code == 201
    assert app.checks_device().status_code == 200


def test_a_start_that_a_limit_refused_is_made_again_by_the_same_request(app: App, settings: Any) -> None:
    settings.LIMITS = {"starts_address": {"burst": 0}}
    refused = app.begins(idempotency_key=KEY)
    assert refused.status_code == 429 and refused.json()["limit"] == "starts_address"
    assert not ApiVerification.objects.exists()
    settings.LIMITS = {}
    assert app.begins(idempotency_key=KEY).status_code == 201


def test_a_start_whose_process_ended_is_under_way_until_its_claim_ends(
    app: App, later: Later, sandbox: Sandbox
) -> None:
    """The process ended before it could keep the authToken: nobody has it, so the flow is begun anew."""
    app.begins(idempotency_key=KEY)
    ApiVerification.objects.update(sealed_auth_token="")
    waits = app.begins(idempotency_key=KEY)
    assert waits.status_code == 409 and waits["Retry-After"] == "1"
    later(41)
    assert app.begins(idempotency_key=KEY).status_code == 201
    assert app.checks_device().json()["next_action"]["type"] == "enter_code"
    assert sorted(OnboardingSession.objects.values_list("state", flat=True)) == ["code_sent", "superseded"]


def test_a_move_that_is_repeated_begins_once(app: App, sandbox: Sandbox) -> None:
    app.links("+12015550199")
    app.begins()
    app.checks_device()
    path, secret = app.action["href"], app.secret
    answers = [app.calls("post", path, {}, bearer=secret, **{"Idempotency-Key": KEY}).json() for _ in range(2)]
    assert answers[0]["client_secret"] == answers[1]["client_secret"]
    assert len(sandbox.calls("prove.unify")) == 3


def test_every_step_that_is_sent_twice_has_one_effect(app: App, sandbox: Sandbox) -> None:
    app.begins()
    app.runs_the_sdk()
    assert app.does("device").json()["next_action"] == app.does("device").json()["next_action"]
    code = app.code()
    assert [app.enters(code).json()["status"] for _ in range(2)] == ["linked", "linked"]
    assert [app.does("bind").json()["status"] for _ in range(2)] == ["linked", "linked"]
    routes = ("prove.unify_status", "twilio.verification", "twilio.verification_check", "prove.unify_bind")
    assert [len(sandbox.calls(route)) for route in routes] == [1, 1, 1, 1]


def test_recover_forgets_tokens_and_what_was_never_started(app: App) -> None:
    app.begins()
    ApiVerification.objects.create(session_id=uuid.uuid4(), idempotency_hash="of a process that ended")
    from django.db.models import F

    from onboarding.api.verifications import KEPT

    recover()
    assert ApiVerification.objects.exclude(sealed_auth_token="").count() == 1
    ApiVerification.objects.update(created_at=F("created_at") - KEPT)
    recover()
    assert ApiVerification.objects.get().sealed_auth_token == ""


def test_a_request_that_is_repeated_after_a_rotation_gets_the_same_answer(
    app: App, sandbox: Sandbox, settings: Any
) -> None:
    settings.LASTING_KEY = "of before " * 5
    first = app.begins(idempotency_key=KEY).json()
    settings.LASTING_KEY, settings.LASTING_KEY_FALLBACKS = "of now " * 8, [settings.LASTING_KEY]
    again = app.begins(idempotency_key=KEY).json()
    assert [first[name] for name in ("client_secret", "auth_token")] == [again["client_secret"], again["auth_token"]]
    assert len(sandbox.calls("prove.unify")) == 1
    assert app.checks_device().json()["next_action"]["type"] == "enter_code"
    assert app.begins("+12015550199", idempotency_key=KEY).json()["code"] == "idempotency_key_reused"


def test_a_device_counts_on_after_a_rotation(app: App, settings: Any) -> None:
    settings.LASTING_KEY = "of before " * 5
    settings.LIMITS = {"starts_address": {"burst": 2, "every_s": 100_000}}
    assert [app.begins(f"+1201555010{n}").status_code for n in range(2)] == [201, 201]
    settings.LASTING_KEY, settings.LASTING_KEY_FALLBACKS = "of now " * 8, [settings.LASTING_KEY]
    assert app.begins("+12015550109").json()["limit"] == "starts_address"


def test_nothing_that_a_client_holds_survives_a_restored_backup(app: App, sandbox: Sandbox) -> None:
    app.links()
    after_restore()
    assert app.does("").status_code == 401


def test_a_repetition_that_is_refused_meanwhile_does_not_lead_to_a_second_flow(
    app: App, sandbox: Sandbox, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, answers = flow.start, []

    def start_after_two_others(**named: Any) -> flow.Opened:
        monkeypatch.setattr(flow, "start", start)
        settings.LIMITS = {"starts_address": {"burst": 0}}
        answers.append(app.begins(idempotency_key=KEY))
        settings.LIMITS = {}
        answers.append(app.begins(idempotency_key=KEY))
        return start(**named)

    monkeypatch.setattr(flow, "start", start_after_two_others)
    answers.append(app.begins(idempotency_key=KEY))
    assert [answer.status_code for answer in answers] == [429, 201, 201]
    assert answers[1].json()["client_secret"] == answers[2].json()["client_secret"]
    assert len(sandbox.calls("prove.unify")) == ApiVerification.objects.count() == 1
