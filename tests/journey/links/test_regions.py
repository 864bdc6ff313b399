"""Prove's two regions: each number goes to the host that serves its country, and stays with it."""

from collections import Counter
from typing import Any

import pytest
from prometheus_client import REGISTRY

from onboarding.domain import regions
from onboarding.models import Binding, Cell, OnboardingSession, ProveKey
from onboarding.operations.recovery import recover
from onboarding.upstream.prove import prove
from tests.api.app import App
from tests.api.conftest import app, key
from tests.device import through
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Visitor

__all__ = ["app", "key"]

NEW_YORK, BERLIN, HAMBURG = "+12015550123", "+491713920012", "+491713920034"
SERVER_CALLS = ("token", "unify", "unify_status", "unify_bind", "device_revoke")
NOT_SERVED = "serve numbers from Germany yet. Use a number from another country."


def asked(sandbox: Sandbox, *names: str) -> Counter[tuple[str, str]]:
    """Return how often each region's host was called, by route."""
    calls = {name: sandbox.calls(f"prove.{name}") for name in names or SERVER_CALLS}
    return Counter((call.get("region", "na"), name) for name, found in calls.items() for call in found)


def restart(settings: Any, **changes: object) -> None:
    """As a process that starts with other settings."""
    for name, value in changes.items():
        setattr(settings, name, value)
    prove.cache_clear()


def without_europe(settings: Any) -> None:
    restart(settings, PROVE_REGION="na", PROVE_EU_CLIENT_ID="")


def move_germany(monkeypatch: pytest.MonkeyPatch) -> None:
    """Change the table: North America's host serves German numbers from now on."""
    monkeypatch.setattr(regions, "NORTH_AMERICAN", regions.NORTH_AMERICAN | {"DE"})


def begins(visitor: Visitor, number: str) -> dict[str, str]:
    visitor.opens()
    answer: dict[str, str] = visitor.fetches("/start/", phone=number).json()
    return answer


# --- Two hosts --------------------------------------------------------------------------------------------------------


def test_each_number_is_linked_at_its_own_host_with_that_hosts_own_token(sandbox: Sandbox, db: None) -> None:
    sandbox.set_switches(region="own")  # a host refuses the other's numbers, and always the other's token
    for number in (NEW_YORK, BERLIN):
        assert Visitor().links(number, number).path == "/done/"
    each_once = {(region, name): 1 for region in ("na", "eu") for name in SERVER_CALLS[:-1]}
    assert asked(sandbox) == each_once


def test_when_one_hosts_circuit_is_open_the_other_is_called_as_ever(sandbox: Sandbox, visitor: Visitor) -> None:
    sandbox.inject_fault("prove.unify", "status", status=503, host="eu")
    numbers = [f"+49171392001{digit}" for digit in range(9)]
    assert [visitor.fetches("/start/", phone=number).status_code for number in numbers if visitor.opens()] == [503] * 9
    assert asked(sandbox, "unify") == {("eu", "unify"): 5}
    assert Visitor().links(NEW_YORK, NEW_YORK).path == "/done/"
    opened = [REGISTRY.get_sample_value("proveflow_circuits_open", {"service": f"prove{eu}"}) for eu in ("", "-eu")]
    assert opened == [0, 1]


# --- A region without an account --------------------------------------------------------------------------------------


def test_a_number_of_a_region_without_an_account_is_told_so_and_costs_nothing(
    sandbox: Sandbox, visitor: Visitor, settings: Any
) -> None:
    without_europe(settings)
    page = visitor.opens().text
    assert 'value="CA"' in page and 'value="DE"' not in page
    answer = visitor.fetches("/start/", phone=BERLIN)
    assert answer.status_code == 400 and answer.json()["field"] == "phone" and NOT_SERVED in answer.json()["error"]
    assert asked(sandbox) == {} and not Cell.objects.exists() and not OnboardingSession.objects.exists()
    assert visitor.links(NEW_YORK, NEW_YORK).path == "/done/"


def test_over_the_api_it_is_a_problem_of_the_number(sandbox: Sandbox, app: App, settings: Any) -> None:
    without_europe(settings)
    answer = app.begins(BERLIN)
    assert answer.status_code == 422 and answer.json()["code"] == "invalid_number"
    assert answer.json()["errors"][0]["field"] == "phone_number" and NOT_SERVED in answer.json()["detail"]
    assert asked(sandbox) == {} and app.begins(NEW_YORK).status_code == 201


def test_a_remembered_number_whose_region_is_gone_is_told_so(sandbox: Sandbox, visitor: Visitor, settings: Any) -> None:
    visitor.links(BERLIN, BERLIN)
    visitor.submits("/remember/")
    visitor.client.cookies.pop("sessionid")
    without_europe(settings)
    before = asked(sandbox)
    visitor.opens()
    answer = visitor.fetches("/recall/")
    assert answer.status_code == 400 and NOT_SERVED in answer.json()["error"]
    assert asked(sandbox) == before


def test_europe_alone_serves_all_but_north_america(sandbox: Sandbox, visitor: Visitor, settings: Any) -> None:
    restart(settings, PROVE_REGION="eu", PROVE_EU_CLIENT_ID="")
    assert "auth_token" not in begins(visitor, NEW_YORK)
    assert visitor.links(BERLIN, BERLIN).path == "/done/"


def test_an_only_host_of_no_known_region_serves_everybody(sandbox: Sandbox, db: None, settings: Any) -> None:
    restart(settings, PROVE_EU_CLIENT_ID="")
    for number in (NEW_YORK, BERLIN):
        assert Visitor().links(number, number).path == "/done/"
    assert {region for region, _ in asked(sandbox)} == {"na"}


# --- A session keeps its region ---------------------------------------------------------------------------------------


def finishes_at(region: str, visitor: Visitor, answer: dict[str, str], sandbox: Sandbox) -> None:
    """Finish what was begun with BERLIN; all calls after the start go to this region's host."""
    assert visitor.finishes(answer).path == "/code/"
    assert visitor.types_code(visitor.code(BERLIN)).path == "/done/"
    assert set(asked(sandbox, "unify_status", "unify_bind")) == {(region, "unify_status"), (region, "unify_bind")}


def test_a_session_keeps_its_region_when_the_table_changes(
    sandbox: Sandbox, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = begins(visitor, BERLIN)
    move_germany(monkeypatch)
    finishes_at("eu", visitor, answer, sandbox)


def test_a_session_of_the_only_host_keeps_it_when_the_other_region_gets_an_account(
    sandbox: Sandbox, visitor: Visitor, settings: Any
) -> None:
    europe = settings.PROVE_EU_CLIENT_ID
    restart(settings, PROVE_EU_CLIENT_ID="")
    answer = begins(visitor, BERLIN)
    restart(settings, PROVE_EU_CLIENT_ID=europe)
    finishes_at("na", visitor, answer, sandbox)
    assert Visitor().starts(HAMBURG).path == "/code/" and ("eu", "unify") in asked(sandbox)


def test_a_session_that_an_earlier_release_began_goes_on(sandbox: Sandbox, visitor: Visitor) -> None:
    answer = begins(visitor, NEW_YORK)
    column = OnboardingSession._meta.get_field("prove_region")
    OnboardingSession.objects.update(prove_region=column.db_default)
    assert visitor.finishes(answer).path == "/code/"
    assert visitor.types_code(visitor.code(NEW_YORK)).path == "/done/"
    assert asked(sandbox, "token") == {("na", "token"): 1}


def test_a_session_whose_region_lost_its_account_waits_for_it(
    sandbox: Sandbox, visitor: Visitor, settings: Any
) -> None:
    answer, europe = begins(visitor, BERLIN), settings.PROVE_EU_CLIENT_ID
    visitor.device.authenticate(answer["auth_token"], through(visitor.client))
    without_europe(settings)
    assert visitor.fetches("/device/").status_code == 503
    assert ("na", "unify_status") not in asked(sandbox)
    restart(settings, PROVE_EU_CLIENT_ID=europe)
    assert visitor.fetches("/device/").json() == {"next": "/code/"}


def test_a_rebind_is_at_the_host_that_offered_it(
    sandbox: Sandbox, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.links(BERLIN, BERLIN)
    assert visitor.starts(HAMBURG).path == "/moved/"
    move_germany(monkeypatch)
    visitor.rebinds()
    assert visitor.types_code(visitor.code(HAMBURG)).path == "/done/"
    assert {region for region, _ in asked(sandbox)} == {"eu"}


# --- Keys -------------------------------------------------------------------------------------------------------------


def test_a_number_of_the_other_region_gets_a_key_of_its_own_and_moves_none(sandbox: Sandbox, visitor: Visitor) -> None:
    visitor.links(NEW_YORK, NEW_YORK)
    assert visitor.starts(BERLIN).path == "/code/"
    assert visitor.types_code(visitor.code(BERLIN)).path == "/done/"
    first, second = (registration.device_id for registration in visitor.device.registrations.values())
    linked = Binding.objects.filter(confirmed=True, moved_from=None)
    assert {(binding.number, binding.device_id) for binding in linked} == {(NEW_YORK, first), (BERLIN, second)}
    for number in (NEW_YORK, BERLIN):
        assert visitor.starts(number).path == "/done/"
    assert not any(call["rebind"] for call in sandbox.calls("prove.unify"))


def test_a_revoke_goes_to_the_host_that_has_the_key(
    sandbox: Sandbox, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.links(BERLIN, BERLIN)
    move_germany(monkeypatch)
    visitor.submits("/unlink/")
    [call] = sandbox.calls("prove.device_revoke")
    assert (call["region"], call["effect"]) == ("eu", True)
    assert not ProveKey.objects.exclude(tell_prove_at=None).exists()


def test_a_revoke_that_is_owed_waits_for_the_account_of_its_region(
    sandbox: Sandbox, visitor: Visitor, settings: Any, later: Later
) -> None:
    europe = settings.PROVE_EU_CLIENT_ID
    visitor.links(BERLIN, BERLIN)
    without_europe(settings)
    visitor.submits("/unlink/")
    later(3600)
    assert recover()["revokes told"] == 0 and sandbox.calls("prove.device_revoke") == []
    restart(settings, PROVE_EU_CLIENT_ID=europe)
    later(3600)
    assert recover()["revokes told"] == 1
    assert asked(sandbox, "device_revoke") == {("eu", "device_revoke"): 1}


def test_a_key_of_an_earlier_release_gets_its_region_when_it_is_seen(sandbox: Sandbox, visitor: Visitor) -> None:
    visitor.links(BERLIN, BERLIN)
    ProveKey.objects.update(prove_region=ProveKey._meta.get_field("prove_region").db_default)
    assert visitor.starts(BERLIN).path == "/done/"
    visitor.submits("/unlink/")
    assert asked(sandbox, "device_revoke") == {("eu", "device_revoke"): 1}
