"""What start-up says of a host project in which something is missing, each with an id and a hint."""

from typing import Any
from unittest import mock

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.db import connection, models

from onboarding import hooks
from onboarding.operations.host_checks import API, ENDED_LOGINS, OTP, PROMISES, PROTECTION

pytestmark = pytest.mark.django_db


def told() -> list[tuple[str | None, str | None]]:
    found = run_checks()
    return [(each.id, each.hint) for each in found if each.id in IDS]


def ids() -> list[str | None]:
    return [id_ for id_, _ in told()]


IDS = tuple(f"proveflow.{id_}" for id_ in ("E045", "E046", "E047", "W048", "E049", "I050", "E051"))


def test_the_shipped_project_is_complete() -> None:
    assert told() == []


@pytest.mark.parametrize("path", ["shop.hooks.Hooks", "tests.host.shop.Missing", "datetime.timedelta"])
def test_hooks_that_are_none_are_an_error(settings: Any, path: str) -> None:
    settings.HOOKS = path
    assert ids() == ["proveflow.E045"]


def test_a_user_model_that_cannot_be_made_is_an_error_that_names_the_field() -> None:
    birthday: Any = models.DateField()
    birthday.set_attributes_from_name("birthday")
    fields = (*get_user_model()._meta.concrete_fields, birthday)
    with mock.patch.object(get_user_model()._meta, "concrete_fields", fields):
        (message,) = [each for each in run_checks() if each.id == "proveflow.E046"]
    assert "birthday" in message.msg and "HOOKS" in str(message.hint)


def test_a_host_that_finds_its_users_itself_may_have_any_model(settings: Any) -> None:
    settings.HOOKS = "tests.host.shop.Shop"
    with mock.patch.object(hooks, "missing_fields", return_value=["birthday"]):
        assert ids() == []


@pytest.mark.parametrize("missing", [OTP, ENDED_LOGINS, "django.middleware.csrf.CsrfViewMiddleware"])
def test_middleware_that_log_ins_need_is_missed(settings: Any, missing: str) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != missing]
    [(id_, hint)] = told()
    assert id_ == "proveflow.E047" and missing in str(hint)


def test_middleware_in_another_order_is_an_error(settings: Any) -> None:
    settings.MIDDLEWARE = [ENDED_LOGINS, *(name for name in settings.MIDDLEWARE if name != ENDED_LOGINS)]
    assert ids() == ["proveflow.E047"]


@pytest.mark.parametrize("missing", PROMISES)
def test_middleware_of_a_promise_is_missed_unless_there_is_the_one_for_hosts(settings: Any, missing: str) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != missing]
    assert told() == [("proveflow.W048", f"Add {PROTECTION} at the top.")]
    settings.MIDDLEWARE = [PROTECTION, *settings.MIDDLEWARE]
    assert told() == []


def test_the_api_needs_its_middleware_where_it_is_installed(settings: Any) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != API]
    assert ids() == ["proveflow.E051"]
    with mock.patch.object(apps, "is_installed", lambda name: name != "onboarding.api"):
        assert ids() == []


def test_a_database_that_limits_cannot_count_in_is_an_error() -> None:
    with mock.patch.object(type(connection._connections[connection._alias]), "vendor", "mysql"):  # type: ignore[attr-defined]
        assert "proveflow.E049" in ids()


def test_a_transaction_around_each_request_is_no_problem(settings: Any) -> None:
    with mock.patch.dict(settings.DATABASES["default"], {"ATOMIC_REQUESTS": True}):
        assert ids() == ["proveflow.I050"]
