"""A phone number is linked over the API: each answer names the one thing to do next."""

import pytest
from django.contrib.auth.models import User

from onboarding.models import Binding, OnboardingSession
from tests.api.app import NUMBER, App
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import wrong

OTHER = "+12015550199"


def test_a_new_device_gets_a_code_and_is_linked_by_it(app: App, sandbox: Sandbox) -> None:
    assert app.begins().status_code == 201
    assert app.action["type"] == "authenticate" and app.action["within_seconds"] == 900
    assert app.checks_device().status_code == 200
    assert app.action["type"] == "enter_code" and app.action["tries_left"] == 5
    assert app.enters(app.code()).json()["status"] == "linked"
    assert app.action["type"] == "none"
    assert Binding.objects.get().number == NUMBER
    assert [len(sandbox.calls(f"prove.{call}")) for call in ("unify", "unify_status", "unify_bind")] == [1, 1, 1]


def test_a_known_key_is_recognized_without_a_code(app: App, sandbox: Sandbox) -> None:
    app.links()
    app.begins()
    assert app.checks_device().json()["status"] == "recognized"
    assert len(sandbox.calls("twilio.verification")) == 1
    assert User.objects.count() == 1


def test_the_number_is_linked_for_the_pages_too_and_the_pages_link_for_the_api(app: App, visitor: App) -> None:
    app.links()
    visitor.device = app.device
    assert visitor.starts(NUMBER).path == "/done/"  # type: ignore[attr-defined]
    assert Binding.objects.filter(confirmed=True).count() == 1


def test_no_answer_holds_the_whole_number_a_code_or_an_id_of_prove(app: App, sandbox: Sandbox) -> None:
    answers = [app.begins(), app.checks_device(), app.enters(app.code()), app.does("")]
    session = OnboardingSession.objects.get()
    told = "".join(answer.content.decode() for answer in answers)
    for secret in (NUMBER, str(session.correlation_id), session.device_id, session.verification_sid, app.code()):
        assert secret and secret not in told
    assert told.count(str(answers[0].json()["auth_token"])) == 1
    assert app.secret not in told.replace(answers[0].content.decode(), "")


def test_a_wrong_code_is_named_and_costs_a_try_but_a_malformed_one_does_not(app: App, sandbox: Sandbox) -> None:
    app.arrives_at_the_code()
    answer = app.enters(wrong(app.code())).json()
    assert answer["notice"] == "code_wrong" and answer["message"] and app.action["tries_left"] == 4
    malformed = app.enters("12")
    assert malformed.status_code == 422 and malformed.json()["errors"][0]["field"] == "code"
    assert app.does("").json()["next_action"]["tries_left"] == 4


def test_after_five_wrong_codes_another_code_is_needed(app: App, sandbox: Sandbox) -> None:
    app.arrives_at_the_code()
    code = app.code()
    for _ in range(5):
        app.enters(wrong(code))
    assert app.verification["notice"] == "too_many_guesses" and app.action["type"] == "send_code"
    assert app.enters(code).json()["status"] == "open"
    assert len(sandbox.calls("twilio.verification_check")) == 5


def test_a_code_that_is_asked_for_too_soon_is_refused_with_the_wait(app: App, later: Later, sandbox: Sandbox) -> None:
    app.arrives_at_the_code()
    refused = app.does("code", {})
    assert refused.status_code == 429 and refused.json()["code"] == "too_soon"
    assert int(refused["Retry-After"]) == 30 == refused.json()["retry_after_seconds"]
    later(31)
    sandbox.advance(31)
    assert app.does("code", {"channel": "call"}).json()["channel"] == "call"


def test_a_device_check_that_prove_cannot_answer_yet_is_repeated(app: App, sandbox: Sandbox) -> None:
    sandbox.inject_fault("prove.unify_status", "answer", times=1, body={"success": "pending"})
    app.begins()
    pending = app.checks_device()
    assert pending.status_code == 202 and pending["Retry-After"] == "2"
    assert app.action["type"] == "wait" and app.action["href"].endswith("/device")
    assert app.does("device").status_code == 200
    assert app.action["type"] == "enter_code"


def test_an_app_that_was_killed_goes_on_from_the_step_where_it_was(app: App, sandbox: Sandbox) -> None:
    app.arrives_at_the_code()
    asked = app.action
    app.verification = {"id": app.verification["id"]}
    assert app.does("").json()["next_action"]["type"] == asked["type"]
    assert app.does("device").json()["next_action"]["type"] == "enter_code"
    assert len(sandbox.calls("prove.unify_status")) == len(sandbox.calls("twilio.verification")) == 1


def test_a_bind_that_could_not_be_asked_for_is_repeated_without_another_code(app: App, sandbox: Sandbox) -> None:
    sandbox.inject_fault("prove.unify_bind", "refuse", times=1)
    assert app.links().json()["status"] == "open"
    assert app.action["type"] == "wait" and app.action["href"].endswith("/bind")
    assert app.does("bind").json()["status"] == "linked"


def test_a_key_with_another_number_moves_after_consent_in_a_new_verification(app: App, sandbox: Sandbox) -> None:
    app.links(OTHER)
    app.begins()
    app.checks_device()
    assert app.action["type"] == "confirm_rebind"
    first = app.verification["id"], app.secret
    key = "5e7d62bb-5b48-44a3-9bb4-c41f2f5dd4a0"
    assert app.does("rebind", {}, **{"Idempotency-Key": key}).status_code == 201
    assert app.verification["id"] != first[0] and app.secret != first[1]
    app.checks_device()
    assert app.enters(app.code()).json()["status"] == "linked"
    assert [binding.number for binding in Binding.objects.filter(confirmed=True)] == [NUMBER]
    ended = app.calls("get", f"verifications/{first[0]}", bearer=first[1]).json()
    assert ended["status"] == "superseded"


def test_a_move_that_prove_cannot_start_is_still_offered_and_the_new_secret_is_not_lost(
    app: App, sandbox: Sandbox
) -> None:
    app.links(OTHER)
    app.begins()
    app.checks_device()
    sandbox.inject_fault("prove.unify", "refuse", times=1)
    key = "5e7d62bb-5b48-44a3-9bb4-c41f2f5dd4a0"
    answer = app.does("rebind", {}, **{"Idempotency-Key": key})
    assert answer.status_code == 201 and answer.json()["auth_token"] is None
    assert app.action["type"] == "confirm_rebind" and app.action["after_seconds"] == 5


def test_delete_abandons_and_is_idempotent(app: App, sandbox: Sandbox) -> None:
    app.arrives_at_the_code()
    assert [app.does("delete").status_code for _ in range(2)] == [204, 204]
    assert app.does("").json()["status"] == "superseded"
    assert app.action["type"] == "none"


def test_a_step_that_is_under_way_is_not_abandoned(app: App, sandbox: Sandbox) -> None:
    app.arrives_at_the_code()
    OnboardingSession.objects.update(state="checking_code")
    refused = app.does("delete")
    assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (409, "in_progress", "1")
    OnboardingSession.objects.update(state="code_sent")
    assert app.does("delete").status_code == 204


def test_a_number_that_the_person_corrects_goes_on_in_the_same_journey(app: App, sandbox: Sandbox) -> None:
    app.arrives_at_the_code(OTHER)
    before = app.verification["id"]
    app.begins(previous_client_secret=app.secret)
    first, second = OnboardingSession.objects.order_by("created_at")
    assert second.previous == first and first.state == "superseded" and second.journey == first.journey
    assert app.verification["id"] != before
    again = app.begins(previous_client_secret="pfc_unknown")
    assert again.status_code == 422


def test_the_same_number_twice_is_sent_back_to_the_one_that_waits_for_a_code(app: App, sandbox: Sandbox) -> None:
    app.arrives_at_the_code()
    refused = app.begins(previous_client_secret=app.secret)
    assert refused.status_code == 409 and refused.json()["code"] == "previous_is_open"


def test_a_number_in_review_is_waited_for(app: App, sandbox: Sandbox) -> None:
    body = {"success": "true", "proveId": "p", "phoneNumber": OTHER}
    sandbox.inject_fault("prove.unify_status", "answer", times=1, body=body)
    app.begins()
    assert app.checks_device().json()["status"] == "in_review"
    assert app.action["type"] == "wait" and app.action["method"] == "GET" and app.action["after_seconds"] == 60
    assert app.verification["reference"]


def test_an_ambiguous_number_is_chosen_by_the_person(app: App) -> None:
    refused = app.begins("+11111111111")
    assert refused.status_code == 422 and refused.json()["code"] == "invalid_number"
    [choice] = refused.json()["choices"]
    assert app.begins("+11111111111", confirmed_number=choice["value"]).status_code == 201


@pytest.mark.parametrize("number", ["", "12", "+1 900 555 0123", "x" * 200])
def test_a_number_that_cannot_be_used_is_explained_in_the_language_of_the_request(app: App, number: str) -> None:
    english, german = (
        app.calls(
            "post",
            "verifications",
            {"phone_number": number, "platform": "ios", "country": "US"},
            bearer=app.key,
            **{"Idempotency-Key": "5e7d62bb-5b48-44a3-9bb4-c41f2f5dd4a0", "Accept-Language": language},
        )
        for language in ("en", "de")
    )
    assert english.status_code == german.status_code == 422
    assert english.json()["detail"] != german.json()["detail"]


def test_an_end_that_was_lost_is_seen_again_with_the_session_token(app: App, sandbox: Sandbox) -> None:
    app.links()
    token = app.token
    assert token and app.does("").json()["session"]["token"] == token


def test_a_verification_expires_by_the_clock_of_the_database(app: App, later: Later) -> None:
    app.begins()
    later(30 * 60)
    assert app.does("").json()["status"] == "expired"
