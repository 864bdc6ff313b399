"""The unmodified Web SDK in Chromium: how keys are registered, recognised, moved, replaced and revoked.

Prove does not document the SDK's calls. They were observed with @prove-identity/prove-auth 3.6.2.
"""

import pytest
from playwright.sync_api import Route

from tests.sandbox.driver import SandboxDriver
from tests.sandbox.prove.browser import ADA, ERROR, REGISTER, SDK, SILENT, VERIFY, Sdk, bind_with, calls, token

pytestmark = [
    pytest.mark.skipif(not SDK.exists(), reason="the Web SDK is not installed"),
    pytest.mark.xdist_group("sdk"),
]

BEN = "+12025550102"


def test_a_key_is_registered_then_recognised(sdk: Sdk, standalone: SandboxDriver) -> None:
    bind_with(sdk, standalone, ADA)
    unified = standalone.unify(ADA)

    assert sdk.authenticate(unified["authToken"]).finished

    assert standalone.status(unified["correlationId"]).json()["success"] == "true"
    assert calls(standalone) == [REGISTER, VERIFY]


def test_a_key_of_another_number_gets_9101_and_a_rebind_moves_it(sdk: Sdk, standalone: SandboxDriver) -> None:
    bind_with(sdk, standalone, ADA)
    unified = standalone.unify(BEN)
    assert sdk.authenticate(unified["authToken"]).finished
    answer = standalone.status(unified["correlationId"]).json()
    assert (answer["success"], list(answer["evaluation"]["authentication"]["failureReasons"])) == ("false", ["9101"])

    bind_with(sdk, standalone, BEN, rebind=True)

    unified = standalone.unify(BEN)
    sdk.authenticate(unified["authToken"])
    assert standalone.status(unified["correlationId"]).json()["success"] == "true"


def test_next_silent_after_register_verifies_in_the_same_flow(sdk: Sdk, standalone: SandboxDriver) -> None:
    def answer_with_silent(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "next": SILENT})

    sdk.page.route("**/device/passive/register", answer_with_silent)
    unified = standalone.unify(ADA)

    assert sdk.authenticate(unified["authToken"]).finished

    assert calls(standalone) == [REGISTER, VERIFY]
    assert standalone.ledger(VERIFY)[0]["deviceId"] == sdk.device_id()


def test_an_unknown_key_is_replaced_in_the_same_call(sdk: Sdk, standalone: SandboxDriver) -> None:
    bind_with(sdk, standalone, ADA)
    key = sdk.device_id()
    standalone.control("POST", "control/reset", {})
    unified = standalone.unify(ADA)

    assert sdk.authenticate(unified["authToken"]).finished

    assert calls(standalone) == [VERIFY, REGISTER]
    assert sdk.device_id() != key
    assert standalone.status(unified["correlationId"]).json()["success"] == "possession_required"


def test_switch_unknown_device_strict_replaces_an_unknown_key_in_the_next_call(
    sdk: Sdk, standalone: SandboxDriver
) -> None:
    bind_with(sdk, standalone, ADA)
    standalone.control("POST", "control/reset", {})
    standalone.set_switches(unknown_device="strict")

    result = sdk.authenticate(token(standalone))
    assert (result.outcome, result.code, sdk.device_id()) == ("rejected", 10006, None)

    assert sdk.authenticate(token(standalone)).finished
    assert calls(standalone) == [VERIFY, REGISTER]


def test_a_revoked_key_is_replaced_in_the_same_call(sdk: Sdk, standalone: SandboxDriver) -> None:
    bind_with(sdk, standalone, ADA)
    standalone.prove("/v3/device/revoke", deviceId=sdk.device_id(), clientRequestId="request-1")

    assert sdk.authenticate(token(standalone)).finished

    assert calls(standalone, REGISTER, VERIFY) == [REGISTER, VERIFY, REGISTER]


def test_a_key_without_a_device_id_is_replaced_after_its_error_report(sdk: Sdk, standalone: SandboxDriver) -> None:
    standalone.order_fault(REGISTER, "answer", times=1, body={"next": "done", "data": {}})
    assert sdk.authenticate(token(standalone)).finished

    assert sdk.authenticate(token(standalone)).finished

    assert calls(standalone) == [REGISTER, ERROR, REGISTER]
    assert "DeviceId is missing" in standalone.ledger(ERROR)[0]["reported"]["message"]


def test_an_expired_token_is_refused(sdk: Sdk, standalone: SandboxDriver) -> None:
    stale = token(standalone)
    standalone.advance_clock(15 * 60)

    result = sdk.authenticate(stale)

    assert (result.outcome, result.finished) == ("rejected", False)
    assert "401" in result.message


def test_a_token_of_a_bound_flow_is_refused(sdk: Sdk, standalone: SandboxDriver) -> None:
    unified = standalone.unify(ADA)
    sdk.authenticate(unified["authToken"])
    standalone.status(unified["correlationId"])
    standalone.bind(unified["correlationId"], ADA)

    assert "401" in sdk.authenticate(unified["authToken"]).message


def test_unregister_is_signed_and_revokes_the_key(sdk: Sdk, standalone: SandboxDriver) -> None:
    bind_with(sdk, standalone, ADA)

    sdk.unregister()

    assert sdk.device_id() is None
    assert [call["outcome"] for call in standalone.ledger("prove.device_unregister")] == ["ok"]
    assert sdk.authenticate(token(standalone)).finished
    assert calls(standalone, REGISTER) == [REGISTER, REGISTER]


def test_a_browser_with_cleared_site_data_registers_a_new_device(sdk: Sdk, standalone: SandboxDriver) -> None:
    bind_with(sdk, standalone, ADA)
    sdk.clear_data()
    unified = standalone.unify(ADA)

    assert sdk.authenticate(unified["authToken"]).finished

    assert standalone.status(unified["correlationId"]).json()["success"] == "possession_required"


def test_a_sandbox_under_another_host_name_registers_a_new_key(sdk: Sdk, standalone: SandboxDriver) -> None:
    """The SDK stores the endpoint of a namespace for ever, so that each address needs a namespace of its own."""
    bind_with(sdk, standalone, ADA)
    key, standalone.origin = sdk.device_id(), standalone.origin.replace("127.0.0.1", "localhost")

    assert sdk.authenticate(token(standalone)).finished

    assert sdk.device_id() != key
    assert calls(standalone) == [REGISTER, REGISTER]


def test_in_airplane_mode_the_browser_does_not_reach_prove(sdk: Sdk, standalone: SandboxDriver) -> None:
    standalone.control("POST", "control/airplane", {"number": ADA, "on": True})
    assert "Failed to fetch" in sdk.authenticate(token(standalone)).message

    standalone.control("POST", "control/airplane", {"number": ADA, "on": False})
    assert sdk.authenticate(token(standalone)).finished
