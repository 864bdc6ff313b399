"""Fault injection: the adapter and a socket raise the same exceptions, and the ledger shows what took effect."""

import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.test import Client
from urllib3.exceptions import NewConnectionError

from sandbox.wire.faults import KINDS
from tests.sandbox.driver import SandboxDriver

ADA = "+12025550101"
UNIFY = "prove.unify"
FAULTS = "/sandbox/control/faults"
UNIFY_BODY = {"possessionType": "none", "clientRequestId": "1", "phoneNumber": ADA}
LINE_TYPE = f"/v2/PhoneNumbers/{ADA}?Fields=line_type_intelligence"


def reason(error: requests.RequestException) -> object:
    return getattr(error.args[0], "reason", None)


def outcome_and_effect(sandbox: SandboxDriver) -> tuple[str, bool]:
    """Of the only call to unify."""
    [line] = sandbox.ledger(UNIFY)
    return line["outcome"], line["effect"]


@pytest.mark.parametrize(("kind", "effect"), [("reset", False), ("lost", True)])
def test_a_broken_connection_raises_connection_error(kind: str, effect: bool, sandbox: SandboxDriver) -> None:
    sandbox.order_fault(UNIFY, kind, times=1)

    with pytest.raises(requests.ConnectionError) as raised:
        sandbox.unify(ADA)

    assert not isinstance(reason(raised.value), NewConnectionError)
    assert outcome_and_effect(sandbox) == (kind, effect)


def test_a_refused_connection_raises_new_connection_error(embedded: SandboxDriver) -> None:
    embedded.order_fault(UNIFY, "refuse", times=1)

    with pytest.raises(requests.ConnectionError) as raised:
        embedded.unify(ADA)

    assert isinstance(reason(raised.value), NewConnectionError)
    assert outcome_and_effect(embedded) == ("refuse", False)


def test_over_a_socket_refuse_closes_the_connection(standalone: SandboxDriver) -> None:
    standalone.order_fault(UNIFY, "refuse", times=1)

    with pytest.raises(requests.ConnectionError):
        standalone.unify(ADA)

    assert outcome_and_effect(standalone) == ("refuse", False)


@pytest.mark.parametrize("fault", [{"kind": "hang"}, {"kind": "latency", "seconds": 30}])
def test_a_call_without_a_response_ends_with_the_callers_timeout(fault: dict[str, Any], sandbox: SandboxDriver) -> None:
    sandbox.token()
    sandbox.order_fault("prove.token", times=1, **fault)
    began = time.monotonic()

    with pytest.raises(requests.ReadTimeout):
        sandbox.session.post(f"{sandbox.origin}/sandbox/prove/token", data={}, timeout=0.5)

    assert 0.4 < time.monotonic() - began < 10


def test_a_truncated_response_fails_while_it_is_read(sandbox: SandboxDriver) -> None:
    sandbox.order_fault(UNIFY, "truncated", times=1)

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        sandbox.unify(ADA)


def test_a_dripped_response_arrives_slowly_and_complete(sandbox: SandboxDriver) -> None:
    sandbox.order_fault("prove.token", "drip", times=1, seconds=0.002)
    began = time.monotonic()

    assert sandbox.token().json()["token_type"] == "Bearer"

    assert time.monotonic() - began > 0.2


def test_through_the_adapter_a_drip_ends_with_the_read_timeout(embedded: SandboxDriver) -> None:
    embedded.order_fault("prove.token", "drip", times=1, seconds=0.1)
    began = time.monotonic()

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        embedded.session.post("sandbox://embedded/sandbox/prove/token", data={}, timeout=0.5)

    assert time.monotonic() - began < 8  # the whole drip takes longer


@pytest.mark.parametrize(
    ("kind", "options", "status", "text"),
    [
        ("html", {}, 502, "<h1>"),
        ("html", {"status": 200}, 200, "<h1>"),
        ("empty", {}, 200, ""),
        ("status", {}, 500, '"code": 1000'),
        ("status", {"status": 502}, 502, '"code": 1000'),
        ("status", {"status": 401}, 401, '{"code": 8002, "message": "not authorized"}'),
        ("answer", {"body": {"success": "perhaps"}}, 200, '{"success": "perhaps"}'),
        ("answer", {"body": None}, 200, "null"),
        ("answer", {"status": 202}, 202, "{}"),
        ("answer", {"status": 204}, 204, ""),
        ("types", {}, 200, '"success": ["pending"]'),
        ("unknown_value", {}, 200, '"success": "postponed"'),
        ("huge", {}, 200, "xxxxxxxx"),
    ],
)
def test_each_kind_that_changes_the_response(
    kind: str, options: dict[str, object], status: int, text: str, sandbox: SandboxDriver
) -> None:
    sandbox.order_fault(UNIFY, kind, times=1, **options)

    response = sandbox.prove("/v3/unify", possessionType="none", clientRequestId="r", phoneNumber=ADA)

    assert response.status_code == status
    assert text in response.text
    assert (len(response.content) > 5_000_000) == (kind == "huge")


@pytest.mark.parametrize("kind", ["hint", "forgotten"])
def test_each_kind_that_comes_around_the_answer_leaves_it_as_it_is(kind: str, embedded: SandboxDriver) -> None:
    embedded.order_fault(UNIFY, kind, times=1)

    assert "correlationId" in embedded.unify(ADA)


def test_a_hint_comes_before_the_answer(standalone: SandboxDriver) -> None:
    standalone.token()
    standalone.order_fault("prove.token", "hint", times=1)
    form = b"grant_type=client_credentials&client_id=sandbox&client_secret=sandbox"
    head = (
        b"POST /sandbox/prove/token HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: %d\r\n"
        % len(form)
    )
    url = urlsplit(standalone.origin)

    with socket.create_connection((str(url.hostname), int(url.port or 0)), timeout=5) as connection:
        connection.sendall(head + b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" + form)
        answer = connection.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 103 Early Hints\r\n")
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 1


def test_a_connection_that_is_drained_answers_503_until_it_is_closed(standalone: SandboxDriver) -> None:
    standalone.token()
    standalone.order_fault("prove.token", "draining", times=1)

    assert [standalone.token().status_code for _ in range(3)] == [503, 503, 503]

    standalone.session.close()
    assert standalone.token().status_code == 200


def test_a_forgotten_connection_is_reset_at_the_next_call(standalone: SandboxDriver) -> None:
    standalone.order_fault("prove.token", "forgotten", times=1)

    assert standalone.token().status_code == 200
    with pytest.raises(requests.ConnectionError):
        standalone.token()
    assert standalone.token().status_code == 200


def test_nulls_stand_for_what_is_left_out(sandbox: SandboxDriver) -> None:
    correlation_id = sandbox.checked_flow(ADA)
    sandbox.order_fault("prove.unify_status", "nulls", times=1)

    answer = sandbox.status(correlation_id).json()

    assert (answer["success"], answer["clientHumanId"]) == ("possession_required", None)
    assert "clientHumanId" not in sandbox.status(correlation_id).json()


@pytest.mark.parametrize("status", [429, 503])
def test_429_and_503_have_the_ordered_retry_after(status: int, sandbox: SandboxDriver) -> None:
    sandbox.order_fault("twilio.verification", "status", times=1, status=status, retry_after=7)

    assert sandbox.start_verification(ADA).headers["Retry-After"] == "7"


def test_an_ordered_answer_has_the_ordered_headers(sandbox: SandboxDriver) -> None:
    sandbox.order_fault(UNIFY, "answer", times=1, headers={"Content-Type": "text/plain", "X-Request-Id": "r"})

    answer = sandbox.prove("/v3/unify").headers

    assert (answer["Content-Type"], answer["X-Request-Id"], answer["Content-Length"]) == ("text/plain", "r", "2")


def test_a_redirect_can_be_ordered(standalone: SandboxDriver) -> None:
    standalone.order_fault("prove.token", "answer", times=1, status=307, headers={"Location": "/sandbox/prove/token"})

    assert standalone.token().json()["token_type"] == "Bearer"
    assert [line["status"] for line in standalone.ledger("prove.token")] == [307, 200]


def test_a_204_has_no_body_that_would_break_the_next_call(standalone: SandboxDriver) -> None:
    standalone.order_fault("prove.token", "answer", times=1, status=204, body={"left": "over"})

    assert [standalone.token().status_code for _ in range(2)] == [204, 200]


def test_an_ordered_error_of_twilio_has_the_classic_form(sandbox: SandboxDriver) -> None:
    sandbox.order_fault("twilio.verification", "status", times=1, status=503)

    assert sandbox.start_verification(ADA).json() == {
        "code": 20503,
        "message": "Service Unavailable",
        "more_info": "https://www.twilio.com/docs/errors/20503",
        "status": 503,
    }


def test_an_ordered_error_of_twilio_follows_the_switch_twilio_errors(sandbox: SandboxDriver) -> None:
    sandbox.set_switches(twilio_errors="rfc9457")
    sandbox.order_fault("twilio.verification", "status", times=1, status=429, retry_after=7)

    answer = sandbox.start_verification(ADA)

    assert (answer.headers["Content-Type"], answer.headers["Retry-After"]) == ("application/problem+json", "7")
    assert answer.json() == {
        "type": "https://www.twilio.com/docs/errors/20429",
        "title": "Too Many Requests",
        "status": 429,
        "code": 20429,
        "detail": "Too Many Requests",
    }


def test_a_fault_affects_the_ordered_number_of_calls(sandbox: SandboxDriver) -> None:
    sandbox.order_fault(UNIFY, "status", times=2)

    assert [sandbox.prove("/v3/unify", possessionType="none").status_code for _ in range(3)] == [500, 500, 400]


def test_a_fault_for_one_number_does_not_affect_others(sandbox: SandboxDriver) -> None:
    sandbox.order_fault(UNIFY, "status", times=None, number=ADA)

    assert "correlationId" not in sandbox.unify(ADA)
    assert "correlationId" in sandbox.unify("+12025550102")


def test_deleted_faults_have_no_effect(sandbox: SandboxDriver) -> None:
    sandbox.order_fault(UNIFY, "status", times=None)

    sandbox.control("DELETE", "control/faults", {})

    assert "correlationId" in sandbox.unify(ADA)


def test_a_bind_whose_response_is_lost_takes_effect(sandbox: SandboxDriver) -> None:
    correlation_id = sandbox.checked_flow(ADA)
    sandbox.status(correlation_id)
    sandbox.order_fault("prove.unify_bind", "lost", times=1)

    with pytest.raises(requests.ConnectionError):
        sandbox.bind(correlation_id, ADA)

    assert sandbox.status(correlation_id).json()["success"] == "true"
    [line] = sandbox.ledger("prove.unify_bind")
    assert (line["effect"], line["bound"], line["correlationId"], line["number"]) == (True, True, correlation_id, ADA)


def test_a_bind_that_is_reset_takes_no_effect(sandbox: SandboxDriver) -> None:
    correlation_id = sandbox.checked_flow(ADA)
    sandbox.status(correlation_id)
    sandbox.order_fault("prove.unify_bind", "reset", times=1)

    with pytest.raises(requests.ConnectionError):
        sandbox.bind(correlation_id, ADA)

    assert "bound" not in sandbox.ledger("prove.unify_bind")[0]
    assert sandbox.bind(correlation_id, ADA).json()["success"] == "true"


def test_an_order_can_set_whether_the_call_takes_effect(sandbox: SandboxDriver) -> None:
    correlation_id = sandbox.checked_flow(ADA)
    sandbox.status(correlation_id)
    sandbox.order_fault("prove.unify_bind", "html", times=1, effect=True)

    assert sandbox.bind(correlation_id, ADA).status_code == 502

    assert sandbox.status(correlation_id).json()["success"] == "true"


def test_a_check_whose_response_is_lost_uses_up_the_code(sandbox: SandboxDriver) -> None:
    sid = sandbox.send_code(ADA)
    sandbox.order_fault("twilio.verification_check", "lost", times=1)

    with pytest.raises(requests.ConnectionError):
        sandbox.check_code(sid, sandbox.code(ADA))

    assert sandbox.check_code(sid, sandbox.code(ADA)).status_code == 404
    assert sandbox.ledger("twilio.verification_check")[0]["approved"] is True


def test_which_kinds_take_effect() -> None:
    assert {name for name, kind in KINDS.items() if kind.effect} == {
        "lost", "truncated", "drip", "latency", "huge", "types", "unknown_value", "amend",
        "nulls", "hint", "forgotten",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("route", "send", "value"),
    [
        ("prove.token", SandboxDriver.token, "Runner"),
        ("prove.unify", lambda sandbox: sandbox.prove("/v3/unify", **UNIFY_BODY), "postponed"),
        ("twilio.lookup", lambda sandbox: sandbox.twilio(LINE_TYPE, method="GET"), "hotline"),
        ("twilio.verification", lambda sandbox: sandbox.start_verification(ADA), "postponed"),
    ],
)
def test_unknown_value_replaces_values_from_closed_sets(
    route: str, send: Callable[[SandboxDriver], requests.Response], value: str, sandbox: SandboxDriver
) -> None:
    sandbox.order_fault(route, "unknown_value", times=1)

    assert f'"{value}"' in send(sandbox).text


def test_unknown_value_keeps_the_status_of_an_error(sandbox: SandboxDriver) -> None:
    sandbox.order_fault("twilio.verification", "unknown_value", times=1)

    assert sandbox.start_verification("hello").json()["status"] == 400


@pytest.mark.parametrize("route", ["prove.device_revoke", "prove.device_challenge"])
def test_unknown_value_is_refused_for_routes_without_a_closed_set(route: str, client: Client) -> None:
    order = {"route": route, "kind": "unknown_value"}

    assert client.post(FAULTS, order, content_type="application/json").status_code == 400


@pytest.mark.parametrize(
    ("status", "twilio_code", "prove_code"),
    [(400, 20001, 1001), (403, 20403, 8003), (404, 20404, 8011), (405, 20004, 1000), (500, 20500, 1000)],
)
def test_an_ordered_status_has_a_matching_error_code(
    status: int, twilio_code: int, prove_code: int, sandbox: SandboxDriver
) -> None:
    sandbox.order_fault("twilio.verification", "status", status=status, times=1)
    sandbox.order_fault(UNIFY, "status", status=status, times=1)

    answers = sandbox.start_verification(ADA), sandbox.prove("/v3/unify")

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (status, twilio_code),
        (status, prove_code),
    ]
