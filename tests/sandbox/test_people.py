"""Every number of the table does what its story says."""

import pytest
import requests

from sandbox.people import PEOPLE
from tests.device import DeviceFailed
from tests.sandbox.world import World

BOUND = "asked for possession, code sent, approved, bound true"

# What a journey with each number comes to, on a fresh browser.
STORIES = {
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
    **{
        f"+1202555{code - 9000:04}": f"status false {code}"
        for code in (*range(9131, 9138), *range(9161, 9165), 9171, 9180)
    },
    "+12025550139": "status false 9134 9137",
    "+12025550160": "status false 9100",
    "+12025550199": "status false 9999",
    "+12025550140": "asked for possession, code sent, approved, bound false 9100",
    "+12025550141": "asked for possession, code sent, approved, bind ConnectionError, yet bound",
    "+12025550142": "asked for possession, code sent, approved, bind ConnectionError, not bound",
    "+12025550143": "asked for possession, code sent, approved, bind ReadTimeout, not bound",
    "+12025550144": "asked for possession, start 20500",
    "+12025550145": "asked for possession, start ConnectionError, yet a code came",
    "+12025550146": "asked for possession, code sent, check ConnectionError",
    "+12025550150": "asked for possession, start 60410",
    "+12025550151": "asked for possession, start 60605",
    "+12025550152": "asked for possession, start 60205",
    "+12025550153": "asked for possession, no code came",
    "+12025550154": "asked for possession, no code came",
    "+12025550155": "asked for possession, start 60212",
    "+12025550156": "asked for possession, start 60200",
    "+12025550157": "asked for possession, start 21610",
    **dict.fromkeys(("+12025550138", "+12025550158", "+12025550159"), BOUND),  # to Verify and without checkReputation
}


def test_every_number_of_the_table_is_told_of() -> None:
    assert STORIES.keys() == PEOPLE.keys()


@pytest.mark.parametrize("number", sorted(PEOPLE))
def test_the_story_comes_true(number: str, embedded: World) -> None:
    embedded.patience_s = 0.3

    assert journey(embedded, number) == STORIES[number], PEOPLE[number].story


def journey(world: World, number: str) -> str:
    try:
        unified = world.unify(number)
    except requests.RequestException as error:
        return f"unify {type(error).__name__}"
    if "code" in unified:
        return f"unify {unified['code']}"
    return device_check(world, number, unified)


def device_check(world: World, number: str, unified: dict[str, str]) -> str:
    if PEOPLE[number].short_term:
        assert world.status(unified["correlationId"]).json()["success"] == "true"
        return "passes at once"
    try:
        world.authenticate(unified["authToken"])
        if not world.device.registrations:  # half done: once more
            world.authenticate(unified["authToken"])
        answer = world.status(unified["correlationId"]).json()
    except (DeviceFailed, requests.ReadTimeout) as error:
        return f"device {type(error).__name__}"
    except requests.JSONDecodeError as error:
        return f"status {type(error).__name__}"
    if answer["success"] != "possession_required":
        return " ".join([f"status {answer['success']}", *reasons(answer)])
    return "asked for possession, " + possession_check(world, number, unified["correlationId"])


def reasons(answer: dict[str, dict[str, dict[str, dict[str, str]]]]) -> list[str]:
    return list(answer.get("evaluation", {}).get("authentication", {}).get("failureReasons", {}))


def possession_check(world: World, number: str, correlation_id: str) -> str:
    try:
        started = world.start(number).json()
    except requests.ConnectionError as error:
        return f"start {type(error).__name__}, " + ("yet a code came" if world.messages(number) else "and no code came")
    if "code" in started:
        return f"start {started['code']}"
    if not world.messages(number):
        return "no code came"
    try:
        assert world.check(started["sid"], world.code(number)).json()["status"] == "approved"
    except requests.ConnectionError as error:
        return f"code sent, check {type(error).__name__}"
    return "code sent, approved, " + bind(world, number, correlation_id)


def bind(world: World, number: str, correlation_id: str) -> str:
    try:
        answer = world.bind(correlation_id, number).json()
    except requests.RequestException as error:
        bound = world.status(correlation_id).json()["success"] == "true"
        return f"bind {type(error).__name__}, " + ("yet bound" if bound else "not bound")
    return " ".join([f"bound {answer['success']}", *reasons(answer)])


def test_a_trouble_that_strikes_once_is_over_then(embedded: World) -> None:
    number = "+12025550112"
    assert "1000" in str(embedded.unify(number))
    correlation_id = embedded.checked(number)
    assert embedded.status(correlation_id).status_code == 500
    assert embedded.status(correlation_id).json()["success"] == "possession_required"
    assert embedded.bind(correlation_id, number).status_code == 500
    assert embedded.bind(correlation_id, number).json()["success"] == "true"


@pytest.mark.parametrize("number", ["2001004014", "12001004014", "+12001004014"])
def test_a_north_american_number_is_the_same_with_and_without_its_prefix(number: str, embedded: World) -> None:
    embedded.bound("+12001004014")

    assert embedded.status(embedded.checked(number)).json()["success"] == "true"


def test_the_plus_makes_another_number_of_the_same_digits(embedded: World) -> None:
    embedded.bound("2001004014")

    answer = embedded.status(embedded.checked("+2001004014")).json()

    assert reasons(answer) == ["9101"]


def test_any_other_plausible_number_has_a_good_day(embedded: World) -> None:
    assert journey_of_anybody(embedded, "+447700900123") == BOUND


def journey_of_anybody(world: World, number: str) -> str:
    correlation_id = world.checked(number)
    assert world.status(correlation_id).json()["success"] == "possession_required"
    return "asked for possession, " + possession_check(world, number, correlation_id)


@pytest.mark.parametrize("number", ["hello", "", "+", "12", "+0123456789", "200100401", "20010040141234567"])
def test_what_is_no_number_is_refused(number: str, embedded: World) -> None:
    answer = embedded.prove("/v3/unify", possessionType="none", clientRequestId="r", phoneNumber=number)

    assert (answer.status_code, answer.json()["code"]) == (400, 1001)
