"""Who may call the API, and from where. Cookies give nothing, and answers set none."""

import json
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client

from onboarding.api.models import PublishableKey
from onboarding.models import OnboardingSession
from tests.api.app import NUMBER, ROOT, App
from tests.hostile.paths import ALL, API
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor

SITE, OTHER_SITE = "https://app.example.com", "https://evil.example.com"
METHODS = ("get", "post", "put", "patch", "delete", "options", "head")
PATHS = [path.replace("/x", "/5e7d62bb-5b48-44a3-9bb4-c41f2f5dd4a0") for path in ALL if path.startswith(API)]
OPEN_PATHS = (ROOT, f"{ROOT}openapi.json")


@pytest.mark.parametrize("bearer", ["", "pk_unknown", "pfc_x", "pfc_" + "0" * 32 + "_" + "A" * 43, "é"])
def test_no_operation_works_without_a_bearer_that_is_known(db: None, bearer: str) -> None:
    client = Client(raise_request_exception=False)
    headers = {"Authorization": f"Bearer {bearer}", "Idempotency-Key": "5e7d62bb-5b48-44a3-9bb4-c41f2f5dd4a0"}
    for path in set(PATHS) - set(OPEN_PATHS):
        for method in METHODS:
            answer = getattr(client, method)(path, headers=headers)
            assert answer.status_code in (401, 405), f"{method} {path}"
            assert answer["Content-Type"] == "application/problem+json"
    assert not OnboardingSession.objects.exists()


def test_a_client_secret_opens_its_own_verification_only(app: App, key: PublishableKey) -> None:
    app.begins()
    other = App(key.key)
    other.begins("+12015550199")
    path = f"verifications/{app.verification['id']}"
    for bearer in (other.secret, app.key, app.secret[:-1] + ("B" if app.secret[-1] == "A" else "A"), ""):
        assert app.calls("get", path, bearer=bearer).status_code == 401
    assert app.calls("get", path, bearer=app.secret).status_code == 200


def test_cookies_are_neither_read_nor_set(app: App, visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(NUMBER, NUMBER)
    answer = visitor.client.post(
        f"{ROOT}verifications", json.dumps({"phone_number": NUMBER}), content_type="application/json"
    )
    assert answer.status_code == 401 and not answer.cookies
    assert not app.begins().cookies and "Cookie" not in app.begins()["Vary"]


def test_a_revoked_key_begins_nothing_but_what_it_began_goes_on(app: App, key: PublishableKey) -> None:
    app.begins()
    PublishableKey.objects.update(revoked_at=Now())
    assert app.does("").status_code == 200
    assert app.begins().status_code == 401


def test_a_site_may_call_only_if_its_key_allows_it(app: App, key: PublishableKey) -> None:
    refused = app.calls("get", "openapi.json", Origin=SITE)
    assert refused.status_code == 403 and refused.json()["code"] == "origin_not_allowed"
    assert "Access-Control-Allow-Origin" not in refused
    PublishableKey.objects.update(origins=SITE)
    allowed = app.calls("get", "openapi.json", Origin=SITE)
    assert allowed.status_code == 200 and allowed["Access-Control-Allow-Origin"] == SITE
    assert "Access-Control-Allow-Credentials" not in allowed
    assert app.calls("get", "openapi.json", Origin=OTHER_SITE).status_code == 403


def test_a_site_may_use_the_keys_and_secrets_of_its_own_only(app: App, key: PublishableKey) -> None:
    PublishableKey.objects.create(name="of a site", origins=SITE)
    path = ("post", "verifications", {"phone_number": NUMBER, "platform": "web"})
    refused = app.calls(*path, bearer=app.key, Origin=SITE, **{"Idempotency-Key": "0" * 32})
    assert refused.status_code == 403 and refused["Access-Control-Allow-Origin"] == SITE
    app.begins()
    assert app.does("", Origin=SITE).status_code == 403


def test_a_preflight_is_answered_for_an_allowed_origin(app: App) -> None:
    PublishableKey.objects.update(origins=f"https://another.example.com\n{SITE}")
    asked = {"Access-Control-Request-Method": "POST", "Sec-Fetch-Site": "cross-site"}
    answer = app.calls("options", "verifications", Origin=SITE, **asked)
    assert answer.status_code == 204 and answer["Access-Control-Allow-Origin"] == SITE
    assert "Idempotency-Key" in answer["Access-Control-Allow-Headers"]
    assert app.calls("options", "verifications", Origin=OTHER_SITE, **asked).status_code == 403


def test_a_request_from_another_site_passes_the_filter_that_protects_cookies(app: App) -> None:
    PublishableKey.objects.update(origins=SITE)
    app.begins()
    assert app.does("device", Origin=SITE, **{"Sec-Fetch-Site": "cross-site"}).status_code == 200
    page = app.client.post("/start/", headers={"Sec-Fetch-Site": "cross-site"})
    assert page.status_code == 403


def test_an_app_that_its_key_does_not_allow_is_refused(app: App, key: PublishableKey) -> None:
    PublishableKey.objects.update(app_ids="com.example.app")
    assert app.begins().json()["code"] == "app_not_allowed"
    assert app.begins(app_id="com.example.app").status_code == 201


def test_errors_of_the_server_are_problems_too(app: App, settings: Any) -> None:
    large = app.calls("post", "verifications", {"phone_number": "1" * 20_000}, bearer=app.key)
    assert large.status_code == 413 and large.json()["code"] == "too_large"
    assert app.calls("get", "verifications", bearer=app.key).status_code == 405
    assert app.calls("get", "nothing").json()["code"] == "not_found"
    latin = app.client.post(f"{ROOT}verifications", "{}", content_type="application/json; charset=latin-1")
    assert latin.status_code == 400 and latin.json()["code"] == "bad_request"
    broken = app.client.post(
        f"{ROOT}verifications",
        "{",
        content_type="application/json",
        headers={"Authorization": f"Bearer {app.key}", "Idempotency-Key": "0" * 32},
    )
    assert broken.status_code == 400
