"""Bad days on demand: the same exceptions through the adapter as over a socket, and a ledger that tells the truth."""

import time

import pytest
import requests
from django.test import Client
from urllib3.exceptions import NewConnectionError

from sandbox.call import ROUTES
from sandbox.faults import KINDS
from tests.sandbox.world import World

ADA = "+12025550101"
UNIFY = "prove.unify"


def reason(error: requests.RequestException) -> object:
    return getattr(error.args[0], "reason", None)


def asked(world: World) -> tuple[str, bool]:
    [line] = world.ledger(UNIFY)
    return line["outcome"], line["effect"]


@pytest.mark.parametrize(("kind", "effect"), [("reset", False), ("lost", True)])
def test_a_broken_connection_is_a_connection_error(kind: str, effect: bool, world: World) -> None:
    world.fault(UNIFY, kind, times=1)

    with pytest.raises(requests.ConnectionError) as raised:
        world.unify(ADA)

    assert not isinstance(reason(raised.value), NewConnectionError)
    assert asked(world) == (kind, effect)


def test_a_refused_connection_is_one_that_never_was(embedded: World) -> None:
    embedded.fault(UNIFY, "refuse", times=1)

    with pytest.raises(requests.ConnectionError) as raised:
        embedded.unify(ADA)

    assert isinstance(reason(raised.value), NewConnectionError)
    assert asked(embedded) == ("refuse", False)


def test_over_a_socket_a_refusal_is_as_near_as_a_listening_server_comes(alone: World) -> None:
    alone.fault(UNIFY, "refuse", times=1)

    with pytest.raises(requests.ConnectionError):
        alone.unify(ADA)

    assert asked(alone) == ("refuse", False)


@pytest.mark.parametrize("kind", ["hang", "latency"])
def test_silence_ends_with_the_callers_patience(kind: str, world: World) -> None:
    world.token()
    world.fault("prove.token", kind, times=1, seconds=30)
    began = time.monotonic()

    with pytest.raises(requests.ReadTimeout):
        world.session.post(f"{world.origin}/sandbox/prove/token", data={}, timeout=0.5)

    assert 0.4 < time.monotonic() - began < 2


def test_a_truncated_answer_breaks_while_it_is_read(world: World) -> None:
    world.fault(UNIFY, "truncated", times=1)

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        world.unify(ADA)


def test_a_dripped_answer_comes_byte_by_byte_and_whole(world: World) -> None:
    world.fault("prove.token", "drip", times=1, seconds=0.002)
    began = time.monotonic()

    assert world.token().json()["token_type"] == "Bearer"

    assert time.monotonic() - began > 0.2


def test_a_drip_through_the_adapter_outlasts_the_read_timeout_no_more_than_a_hang(embedded: World) -> None:
    embedded.fault("prove.token", "drip", times=1, seconds=0.1)
    began = time.monotonic()

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        embedded.session.post("sandbox://embedded/sandbox/prove/token", data={}, timeout=0.5)

    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    ("kind", "options", "status", "text"),
    [
        ("html", {}, 502, "<h1>"),
        ("html", {"status": 200}, 200, "<h1>"),
        ("empty", {}, 200, ""),
        ("status", {}, 500, '"code": 1000'),
        ("status", {"status": 502}, 502, '"code": 1000'),
        ("status", {"status": 401}, 401, '"code": 8002'),
        ("answer", {"body": {"success": "perhaps"}}, 200, '{"success": "perhaps"}'),
        ("types", {}, 200, '"success": ["pending"]'),
        ("unknown_value", {}, 200, '"success": "postponed"'),
        ("huge", {}, 200, "xxxxxxxx"),
    ],
)
def test_a_spoiled_answer(kind: str, options: dict[str, object], status: int, text: str, world: World) -> None:
    world.fault(UNIFY, kind, times=1, **options)

    response = world.prove("/v3/unify", possessionType="none", clientRequestId="r", phoneNumber=ADA)

    assert response.status_code == status
    assert text in response.text
    assert (len(response.content) > 5_000_000) == (kind == "huge")


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_vendor_says_when_to_come_back(status: int, world: World) -> None:
    world.fault("twilio.verification", "status", times=1, status=status, retry_after=7)

    assert world.start(ADA).headers["Retry-After"] == "7"


def test_a_fault_strikes_as_often_as_ordered_then_no_more(world: World) -> None:
    world.fault(UNIFY, "status", times=2)

    assert [world.prove("/v3/unify", possessionType="none").status_code for _ in range(3)] == [500, 500, 400]


def test_a_fault_for_one_number_leaves_the_others_alone(world: World) -> None:
    world.fault(UNIFY, "status", times=None, number=ADA)

    assert "correlationId" not in world.unify(ADA)
    assert "correlationId" in world.unify("+12025550102")


def test_cleared_faults_are_gone(world: World) -> None:
    world.fault(UNIFY, "status", times=None)

    world.control("DELETE", "control/faults", {})

    assert "correlationId" in world.unify(ADA)


def test_a_bind_whose_answer_is_lost_has_happened(world: World) -> None:
    correlation_id = world.checked(ADA)
    world.status(correlation_id)
    world.fault("prove.unify_bind", "lost", times=1)

    with pytest.raises(requests.ConnectionError):
        world.bind(correlation_id, ADA)

    assert world.status(correlation_id).json()["success"] == "true"
    [line] = world.ledger("prove.unify_bind")
    assert (line["effect"], line["bound"], line["correlationId"], line["number"]) == (True, True, correlation_id, ADA)


def test_a_bind_that_was_reset_has_not_happened(world: World) -> None:
    correlation_id = world.checked(ADA)
    world.status(correlation_id)
    world.fault("prove.unify_bind", "reset", times=1)

    with pytest.raises(requests.ConnectionError):
        world.bind(correlation_id, ADA)

    assert "bound" not in world.ledger("prove.unify_bind")[0]
    assert world.bind(correlation_id, ADA).json()["success"] == "true"


def test_an_effect_can_be_ordered_apart(world: World) -> None:
    correlation_id = world.checked(ADA)
    world.status(correlation_id)
    world.fault("prove.unify_bind", "html", times=1, effect=True)

    assert world.bind(correlation_id, ADA).status_code == 502

    assert world.status(correlation_id).json()["success"] == "true"


def test_a_check_whose_answer_is_lost_has_used_up_the_code(world: World) -> None:
    sid = world.started(ADA)
    world.fault("twilio.verification_check", "lost", times=1)

    with pytest.raises(requests.ConnectionError):
        world.check(sid, world.code(ADA))

    assert world.check(sid, world.code(ADA)).status_code == 404
    assert world.ledger("twilio.verification_check")[0]["approved"] is True


def test_every_call_can_have_a_bad_day(embedded: World) -> None:
    embedded.fault(UNIFY, "refuse", times=1)
    for route in ROUTES:
        embedded.fault(route, "refuse", times=1)

    ordered = [fault["route"] for fault in embedded.control("GET", "control/faults", {})]

    assert ordered == [UNIFY, *ROUTES]
    assert {"prove.token", "prove.unify_bind", "prove.device_register", "twilio.verification_check"} <= set(ordered)


@pytest.mark.parametrize(
    "order",
    [
        {"route": "prove.nonsense", "kind": "lost"},
        {"route": UNIFY, "kind": "nonsense"},
        {"route": UNIFY},
        {"route": UNIFY, "kind": "lost", "times": -1},
        {"route": UNIFY, "kind": "lost", "number": "hello"},
        {"route": UNIFY, "kind": "latency", "seconds": "soon"},
        {"route": UNIFY, "kind": "hang", "effect": "no"},
    ],
)
def test_an_order_that_makes_no_sense_is_refused(order: dict[str, object], client: Client) -> None:
    assert client.post("/sandbox/control/faults", order, content_type="application/json").status_code == 400
    assert client.get("/sandbox/control/faults").json() == []


def test_kinds_that_leave_no_trace_say_so() -> None:
    assert {name for name, kind in KINDS.items() if kind.effect} == {
        "lost", "truncated", "drip", "latency", "huge", "types", "unknown_value",
    }  # fmt: skip
