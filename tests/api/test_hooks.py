"""A host project's hooks are asked over the API, too."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now

from onboarding import hooks
from onboarding.models import Binding, ProveKey
from tests.api.app import App
from tests.journey.conftest import Later, Sandbox


class Host(hooks.Hooks):
    """A host that has an API of its own, and one number that may not be linked."""

    def may_link(self, user: Any, number: str, proof: hooks.Proof) -> str | None:  # noqa: ARG002
        return "Not this one." if number.endswith("199") else None

    def api_token(self, request: Any, user: Any) -> str:  # noqa: ARG002
        return f"host token of {user.pk}"


class Failing(hooks.Hooks):
    """A host whose own API cannot be reached."""

    def api_token(self, request: Any, user: Any) -> str:  # noqa: ARG002
        raise RuntimeError


def test_the_hosts_own_token_comes_beside_ours(app: App, sandbox: Sandbox, settings: Any) -> None:
    settings.HOOKS = "tests.api.test_hooks.Host"
    session = app.links().json()["session"]
    assert session["host_token"] == f"host token of {Binding.objects.get().user_id}"
    assert session["token"].startswith("pfs_")


@pytest.mark.parametrize("ended", ["deactivated", "key revoked", "unused for LOGIN_IDLE"])
def test_no_token_is_made_for_a_log_in_that_has_ended(
    app: App, sandbox: Sandbox, settings: Any, later: Later, ended: str
) -> None:
    settings.HOOKS = "tests.api.test_hooks.Host"
    app.links()
    assert app.does("").json()["session"]["host_token"]
    if ended == "deactivated":
        User.objects.update(is_active=False)
    elif ended == "key revoked":
        key = Binding.objects.get().device_id
        ProveKey.objects.update_or_create(device_id=key, defaults={"revoked_at": Now()})
    else:
        later(int(settings.LOGIN_IDLE.total_seconds()) + 1)
    assert app.does("").json()["session"] is None
    assert app.calls("get", "session", bearer=app.token).status_code == 401


def test_a_host_that_fails_loses_no_link(app: App, sandbox: Sandbox, settings: Any) -> None:
    settings.HOOKS = "tests.api.test_hooks.Failing"
    linked = app.links()
    assert linked.status_code == 200 and linked.json()["session"]["host_token"] is None


@pytest.mark.parametrize("number", ["+12015550199"])
def test_a_link_that_the_host_does_not_allow_is_declined_in_its_words(
    app: App, sandbox: Sandbox, settings: Any, number: str
) -> None:
    settings.HOOKS = "tests.api.test_hooks.Host"
    told = app.links(number).json()
    assert told["status"] == "declined" and told["message"] == "Not this one."
    assert not Binding.objects.exists() and sandbox.calls("prove.unify_bind") == []
