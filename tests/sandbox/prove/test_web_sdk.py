"""The unmodified Web SDK in Chromium against the sandbox: everything that a server can do to it.

What it makes of each answer was found out by driving @prove-identity/prove-auth 3.6.2; no page of Prove's tells.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Route

from tests.sandbox.driver import SandboxDriver
from tests.sandbox.prove.browser import REGISTER, SDK, Bad, Sdk, body, page_server, sends_on

pytestmark = [
    pytest.mark.skipif(not SDK.exists(), reason="the Web SDK is not installed"),
    pytest.mark.xdist_group("sdk"),
]

ADA, BEN = "+12025550101", "+12025550102"
SILENT = "device/passive/silent"
NO_DEVICE = {"code": 10006, "message": "no device found"}
VERIFY, ERROR, CHALLENGE = "prove.device_verify", "prove.device_error", "prove.device_challenge"


@pytest.fixture(scope="module")
def page_origin(standalone_origin: str) -> Iterator[str]:
    with page_server(standalone_origin) as origin:
        yield origin


@pytest.fixture
def sdk(chromium: Browser, page_origin: str, standalone: SandboxDriver) -> Iterator[Sdk]:
    """On a page of a fresh browser profile. No CSP violation may come up."""
    violations: list[str] = []
    with chromium.new_context() as context:
        page = context.new_page()
        page.on(
            "console", lambda message: violations.append(message.text) if "Security Policy" in message.text else None
        )
        page.goto(page_origin)
        yield Sdk(page)
    assert violations == []


def token(sandbox: SandboxDriver, number: str = ADA) -> str:
    return sandbox.unify(number)["authToken"]


def bind_with(sdk: Sdk, sandbox: SandboxDriver, number: str, **more: Any) -> None:
    unified = sandbox.unify(number, **more)
    assert sdk.authenticate(unified["authToken"]).finished
    assert sandbox.status(unified["correlationId"]).json()["success"] == "possession_required"
    assert sandbox.bind(unified["correlationId"], number).json()["success"] == "true"


def calls(sandbox: SandboxDriver, *routes: str) -> list[str]:
    """Of the device API, in order."""
    device = [call["route"] for call in sandbox.control("GET", "control/ledger.json", {}) if "device_" in call["route"]]
    return [route for route in device if not routes or route in routes]


def test_a_key_is_registered_then_recognised(sdk: Sdk, standalone: SandboxDriver) -> None:
    bind_with(sdk, standalone, ADA)
    unified = standalone.unify(ADA)

    assert sdk.authenticate(unified["authToken"]).finished

    assert standalone.status(unified["correlationId"]).json()["success"] == "true"
    assert calls(standalone) == [REGISTER, VERIFY]


def test_another_number_meets_9101_and_a_rebind_moves_the_key(sdk: Sdk, standalone: SandboxDriver) -> None:
    bind_with(sdk, standalone, ADA)
    unified = standalone.unify(BEN)
    assert sdk.authenticate(unified["authToken"]).finished
    answer = standalone.status(unified["correlationId"]).json()
    assert (answer["success"], list(answer["evaluation"]["authentication"]["failureReasons"])) == ("false", ["9101"])

    bind_with(sdk, standalone, BEN, rebind=True)

    unified = standalone.unify(BEN)
    sdk.authenticate(unified["authToken"])
    assert standalone.status(unified["correlationId"]).json()["success"] == "true"


BAD_ANSWERS = [
    Bad("500", "status", "rejected", message="500"),
    Bad("401", "status", "rejected", message="401", options={"status": 401}),
    Bad("429", "status", "rejected", message="429", options={"status": 429}),
    Bad("503", "status", "rejected", message="503", options={"status": 503}),
    Bad("proxy page", "html", "rejected", message="502"),
    Bad("proxy page with 200", "html", "resolved", options={"status": 200}, asked=(REGISTER, ERROR)),
    Bad("empty", "empty", "resolved", asked=(REGISTER, ERROR)),
    Bad("truncated", "truncated", "resolved", asked=(REGISTER, ERROR)),
    Bad("refused", "refuse", "resolved", asked=(REGISTER, ERROR), times=None),
    Bad("lost", "lost", "resolved", asked=(REGISTER, ERROR), times=None),
    Bad("reset", "reset", "resolved", asked=(REGISTER, ERROR), times=None),
    Bad("late", "latency", "resolved", finished=True, options={"seconds": 0.5}),
    Bad("dripped", "drip", "resolved", finished=True, options={"seconds": 0.001}),
    Bad("huge", "huge", "resolved", finished=True),
    Bad("silence", "hang", "pending"),
    Bad("unheard of next", "unknown_value", "rejected", message="Unknown authentication step"),
    Bad("no next", "answer", "rejected", message="Unknown authentication step", options=body(data={"deviceId": "d"})),
    Bad("empty next", "answer", "resolved", options=body(next="", data={"deviceId": "d"})),
    Bad("no data", "answer", "resolved", finished=True, options=body(next="done")),
    Bad("data without a deviceId", "answer", "resolved", finished=True, options=body(next="done", data={})),
    *(Bad(str(status), "answer", "resolved", finished=True,
          options={"status": status, **body(next="done", data={"deviceId": "d"})}) for status in (201, 202, 206)),
    Bad("204", "answer", "resolved", asked=(REGISTER, ERROR), options={"status": 204}),
    Bad("307", "answer", "resolved", finished=True, asked=(REGISTER, REGISTER), options=sends_on(307)),
    Bad("302", "answer", "rejected", message="403", asked=(REGISTER, REGISTER), options=sends_on(302)),
    Bad("an error", "answer", "rejected", code=10002, options=body(next="", error={"code": 10002, "message": "no"})),
    Bad("an error and done", "answer", "resolved", finished=True,
        options=body(next="done", error={"code": 10001, "message": "no"})),
    Bad("an error of no shape", "answer", "rejected", options=body(error=True)),
    Bad("10006, and that is that", "answer", "rejected", code=10006, options=body(next="", error=NO_DEVICE)),
    Bad("10006, and done", "answer", "resolved", finished=True, options=body(next="done", error=NO_DEVICE)),
    Bad("10006 as a string", "answer", "rejected", code="10006",
        options=body(next="", error={**NO_DEVICE, "code": "10006"})),
    Bad("10006, and once more", "answer", "resolved", finished=True, asked=(REGISTER, REGISTER),
        options=body(next=SILENT, error=NO_DEVICE)),
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD_ANSWERS, ids=str)
def test_a_bad_answer_to_register(bad: Bad, sdk: Sdk, standalone: SandboxDriver) -> None:
    standalone.order_fault(REGISTER, bad.kind, times=bad.times, **bad.options)

    told = sdk.authenticate(token(standalone), patience_ms=2500)

    assert (told.outcome, told.finished, told.code) == (bad.outcome, bad.finished, bad.code), told
    assert bad.message in told.message
    assert made(standalone, bad) == list(bad.asked)


def made(sandbox: SandboxDriver, bad: Bad) -> list[str]:
    """The calls, without those that Chromium repeated."""
    return calls(sandbox) if bad.times else list(dict.fromkeys(calls(sandbox)))


def test_a_register_that_chromium_repeats_makes_one_device(sdk: Sdk, standalone: SandboxDriver) -> None:
    standalone.order_fault(REGISTER, "lost", times=1)

    assert sdk.authenticate(token(standalone)).finished

    [lost, repeated] = standalone.ledger(REGISTER)
    assert (lost["outcome"], repeated["outcome"]) == ("lost", "ok")
    assert lost["deviceId"] == repeated["deviceId"] == sdk.device_id()


NONSENSE: list[dict[str, Any]] = [{"kind": kind} for kind in ("empty", "lost", "truncated")]
NONSENSE += [{"kind": "html", "status": 200}, {"kind": "answer", "status": 204}]


@pytest.mark.parametrize("fault", NONSENSE, ids=lambda fault: fault["kind"])
def test_after_nonsense_from_verify_the_report_is_signed_and_the_key_lives(
    fault: dict[str, Any], sdk: Sdk, standalone: SandboxDriver
) -> None:
    bind_with(sdk, standalone, ADA)
    key = sdk.device_id()
    standalone.order_fault(VERIFY, times=None, **fault)

    told = sdk.authenticate(token(standalone))

    assert (told.outcome, told.finished) == ("resolved", False)
    assert calls(standalone)[-2:] == [CHALLENGE, ERROR]
    assert standalone.ledger(ERROR)[-1]["outcome"] == "ok"  # a wrong signature would have been refused
    standalone.control("POST", "control/faults/clear", {})
    assert sdk.authenticate(token(standalone)).finished
    assert sdk.device_id() == key


LEFT_OF_THE_KEY = [
    (Bad("307", "answer", "resolved", finished=True, options=sends_on(307)), True),
    (Bad("302", "answer", "rejected", options=sends_on(302)), True),
    (Bad("an error", "answer", "rejected", options=body(next="", error={"code": 10002, "message": "no"})), True),
    (Bad("10006 as a string", "answer", "rejected", options=body(next="", error={**NO_DEVICE, "code": "10006"})), True),
    (Bad("10006", "answer", "rejected", options=body(next="", error=NO_DEVICE)), False),
    (Bad("10006, and done", "answer", "resolved", finished=True, options=body(next="done", error=NO_DEVICE)), False),
]


@pytest.mark.parametrize(("bad", "kept"), LEFT_OF_THE_KEY, ids=str)
def test_what_an_answer_to_verify_leaves_of_the_key(bad: Bad, kept: bool, sdk: Sdk, standalone: SandboxDriver) -> None:
    bind_with(sdk, standalone, ADA)
    standalone.order_fault(VERIFY, bad.kind, times=1, **bad.options)

    told = sdk.authenticate(token(standalone))

    assert (told.outcome, told.finished, sdk.device_id() is not None) == (bad.outcome, bad.finished, kept), told
    assert sdk.authenticate(token(standalone)).finished
    assert calls(standalone)[-1] == (VERIFY if kept else REGISTER)


def test_next_silent_after_register_verifies_in_the_same_flow(sdk: Sdk, standalone: SandboxDriver) -> None:
    def goes_on(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "next": SILENT})

    sdk.page.route("**/device/passive/register", goes_on)
    unified = standalone.unify(ADA)

    assert sdk.authenticate(unified["authToken"]).finished

    assert calls(standalone) == [REGISTER, VERIFY]
    assert standalone.ledger(VERIFY)[0]["deviceId"] == sdk.device_id()


# The report of an empty answer to register: how it is answered, and what the SDK makes of that.
REPORTS = [
    Bad("stop", "answer", "resolved", options=body(next="")),
    Bad("done", "answer", "resolved", finished=True, options=body(next="done")),
    Bad("no next", "answer", "rejected", message="Unknown authentication step", options=body()),
    Bad("an error", "answer", "resolved", options=body(next="", error={"code": 10002, "message": "no"})),
    Bad("10006", "answer", "resolved", options=body(next="", error=NO_DEVICE)),
    Bad("500", "status", "rejected", message="500"),
    Bad("empty", "empty", "rejected", message="Empty response"),
    Bad("refused", "refuse", "rejected", message="Failed to fetch", times=None),
    Bad("silence", "hang", "pending"),
]


@pytest.mark.parametrize("bad", REPORTS, ids=str)
def test_a_bad_answer_to_the_report_of_a_bad_answer(bad: Bad, sdk: Sdk, standalone: SandboxDriver) -> None:
    standalone.order_fault(REGISTER, "empty", times=1)
    standalone.order_fault(ERROR, bad.kind, times=bad.times, **bad.options)

    told = sdk.authenticate(token(standalone), patience_ms=2500)

    assert (told.outcome, told.finished) == (bad.outcome, bad.finished), told
    assert bad.message in told.message
    assert made(standalone, bad) == [REGISTER, ERROR]


def test_reports_that_are_answered_with_once_more_become_a_storm_that_a_good_answer_ends(
    sdk: Sdk, standalone: SandboxDriver
) -> None:
    standalone.order_fault(REGISTER, "empty")
    standalone.order_fault(ERROR, "answer", body={"next": SILENT})
    told = sdk.authenticate(token(standalone), patience_ms=2000)
    assert len(calls(standalone)) > 50, told

    standalone.control("POST", "control/faults/clear", {})

    assert sdk.authenticate(token(standalone)).finished
    over = calls(standalone)
    time.sleep(0.5)
    assert calls(standalone) == over


# An empty answer to verify is reported, signed, for which a challenge is asked: how that is answered.
CHALLENGES = [
    Bad("an error", "answer", "rejected", options=body(error={"code": 10002, "message": "no"})),
    Bad("10006", "answer", "rejected", options=body(error=NO_DEVICE)),
    Bad("no challenge", "answer", "resolved", options=body()),
    Bad("500", "status", "rejected"),
    Bad("empty", "empty", "rejected"),
    Bad("silence", "hang", "pending"),
]


@pytest.mark.parametrize("bad", CHALLENGES, ids=str)
def test_a_bad_answer_to_the_challenge_for_a_signature(bad: Bad, sdk: Sdk, standalone: SandboxDriver) -> None:
    bind_with(sdk, standalone, ADA)
    standalone.order_fault(VERIFY, "empty", times=1)
    standalone.order_fault(CHALLENGE, bad.kind, times=1, **bad.options)

    told = sdk.authenticate(token(standalone), patience_ms=2500)

    assert (told.outcome, told.finished) == (bad.outcome, False), told
    assert calls(standalone)[:3] == [REGISTER, VERIFY, CHALLENGE]
    assert (sdk.device_id() is None) == (bad.name == "10006")


def test_a_report_that_is_answered_with_once_more_registers_anew(sdk: Sdk, standalone: SandboxDriver) -> None:
    standalone.order_fault(ERROR, "answer", times=1, body={"next": SILENT})
    standalone.order_fault(REGISTER, "empty", times=1)

    assert sdk.authenticate(token(standalone)).finished

    assert calls(standalone) == [REGISTER, ERROR, REGISTER]


def test_a_key_that_the_sandbox_forgot_heals_in_the_same_call(sdk: Sdk, standalone: SandboxDriver) -> None:
    bind_with(sdk, standalone, ADA)
    key = sdk.device_id()
    standalone.control("POST", "control/reset", {})
    unified = standalone.unify(ADA)

    assert sdk.authenticate(unified["authToken"]).finished

    assert calls(standalone) == [VERIFY, REGISTER]
    assert sdk.device_id() != key
    assert standalone.status(unified["correlationId"]).json()["success"] == "possession_required"


def test_a_strict_sandbox_lets_the_next_call_heal(sdk: Sdk, standalone: SandboxDriver) -> None:
    bind_with(sdk, standalone, ADA)
    standalone.control("POST", "control/reset", {})
    standalone.set_switches(unknown_device="strict")

    told = sdk.authenticate(token(standalone))
    assert (told.outcome, told.code, sdk.device_id()) == ("rejected", 10006, None)

    assert sdk.authenticate(token(standalone)).finished
    assert calls(standalone) == [VERIFY, REGISTER]


def test_a_revoked_key_heals(sdk: Sdk, standalone: SandboxDriver) -> None:
    bind_with(sdk, standalone, ADA)
    standalone.prove("/v3/device/revoke", deviceId=sdk.device_id(), clientRequestId="request-1")

    assert sdk.authenticate(token(standalone)).finished

    assert calls(standalone, REGISTER, VERIFY) == [REGISTER, VERIFY, REGISTER]


def test_a_registration_without_device_id_is_healed_by_the_report(sdk: Sdk, standalone: SandboxDriver) -> None:
    standalone.order_fault(REGISTER, "answer", times=1, body={"next": "done", "data": {}})
    assert sdk.authenticate(token(standalone)).finished

    assert sdk.authenticate(token(standalone)).finished

    assert calls(standalone) == [REGISTER, ERROR, REGISTER]
    assert "DeviceId is missing" in standalone.ledger(ERROR)[0]["reported"]["message"]


def test_an_expired_token_is_refused(sdk: Sdk, standalone: SandboxDriver) -> None:
    stale = token(standalone)
    standalone.advance_clock(15 * 60)

    told = sdk.authenticate(stale)

    assert (told.outcome, told.finished) == ("rejected", False)
    assert "401" in told.message


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


def test_cleared_site_data_make_a_new_device(sdk: Sdk, standalone: SandboxDriver) -> None:
    bind_with(sdk, standalone, ADA)
    sdk.clears_its_data()
    unified = standalone.unify(ADA)

    assert sdk.authenticate(unified["authToken"]).finished

    assert standalone.status(unified["correlationId"]).json()["success"] == "possession_required"


def test_an_address_of_another_name_strands_nobody(sdk: Sdk, standalone: SandboxDriver) -> None:
    """The SDK keeps the endpoint of a namespace for ever: each address has a namespace of its own."""
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
