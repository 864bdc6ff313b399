"""Orders of faults: which are valid, and what an invalid one is told."""

from collections.abc import Mapping

import pytest
from django.test import Client

from sandbox.state.people import PEOPLE, NumberFault
from sandbox.wire.call import ROUTES
from tests.sandbox.driver import SandboxDriver

UNIFY = "prove.unify"
FAULTS = "/sandbox/control/faults"


def test_every_route_can_have_a_fault(embedded: SandboxDriver) -> None:
    embedded.order_fault(UNIFY, "refuse", times=1)
    for route in ROUTES:
        embedded.order_fault(route, "refuse", times=1)

    ordered = [fault["route"] for fault in embedded.control("GET", "control/faults", {})]

    assert ordered == [UNIFY, *ROUTES]
    assert {"prove.token", "prove.unify_bind", "prove.device_register", "twilio.verification_check"} <= set(ordered)


LOST, LATE, ANSWER = ({"route": UNIFY, "kind": kind} for kind in ("lost", "latency", "answer"))
INVALID_OPTIONS: list[tuple[str, Mapping[str, str], list[object], str]] = [
    ("times", LOST, [0, -1, 1.5, 10**30, "1e3", "", True], "a whole number from 1 to 10000"),
    ("number", LOST, ["hello", ""], "not a phone number"),
    ("number", LOST, [12025550101], "a string"),
    ("effect", LOST, ["no", 1, None], "true or false"),
    ("status", ANSWER, [9999, 100, -1, [], "ok"], "a whole number from 200 to 599"),
    ("seconds", LATE, [-1, "soon", "nan", 1e300, 10**400, {}, None], "a number of seconds from 0 to 120"),
    (
        "headers",
        ANSWER,
        ["X: y", {"X": 1}, {"X": "a\r\nY: b"}, {"X\n": "a"}, {"": "a"}, {"X": "\u20ac"}],
        "an object of",
    ),
    ("headers", ANSWER, [{"Content-Length": "1"}, {"connection": "close"}, {"Transfer-Encoding": ""}], "an object of"),
]


@pytest.mark.parametrize(
    ("order", "error"),
    [
        ({}, "route and kind must be given"),
        ({"route": UNIFY}, "kind must be given"),
        ({"route": "prove.nonsense", "kind": "lost"}, "route is one of prove."),
        ({"route": [UNIFY], "kind": "lost"}, "route is one of prove."),
        ({"route": UNIFY, "kind": "nonsense"}, "kind is one of amend"),
        ({**LOST, "secnds": 3}, "no such argument: secnds"),
        ({**LOST, "seconds": 3}, "lost takes effect, not seconds"),
        ({"route": UNIFY, "kind": "nulls"}, "prove.unify leaves out nothing"),
        ({**ANSWER, "seconds": 3}, "answer takes status, body, headers, effect, not seconds"),
        *(
            ({**order, name: value}, f"{name} is {error}")
            for name, order, values, error in INVALID_OPTIONS
            for value in values
        ),
    ],
)
def test_an_invalid_order_is_refused(order: dict[str, object], error: str, client: Client) -> None:
    answer = client.post(FAULTS, order, content_type="application/json")

    assert (answer.status_code, answer.json()["error"][: len(error)]) == (400, error)
    assert client.get(FAULTS).json() == []


@pytest.mark.parametrize("fault", [fault for person in PEOPLE.values() for fault in person.faults], ids=str)
def test_faults_of_numbers_are_valid_orders(fault: NumberFault, client: Client) -> None:
    order = {"route": fault.route, "kind": fault.kind, "times": fault.times, **fault.options}

    assert client.post(FAULTS, order, content_type="application/json").status_code == 200
