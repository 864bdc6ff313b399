"""A host project's hooks: who the user is, what may be linked, where to go on. A hook that fails loses no bind."""

from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import User

from onboarding import hooks
from onboarding.domain.states import State
from onboarding.models import Binding, Event, OnboardingSession
from onboarding.operations.recovery import recover
from tests.host.shop import Shop
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor

NUMBER, E164 = "201 555 0123", "+12015550123"


@pytest.fixture(autouse=True)
def shop(settings: Any) -> Iterator[type[Shop]]:
    settings.HOOKS = "tests.host.shop.Shop"
    yield Shop
    Shop.failing, Shop.refusal, Shop.exit, Shop.asked, Shop.number = set(), None, "", [], E164


def signed_in(name: str) -> Visitor:
    visitor = Visitor()
    visitor.client.force_login(User.objects.get_or_create(username=name)[0])
    return visitor


@pytest.mark.django_db
def test_a_number_is_attached_to_who_is_signed_in() -> None:
    visitor = signed_in("ada")
    visitor.opens()
    visitor.submits("/forget/")
    visitor.links(NUMBER, E164)
    assert visitor.page.path == "/done/" and Binding.objects.get().user.username == "ada"
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_a_number_moves_to_another_account_only_if_the_host_allows_it(shop: type[Shop], sandbox: Sandbox) -> None:
    first, second = signed_in("ada"), signed_in("bob")
    for each in (first, second):
        each.opens()
        each.submits("/forget/")
    first.links(NUMBER, E164)
    shop.refusal = "This number belongs to another account."
    second.links(NUMBER, E164)
    assert second.page.path == "/unverified/" and "This number belongs to another account." in second.page.text
    assert Binding.objects.get(confirmed=True).user.username == "ada"
    assert len(sandbox.calls("prove.unify_bind")) == 1
    user, proof = shop.asked[-1]
    assert (user.username, proof.owner.username, proof.number) == ("bob", "ada", E164)
    shop.refusal = None
    second.submits("/restart/")
    second.links(NUMBER, E164)
    assert Binding.objects.get(confirmed=True).user.username == "bob"


def test_a_recognised_device_logs_in_only_if_the_host_allows_it(visitor: Visitor, shop: type[Shop]) -> None:
    visitor.links(NUMBER, E164)
    visitor.client.cookies.clear()
    shop.refusal = "Your account is closed."
    assert visitor.starts(NUMBER).path == "/unverified/" and "Your account is closed." in visitor.page.text
    assert "_auth_user_id" not in visitor.client.session
    shop.refusal = None
    assert visitor.starts(NUMBER).path == "/done/"


def test_a_user_that_cannot_be_found_loses_no_bind(visitor: Visitor, shop: type[Shop], sandbox: Sandbox) -> None:
    shop.failing = {"user_for"}
    visitor.starts(NUMBER)
    assert visitor.types_code(visitor.code(E164)).path == "/unverified/"
    assert OnboardingSession.objects.get().state == State.BIND_UNKNOWN and not Binding.objects.exists()
    recover()
    shop.failing = set()
    assert visitor.starts(NUMBER).path == "/done/"
    assert Binding.objects.get().number == E164
    assert len(sandbox.calls("prove.unify_bind")) == len(visitor.messages(E164)) == 1


def test_a_recognised_device_waits_for_a_hook_that_fails(visitor: Visitor, shop: type[Shop]) -> None:
    visitor.links(NUMBER, E164)
    visitor.client.cookies.clear()
    for hook in ("user_for", "may_link"):
        shop.failing = {hook}
        assert visitor.starts(NUMBER).path == "/"
        assert OnboardingSession.objects.first().state == State.STARTED  # type: ignore[union-attr]
    shop.failing = set()
    assert visitor.starts(NUMBER).path == "/done/" and len(visitor.messages(E164)) == 1


def test_a_right_code_stays_approved_while_the_host_cannot_say_whether_it_may_be_linked(
    visitor: Visitor, shop: type[Shop], sandbox: Sandbox
) -> None:
    shop.failing = {"may_link"}
    visitor.starts(NUMBER)
    assert visitor.types_code(visitor.code(E164)).path == "/bind/"
    assert not sandbox.calls("prove.unify_bind")
    shop.failing = set()
    assert visitor.submits("/bind/").path == "/done/"


@pytest.mark.parametrize("engine", ["onboarding.session_store", "django.contrib.sessions.backends.db"])
@pytest.mark.parametrize("hook", ["log_in", "log_in, late"])
def test_a_log_in_that_fails_is_tried_again(
    visitor: Visitor, shop: type[Shop], settings: Any, engine: str, hook: str
) -> None:
    settings.SESSION_ENGINE, shop.failing = engine, {hook}
    visitor.starts(NUMBER)
    visitor.types_code(visitor.code(E164))
    assert visitor.page.status == 503 and Binding.objects.get().confirmed
    assert "_auth_user_id" not in visitor.client.session
    shop.failing = set()
    assert visitor.opens("/").path == "/done/"


def test_who_is_signed_in_stays_so_when_the_log_in_fails(shop: type[Shop], sandbox: Sandbox, db: None) -> None:
    shop.failing = {"log_in, late"}
    visitor = signed_in("ada")
    visitor.opens()
    visitor.submits("/forget/")
    visitor.links(NUMBER, E164)
    assert visitor.page.status == 503
    assert visitor.client.session["_auth_user_id"] == str(User.objects.get(username="ada").pk)
    shop.failing = set()
    assert visitor.opens("/").path == "/done/"


def test_a_failure_to_say_where_to_go_on_leads_to_the_usual_page(visitor: Visitor, shop: type[Shop]) -> None:
    shop.failing = {"after_success"}
    visitor.starts(NUMBER)
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_a_hook_that_fails_before_the_start_starts_nothing(shop: type[Shop], db: None) -> None:
    visitor = signed_in("ada")
    visitor.opens()
    shop.failing = {"client_ids"}
    assert visitor.fetches("/recall/").status_code == 503 and not OnboardingSession.objects.exists()


@pytest.mark.parametrize("number", ["", "nonsense", "2015550123", "+1201", "+19005550123", "+12015550123;x", "+4930"])
def test_a_number_that_the_phone_page_would_refuse_is_not_taken_from_the_hook(
    shop: type[Shop], db: None, number: str
) -> None:
    shop.number = number
    visitor = signed_in("ada")
    assert "/recall/" not in visitor.opens("/").text
    assert visitor.fetches("/recall/").json() == {"next": "/"} and not OnboardingSession.objects.exists()


def test_what_a_hook_raises_is_in_no_log(visitor: Visitor, shop: type[Shop], caplog: Any) -> None:
    shop.failing = {"user_for"}
    visitor.starts(NUMBER)
    visitor.types_code(visitor.code(E164))
    assert "The hook user_for failed: LookupError" in caplog.text and E164 not in caplog.text
    facts = Event.objects.filter(name="bind:unanswered").values_list("facts", flat=True)
    assert list(facts) == [{"error": "HookFailed", "operation": "user_for"}]


@pytest.mark.parametrize(
    ("exit_url", "is_followed"),
    [
        ("/shop/basket", True),
        ("https://shop.example/", True),
        ("https://evil.example/", False),
        ("//evil.example", False),
    ],
)
def test_success_leads_only_to_allowed_places(
    visitor: Visitor, shop: type[Shop], settings: Any, exit_url: str, is_followed: bool
) -> None:
    settings.CONTINUE_HOSTS, shop.exit = ["shop.example"], exit_url
    visitor.starts(NUMBER)
    answer = visitor.client.post("/code/", {**visitor._hidden(), "code": visitor.code(E164)})
    assert answer["Location"] == (exit_url if is_followed else "/done/")


def test_the_known_number_is_shown_by_its_last_digits_and_can_be_changed(sandbox: Sandbox, db: None) -> None:
    visitor = signed_in("ada")
    assert "Welcome back" in visitor.opens().text and E164 not in visitor.page.text
    assert visitor.finishes(visitor.fetches("/recall/").json()).path == "/code/"
    assert len(sandbox.calls("prove.unify")) == 1
    other = signed_in("ada")
    other.opens()
    assert "Welcome back" not in other.submits("/forget/").text


def test_users_that_cannot_be_made_are_found_out_before_anything_is_sent(
    settings: Any, sandbox: Sandbox, visitor: Visitor
) -> None:
    with mock.patch.object(hooks, "missing_fields", return_value=["birthday"]):
        settings.HOOKS = "onboarding.hooks.Hooks"
        visitor.opens()
        assert visitor.fetches("/start/", phone=NUMBER).status_code == 503
    assert not sandbox.calls("prove.unify") and not OnboardingSession.objects.exists()
    settings.HOOKS = "tests.host.shop.Shop"
