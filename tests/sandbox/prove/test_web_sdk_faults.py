"""The unmodified Web SDK in Chromium, with faulty responses to each of its calls.

How the SDK reacts was observed with @prove-identity/prove-auth 3.6.2. Prove does not document it.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.sandbox.driver import SandboxDriver
from tests.sandbox.prove.browser import (
    ADA,
    CHALLENGE,
    ERROR,
    REGISTER,
    SDK,
    SILENT,
    VERIFY,
    Sdk,
    bind_with,
    calls,
    token,
)

pytestmark = [
    pytest.mark.skipif(not SDK.exists(), reason="the Web SDK is not installed"),
    pytest.mark.xdist_group("sdk"),
]

NO_DEVICE = {"code": 10006, "message": "no device found"}


@dataclass(frozen=True)
class FaultCase:
    """A fault in one call of the Web SDK, and the expected result of `authenticate`."""

    name: str
    kind: str
    outcome: str
    finished: bool = False
    options: dict[str, Any] = field(default_factory=dict)  # of the fault
    message: str = ""  # part of the error's message
    code: int | str | None = None
    calls: Sequence[str] = (REGISTER,)  # all that the SDK makes
    times: int | None = 1  # None: up to three times, Chromium repeats a call whose reused connection breaks

    def __str__(self) -> str:
        return self.name


def body(**body: Any) -> dict[str, Any]:
    return {"body": body}


def redirect(status: int) -> dict[str, Any]:
    """The options of a redirect to the same path."""
    return {"status": status, "headers": {"Location": "?again"}}


RESPONSES_TO_REGISTER = [
    FaultCase("500", "status", "rejected", message="500"),
    FaultCase("401", "status", "rejected", message="401", options={"status": 401}),
    FaultCase("429", "status", "rejected", message="429", options={"status": 429}),
    FaultCase("503", "status", "rejected", message="503", options={"status": 503}),
    FaultCase("proxy page", "html", "rejected", message="502"),
    FaultCase("proxy page with 200", "html", "resolved", options={"status": 200}, calls=(REGISTER, ERROR)),
    FaultCase("empty", "empty", "resolved", calls=(REGISTER, ERROR)),
    FaultCase("truncated", "truncated", "resolved", calls=(REGISTER, ERROR)),
    FaultCase("refused", "refuse", "resolved", calls=(REGISTER, ERROR), times=None),
    FaultCase("lost", "lost", "resolved", calls=(REGISTER, ERROR), times=None),
    FaultCase("reset", "reset", "resolved", calls=(REGISTER, ERROR), times=None),
    FaultCase("late", "latency", "resolved", finished=True, options={"seconds": 0.5}),
    FaultCase("dripped", "drip", "resolved", finished=True, options={"seconds": 0.001}),
    FaultCase("huge", "huge", "resolved", finished=True),
    FaultCase("hang", "hang", "pending"),
    FaultCase("unknown next", "unknown_value", "rejected", message="Unknown authentication step"),
    FaultCase("no next", "answer", "rejected", message="Unknown authentication step",
              options=body(data={"deviceId": "d"})),
    FaultCase("empty next", "answer", "resolved", options=body(next="", data={"deviceId": "d"})),
    FaultCase("no data", "answer", "resolved", finished=True, options=body(next="done")),
    FaultCase("data without a deviceId", "answer", "resolved", finished=True, options=body(next="done", data={})),
    *(FaultCase(str(status), "answer", "resolved", finished=True,
              options={"status": status, **body(next="done", data={"deviceId": "d"})}) for status in (201, 202, 206)),
    FaultCase("204", "answer", "resolved", calls=(REGISTER, ERROR), options={"status": 204}),
    FaultCase("307", "answer", "resolved", finished=True, calls=(REGISTER, REGISTER), options=redirect(307)),
    FaultCase("302", "answer", "rejected", message="403", calls=(REGISTER, REGISTER), options=redirect(302)),
    FaultCase("an error", "answer", "rejected", code=10002,
              options=body(next="", error={"code": 10002, "message": "no"})),
    FaultCase("an error and done", "answer", "resolved", finished=True,
              options=body(next="done", error={"code": 10001, "message": "no"})),
    FaultCase("an error that is no object", "answer", "rejected", options=body(error=True)),
    FaultCase("10006, and stop", "answer", "rejected", code=10006, options=body(next="", error=NO_DEVICE)),
    FaultCase("10006, and done", "answer", "resolved", finished=True, options=body(next="done", error=NO_DEVICE)),
    FaultCase("10006 as a string", "answer", "rejected", code="10006",
              options=body(next="", error={**NO_DEVICE, "code": "10006"})),
    FaultCase("10006, and silent", "answer", "resolved", finished=True, calls=(REGISTER, REGISTER),
              options=body(next=SILENT, error=NO_DEVICE)),
]  # fmt: skip


@pytest.mark.parametrize("case", RESPONSES_TO_REGISTER, ids=str)
def test_a_faulty_response_to_register(case: FaultCase, sdk: Sdk, standalone: SandboxDriver) -> None:
    standalone.order_fault(REGISTER, case.kind, times=case.times, **case.options)

    result = sdk.authenticate(token(standalone), timeout_ms=2500)

    assert (result.outcome, result.finished, result.code) == (case.outcome, case.finished, case.code), result
    assert case.message in result.message
    assert calls_of(standalone, case) == list(case.calls)


def calls_of(sandbox: SandboxDriver, case: FaultCase) -> list[str]:
    """The calls of the device API, without those that Chromium repeated."""
    return calls(sandbox) if case.times else list(dict.fromkeys(calls(sandbox)))


def test_a_register_call_repeated_by_chromium_creates_one_device(sdk: Sdk, standalone: SandboxDriver) -> None:
    standalone.order_fault(REGISTER, "lost", times=1)

    assert sdk.authenticate(token(standalone)).finished

    [lost, repeated] = standalone.ledger(REGISTER)
    assert (lost["outcome"], repeated["outcome"]) == ("lost", "ok")
    assert lost["deviceId"] == repeated["deviceId"] == sdk.device_id()


UNREADABLE: list[dict[str, Any]] = [{"kind": kind} for kind in ("empty", "lost", "truncated")]
UNREADABLE += [{"kind": "html", "status": 200}, {"kind": "answer", "status": 204}]


@pytest.mark.parametrize("fault", UNREADABLE, ids=lambda fault: fault["kind"])
def test_after_an_unreadable_response_to_verify_the_error_report_is_signed_and_the_key_kept(
    fault: dict[str, Any], sdk: Sdk, standalone: SandboxDriver
) -> None:
    bind_with(sdk, standalone, ADA)
    key = sdk.device_id()
    standalone.order_fault(VERIFY, times=None, **fault)

    result = sdk.authenticate(token(standalone))

    assert (result.outcome, result.finished) == ("resolved", False)
    assert calls(standalone)[-2:] == [CHALLENGE, ERROR]
    assert standalone.ledger(ERROR)[-1]["outcome"] == "ok"  # the sandbox refuses a wrong signature
    standalone.control("POST", "control/faults/clear", {})
    assert sdk.authenticate(token(standalone)).finished
    assert sdk.device_id() == key


RESPONSES_TO_VERIFY = [
    (FaultCase("307", "answer", "resolved", finished=True, options=redirect(307)), True),
    (FaultCase("302", "answer", "rejected", options=redirect(302)), True),
    (FaultCase("an error", "answer", "rejected", options=body(next="", error={"code": 10002, "message": "no"})), True),
    (FaultCase("10006 as a string", "answer", "rejected",
               options=body(next="", error={**NO_DEVICE, "code": "10006"})), True),
    (FaultCase("10006", "answer", "rejected", options=body(next="", error=NO_DEVICE)), False),
    (FaultCase("10006, and done", "answer", "resolved", finished=True,
               options=body(next="done", error=NO_DEVICE)), False),
]  # fmt: skip


@pytest.mark.parametrize(("case", "kept"), RESPONSES_TO_VERIFY, ids=str)
def test_a_faulty_response_to_verify_keeps_or_deletes_the_key(
    case: FaultCase, kept: bool, sdk: Sdk, standalone: SandboxDriver
) -> None:
    bind_with(sdk, standalone, ADA)
    standalone.order_fault(VERIFY, case.kind, times=1, **case.options)

    result = sdk.authenticate(token(standalone))

    assert (result.outcome, result.finished, sdk.device_id() is not None) == (case.outcome, case.finished, kept), result
    assert sdk.authenticate(token(standalone)).finished
    assert calls(standalone)[-1] == (VERIFY if kept else REGISTER)


# The SDK reports an empty response to register. These are the responses to its report.
RESPONSES_TO_ERROR = [
    FaultCase("stop", "answer", "resolved", options=body(next="")),
    FaultCase("done", "answer", "resolved", finished=True, options=body(next="done")),
    FaultCase("no next", "answer", "rejected", message="Unknown authentication step", options=body()),
    FaultCase("an error", "answer", "resolved", options=body(next="", error={"code": 10002, "message": "no"})),
    FaultCase("10006", "answer", "resolved", options=body(next="", error=NO_DEVICE)),
    FaultCase("500", "status", "rejected", message="500"),
    FaultCase("empty", "empty", "rejected", message="Empty response"),
    FaultCase("refused", "refuse", "rejected", message="Failed to fetch", times=None),
    FaultCase("hang", "hang", "pending"),
]


@pytest.mark.parametrize("case", RESPONSES_TO_ERROR, ids=str)
def test_a_faulty_response_to_an_error_report(case: FaultCase, sdk: Sdk, standalone: SandboxDriver) -> None:
    standalone.order_fault(REGISTER, "empty", times=1)
    standalone.order_fault(ERROR, case.kind, times=case.times, **case.options)

    result = sdk.authenticate(token(standalone), timeout_ms=2500)

    assert (result.outcome, result.finished) == (case.outcome, case.finished), result
    assert case.message in result.message
    assert calls_of(standalone, case) == [REGISTER, ERROR]


def test_error_reports_answered_with_silent_repeat_until_a_good_response(sdk: Sdk, standalone: SandboxDriver) -> None:
    standalone.order_fault(REGISTER, "empty")
    standalone.order_fault(ERROR, "answer", body={"next": SILENT})
    result = sdk.authenticate(token(standalone), timeout_ms=2000)
    assert len(calls(standalone)) > 10, result

    standalone.control("POST", "control/faults/clear", {})

    assert sdk.authenticate(token(standalone)).finished
    count = len(calls(standalone))
    time.sleep(0.5)
    assert len(calls(standalone)) == count


# The SDK reports an empty response to verify and signs the report, for which it requests a challenge.
RESPONSES_TO_CHALLENGE = [
    FaultCase("an error", "answer", "rejected", options=body(error={"code": 10002, "message": "no"})),
    FaultCase("10006", "answer", "rejected", options=body(error=NO_DEVICE)),
    FaultCase("no challenge", "answer", "resolved", options=body()),
    FaultCase("500", "status", "rejected"),
    FaultCase("empty", "empty", "rejected"),
    FaultCase("hang", "hang", "pending"),
]


@pytest.mark.parametrize("case", RESPONSES_TO_CHALLENGE, ids=str)
def test_a_faulty_response_to_challenge(case: FaultCase, sdk: Sdk, standalone: SandboxDriver) -> None:
    bind_with(sdk, standalone, ADA)
    standalone.order_fault(VERIFY, "empty", times=1)
    standalone.order_fault(CHALLENGE, case.kind, times=1, **case.options)

    result = sdk.authenticate(token(standalone), timeout_ms=2500)

    assert (result.outcome, result.finished) == (case.outcome, False), result
    assert calls(standalone)[:3] == [REGISTER, VERIFY, CHALLENGE]
    assert (sdk.device_id() is None) == (case.name == "10006")


def test_an_error_report_answered_with_silent_registers_again(sdk: Sdk, standalone: SandboxDriver) -> None:
    standalone.order_fault(ERROR, "answer", times=1, body={"next": SILENT})
    standalone.order_fault(REGISTER, "empty", times=1)

    assert sdk.authenticate(token(standalone)).finished

    assert calls(standalone) == [REGISTER, ERROR, REGISTER]
