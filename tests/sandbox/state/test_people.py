"""Every number of the table behaves as its scenario says."""

import re

import pytest
import requests

from sandbox.state.people import PEOPLE
from tests.device import DeviceFailed
from tests.sandbox.driver import Json, SandboxDriver

BOUND = "asked for possession, code sent, approved, bound true"

# The result of `journey` with each number, in a new browser.
EXPECTED = {
    "+12001004014": BOUND,
    "+12001004015": BOUND,
    "+2001004025": BOUND,
    "+2001004026": BOUND,
    "+12001004016": BOUND,
    "+12001004017": BOUND,
    "+12001004041": BOUND,
    "+2001004027": BOUND,
    "+2001004028": BOUND,
    "+2001004043": BOUND,
    "+12001004018": "passes at once",
    "+2001004029": "passes at once",
    "+12001004011": "unify 8009",
    "+12025550101": BOUND,
    "+12025550102": BOUND,
    "+12025550103": BOUND,
    "+12025550107": "unify 8007",
    "+12025550110": "unify ConnectionError",
    "+12025550111": "unify 1000",
    "+12025550112": "unify 1000",
    "+12025550113": "unify 1000",
    "+12025550114": "status JSONDecodeError",
    "+12025550115": "status ['possession_required']",
    "+12025550116": "status postponed",
    "+12025550117": "device DeviceFailed",
    "+12025550118": "device ReadTimeout",
    "+12025550119": BOUND,
    "+12025550120": "status pending",
    "+12025550121": "status pending",
    "+12025550122": "status true about another number",
    **{
        f"+1202555{code - 9000:04}": f"status false {code}"
        for code in (*range(9131, 9138), *range(9161, 9165), 9171, 9180)
    },
    "+12025550139": "status false 9134 9137",
    "+12025550160": "status false 9100",
    **{
        f"+1202555{181 + place:04}": f"status false {code}"
        for place, code in enumerate(
            (9001, 9003, 9004, 9005, 9011, 9012, 9013, 9014, 9015, 9081, 9082, 9083, 9165),
        )
    },
    "+12025550199": "status false 9999",
    "+12025550140": "asked for possession, code sent, approved, bound false 9100",
    "+12025550141": "asked for possession, code sent, approved, bind ConnectionError, yet bound",
    "+12025550142": "asked for possession, code sent, approved, bind ConnectionError, not bound",
    "+12025550143": "asked for possession, code sent, approved, bind ReadTimeout, not bound",
    "+12025550144": "asked for possession, start 20500",
    "+12025550145": "asked for possession, start ConnectionError, yet a code came",
    "+12025550146": "asked for possession, code sent, check ConnectionError",
    "+12025550147": "asked for possession, start 20429",
    "+12025550148": "asked for possession, code sent, approved, bind JSONDecodeError, yet bound",
    "+12025550149": "asked for possession, code sent, approved, bound pending",
    "+12025550150": "asked for possession, start 60410",
    "+12025550151": "asked for possession, start 60605",
    "+12025550152": "asked for possession, start 60205",
    "+12025550153": "asked for possession, no code came",
    "+12025550154": "asked for possession, no code came",
    "+12025550155": "asked for possession, start 60212",
    "+12025550156": "asked for possession, start 60200",
    "+12025550157": "asked for possession, start 21610",
    "+12025550166": "asked for possession, start 21612",
    # These differ only with Lookup or checkReputation, which `journey` does not use.
    **dict.fromkeys((f"+12025550{last}" for last in (138, 158, 159, 165, *range(167, 171), *range(172, 176))), BOUND),
}
ONCE = sorted(number for number, person in PEOPLE.items() if "once" in person.scenario)
CALLABLE = sorted(number for number, person in PEOPLE.items() if "a call arrives" in person.scenario)


def test_every_number_of_the_table_has_an_expected_result() -> None:
    assert EXPECTED.keys() == PEOPLE.keys()


@pytest.mark.parametrize("number", sorted(PEOPLE))
def test_each_number_behaves_as_its_scenario_says(number: str, embedded: SandboxDriver) -> None:
    embedded.timeout_s = 0.3

    assert journey(embedded, number) == EXPECTED[number], PEOPLE[number].scenario


def journey(sandbox: SandboxDriver, number: str) -> str:
    """Runs a whole flow as far as it goes: unify, device check, code and bind. Returns what happened, in words."""
    try:
        unified = sandbox.unify(number)
    except requests.RequestException as error:
        return f"unify {type(error).__name__}"
    if "code" in unified:
        return f"unify {unified['code']}"
    return device_check(sandbox, number, unified)


def device_check(sandbox: SandboxDriver, number: str, unified: dict[str, str]) -> str:
    if PEOPLE[number].short_term:
        assert sandbox.status(unified["correlationId"]).json()["success"] == "true"
        return "passes at once"
    try:
        sandbox.authenticate(unified["authToken"])
        if not sandbox.device.registrations:  # register without a deviceId: try again
            sandbox.authenticate(unified["authToken"])
        answer = sandbox.status(unified["correlationId"]).json()
    except (DeviceFailed, requests.ReadTimeout) as error:
        return f"device {type(error).__name__}"
    except requests.JSONDecodeError as error:
        return f"status {type(error).__name__}"
    if answer.get("success") != "possession_required":
        return f"status {verdict(answer)}" + ("" if is_about(answer, number) else " about another number")
    return "asked for possession, " + possession_check(sandbox, number, unified["correlationId"])


def verdict(answer: Json) -> str:
    """`success` and the failure reasons, or the error code."""
    return " ".join([str(answer.get("success", answer.get("code"))), *reasons(answer)])


def reasons(answer: Json) -> list[str]:
    found = (category.get("failureReasons", {}) for category in answer.get("evaluation", {}).values())
    return [code for failed in found for code in failed]


def is_about(answer: Json, number: str) -> bool:
    return number in str(answer.get("phoneNumber", number))


def possession_check(sandbox: SandboxDriver, number: str, correlation_id: str) -> str:
    try:
        started = sandbox.start_verification(number).json()
    except requests.ConnectionError as error:
        return f"start {type(error).__name__}, " + (
            "yet a code came" if sandbox.messages(number) else "and no code came"
        )
    if "code" in started:
        return f"start {started['code']}"
    if not sandbox.messages(number):
        return "no code came"
    try:
        assert sandbox.check_code(started["sid"], sandbox.code(number)).json()["status"] == "approved"
    except requests.ConnectionError as error:
        return f"code sent, check {type(error).__name__}"
    return "code sent, approved, " + bind(sandbox, number, correlation_id)


def bind(sandbox: SandboxDriver, number: str, correlation_id: str) -> str:
    try:
        answer = sandbox.bind(correlation_id, number).json()
    except requests.RequestException as error:
        bound = sandbox.status(correlation_id).json()["success"] == "true"
        return f"bind {type(error).__name__}, " + ("yet bound" if bound else "not bound")
    return f"bound {verdict(answer)}"


def test_scenarios_of_limited_faults_say_once() -> None:
    limited = (n for n, person in PEOPLE.items() if any(fault.times is not None for fault in person.faults))

    assert sorted(limited) == ONCE


@pytest.mark.parametrize("number", ONCE)
def test_a_number_whose_fault_occurs_once_works_afterwards(number: str, embedded: SandboxDriver) -> None:
    embedded.timeout_s = 0.3
    for _ in PEOPLE[number].faults:
        journey(embedded, number)
        embedded.device.forget()

    assert journey(embedded, number) == BOUND


def test_a_429_of_prove_has_retry_after_and_the_next_call_succeeds(embedded: SandboxDriver) -> None:
    number = "+12025550113"
    ask = {"possessionType": "none", "clientRequestId": "r", "phoneNumber": number}
    busy = embedded.prove("/v3/unify", **ask)
    assert (busy.status_code, busy.headers["Retry-After"]) == (429, "1")

    assert journey(embedded, number) == BOUND


@pytest.mark.parametrize("number", CALLABLE)
def test_numbers_that_take_no_texts_can_be_called(number: str, embedded: SandboxDriver) -> None:
    assert embedded.start_verification(number).status_code in (400, 403)
    assert embedded.messages(number) == []

    sid = embedded.send_code(number, "call")

    assert embedded.check_code(sid, embedded.code(number)).json()["status"] == "approved"


def test_lookup_can_fail(embedded: SandboxDriver) -> None:
    failed = embedded.twilio("/v2/PhoneNumbers/+12025550165?Fields=line_type_intelligence", method="GET")

    assert (failed.status_code, failed.json()["code"]) == (500, 20500)


@pytest.mark.parametrize("number", ["2001004014", "12001004014", "+12001004014"])
def test_a_north_american_number_is_the_same_with_and_without_plus_1(number: str, embedded: SandboxDriver) -> None:
    embedded.bound_flow("+12001004014")

    assert embedded.status(embedded.checked_flow(number)).json()["success"] == "true"


def test_the_same_digits_with_a_plus_are_another_number(embedded: SandboxDriver) -> None:
    embedded.bound_flow("2001004014")

    answer = embedded.status(embedded.checked_flow("+2001004014")).json()

    assert reasons(answer) == ["9101"]


def test_any_other_valid_number_can_be_bound(embedded: SandboxDriver) -> None:
    assert journey_of_anybody(embedded, "+447700900123") == BOUND


def journey_of_anybody(sandbox: SandboxDriver, number: str) -> str:
    correlation_id = sandbox.checked_flow(number)
    assert sandbox.status(correlation_id).json()["success"] == "possession_required"
    return "asked for possession, " + possession_check(sandbox, number, correlation_id)


@pytest.mark.parametrize("number", ["hello", "", "+", "12", "+0123456789", "200100401", "20010040141234567"])
def test_an_invalid_number_is_refused(number: str, embedded: SandboxDriver) -> None:
    answer = embedded.prove("/v3/unify", possessionType="none", clientRequestId="r", phoneNumber=number)

    assert (answer.status_code, answer.json()["code"]) == (400, 1001)


def test_an_ordered_fault_does_not_count_as_the_fault_of_the_number(embedded: SandboxDriver) -> None:
    number = "+12025550113"
    embedded.order_fault("prove.unify", "status", times=1, status=503)

    assert ["code" in embedded.unify(number) for _ in range(3)] == [True, True, False]


def test_the_ledger_has_milliseconds(embedded: SandboxDriver) -> None:
    embedded.unify("+12025550101")

    [line] = embedded.ledger("prove.unify")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["at"])
