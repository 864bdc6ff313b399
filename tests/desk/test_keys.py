"""Publishable keys are made and revoked at the desk, by who has the permission."""

import pytest

from onboarding.api.models import PublishableKey
from onboarding.models import Event
from tests.api.app import App
from tests.deep.any_order import desk
from tests.journey.conftest import Sandbox

pytestmark = pytest.mark.django_db

FORM = {"name": "the app", "origins": "https://app.example.com", "starts_per_hour": "1", "texts_per_hour": "9"}


def test_a_key_is_made_with_its_budgets_and_origins_and_shown(sandbox: Sandbox) -> None:
    page = desk.key_maker().post(f"{desk.KEYS}add/", FORM, follow=True).content.decode()
    key = PublishableKey.objects.get()
    assert key.key in page and key.origins == FORM["origins"] and "<form" not in page[page.index("content-main") :]
    assert App(key.key).begins().status_code == 201
    event = Event.objects.get(name="key:made")
    assert event.facts == {"key": key.key} and event.actor


def test_a_revoked_key_begins_nothing_and_the_reason_is_kept(sandbox: Sandbox) -> None:
    operator, key = desk.key_maker(), PublishableKey.objects.create(name="the app")
    operator.post(f"{desk.KEYS}{key.pk}/revoke/", {"reason": desk.REASON})
    assert App(key.key).begins().status_code == 401
    assert Event.objects.get(name="key:revoked").facts == {"key": key.key, "reason": desk.REASON}
    again = operator.post(f"{desk.KEYS}{key.pk}/revoke/", {"reason": desk.REASON}, follow=True)
    assert "can&#x27;t be done any more" in again.content.decode()
    assert Event.objects.filter(name="key:revoked").count() == 1


def test_a_key_has_budgets_of_its_own(sandbox: Sandbox) -> None:
    few = PublishableKey.objects.create(name="few", starts_per_hour=5)
    many = PublishableKey.objects.create(name="many")
    answers = [App(few.key).begins(f"+1201555010{n}") for n in range(6)]
    assert [answer.status_code for answer in answers] == [201] * 5 + [429]
    assert answers[-1].json()["limit"] == "starts_key"
    assert App(many.key).begins("+12015550199").status_code == 201


def test_nobody_else_makes_or_sees_keys_and_none_can_be_changed(sandbox: Sandbox) -> None:
    key = PublishableKey.objects.create(name="the app")
    reviewer, operator = desk.reviewer(), desk.key_maker()
    for path in ("", "add/", f"{key.pk}/change/", f"{key.pk}/revoke/"):
        assert reviewer.get(f"{desk.KEYS}{path}").status_code == 403, path
        assert operator.get(f"{desk.KEYS}{path}").status_code == 200, path
    assert operator.post(f"{desk.KEYS}{key.pk}/change/", {"name": "another"}).status_code == 403
    assert operator.post(f"{desk.KEYS}{key.pk}/delete/", {"post": "yes"}).status_code == 403
    assert PublishableKey.objects.get().name == "the app"


def test_a_form_without_a_name_is_shown_again_with_the_error(sandbox: Sandbox) -> None:
    page = desk.key_maker().post(f"{desk.KEYS}add/", {**FORM, "name": ""}).content.decode()
    assert "required" in page and not PublishableKey.objects.exists()
