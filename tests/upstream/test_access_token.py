"""Prove's access token: fetched once, renewed early, dropped when refused."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from typing import Any

import pytest
import requests
import responses
from django.conf import LazySettings

from onboarding.domain.errors import Refused, Unreachable
from onboarding.upstream.prove import Prove
from tests.upstream.wire import prove as wire
from tests.upstream.wire.answers import Reply

BASE = "https://platform.uat.proveapis.com"
THREADS = 50
TRIES = 3  # of a token that does not come


def token(name: str, seconds: int = 3600) -> Reply:
    return Reply(wire.TOKEN_PAGE, {"access_token": name, "expires_in": seconds, "token_type": "bearer"})


@pytest.fixture
def prove(vendor: responses.RequestsMock, settings: LazySettings) -> Prove:
    settings.UPSTREAM_CALLS_AT_ONCE = THREADS
    return Prove(BASE, "the-client", "the-secret")


def shown(vendor: responses.RequestsMock) -> list[str]:
    """The tokens that calls came with, and "token" for each fetch."""
    return [recorded.request.headers.get("Authorization", "token").split()[-1] for recorded in vendor.calls]


def status(prove: Prove) -> None:
    prove.unify_status(wire.CORRELATION_ID, wire.REQUEST_ID)


def answers_when(told: threading.Event, reply: Reply, vendor: responses.RequestsMock) -> None:
    def answer(_: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        told.wait(10)
        return 200, {}, json.dumps(reply.body)

    vendor.add_callback("POST", f"{BASE}/token", answer, content_type="application/json")


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """The clock of the token goes on by `seconds`."""
    now = time.monotonic
    monkeypatch.setattr("onboarding.upstream.access_token.time.monotonic", lambda: now() + seconds)


def test_fifty_threads_fetch_one(prove: Prove, vendor: responses.RequestsMock) -> None:
    all_wait = threading.Event()
    answers_when(all_wait, token("first"), vendor)
    wire.PENDING.answers(vendor, f"{BASE}/v3/unify-status")
    with ThreadPoolExecutor(THREADS) as pool:
        calls = [pool.submit(status, prove) for _ in range(THREADS)]
        all_wait.set()
        for call in calls:
            call.result()
    assert shown(vendor) == ["token"] + ["first"] * THREADS


def test_one_thread_renews_it_a_minute_early_while_the_others_go_on_with_the_old_one(
    prove: Prove, vendor: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.PENDING.answers(vendor, f"{BASE}/v3/unify-status")
    token("old").answers(vendor, f"{BASE}/token")
    status(prove)
    vendor.remove("POST", f"{BASE}/token")
    others_done = threading.Event()
    answers_when(others_done, token("new"), vendor)
    later(monkeypatch, 3541)
    with ThreadPoolExecutor(THREADS) as pool:
        calls = [pool.submit(status, prove) for _ in range(THREADS)]
        for call in islice(as_completed(calls, timeout=8), THREADS - 1):
            call.result()
        others_done.set()
    status(prove)
    assert shown(vendor) == ["token", *["old"] * THREADS, "token", "new", "new"]


def test_a_token_in_its_prime_is_not_renewed(
    prove: Prove, vendor: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.PENDING.answers(vendor, f"{BASE}/v3/unify-status")
    token("first").answers(vendor, f"{BASE}/token")
    status(prove)
    later(monkeypatch, 3530)
    status(prove)
    assert shown(vendor) == ["token", "first", "first"]


def test_if_the_renewal_fails_the_old_token_serves_and_the_next_try_waits(
    prove: Prove, vendor: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.PENDING.answers(vendor, f"{BASE}/v3/unify-status")
    token("old").answers(vendor, f"{BASE}/token")
    status(prove)
    vendor.remove("POST", f"{BASE}/token")
    wire.BROKEN.answers(vendor, f"{BASE}/token")
    later(monkeypatch, 3545)
    status(prove)
    status(prove)
    assert shown(vendor) == ["token", "old", *["token"] * TRIES, "old", "old"]


def test_an_expired_token_is_not_shown(
    prove: Prove, vendor: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.PENDING.answers(vendor, f"{BASE}/v3/unify-status")
    token("old").answers(vendor, f"{BASE}/token")
    status(prove)
    vendor.remove("POST", f"{BASE}/token")
    wire.BROKEN.answers(vendor, f"{BASE}/token")
    later(monkeypatch, 3601)
    with pytest.raises(Unreachable):
        status(prove)
    assert shown(vendor) == ["token", "old", *["token"] * TRIES]


@pytest.mark.parametrize("path", ["unify-status", "unify-bind"])
def test_a_refused_token_is_dropped_and_the_call_made_once_more(
    prove: Prove, vendor: responses.RequestsMock, path: str
) -> None:
    token("stale").answers(vendor, f"{BASE}/token")
    token("fresh").answers(vendor, f"{BASE}/token")
    wire.UNAUTHORIZED.answers(vendor, f"{BASE}/v3/{path}")
    wire.BOUND.answers(vendor, f"{BASE}/v3/{path}")
    if path == "unify-bind":
        prove.unify_bind(wire.CORRELATION_ID, wire.NUMBER, wire.REQUEST_ID)
    else:
        status(prove)
    assert shown(vendor) == ["token", "stale", "token", "fresh"]


def test_a_fresh_token_that_is_refused_too_ends_the_call(prove: Prove, vendor: responses.RequestsMock) -> None:
    token("first").answers(vendor, f"{BASE}/token")
    token("second").answers(vendor, f"{BASE}/token")
    wire.UNAUTHORIZED.answers(vendor, f"{BASE}/v3/unify-status")
    with pytest.raises(Refused) as caught:
        status(prove)
    assert (caught.value.operation, caught.value.status, caught.value.code) == ("unify-status", 401, 8002)
    assert shown(vendor) == ["token", "first", "token", "second"]


def test_fifty_threads_refused_at_once_fetch_one_more(prove: Prove, vendor: responses.RequestsMock) -> None:
    token("stale").answers(vendor, f"{BASE}/token")
    status_url = f"{BASE}/v3/unify-status"
    together = threading.Barrier(THREADS)

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        reply = wire.PENDING
        if request.headers["Authorization"] == "Bearer stale":
            together.wait(10)
            reply = wire.UNAUTHORIZED
        return reply.status, {}, json.dumps(reply.body)

    vendor.add_callback("POST", status_url, answer, content_type="application/json")
    token("fresh").answers(vendor, f"{BASE}/token")
    with ThreadPoolExecutor(THREADS) as pool:
        for call in [pool.submit(status, prove) for _ in range(THREADS)]:
            call.result()
    assert sorted(shown(vendor)) == ["fresh"] * THREADS + ["stale"] * THREADS + ["token"] * 2


@pytest.mark.parametrize(
    "body",
    [
        {"access_token": "t", "expires_in": 3600},
        {"access_token": "t", "expires_in": 3600, "token_type": "mac"},
        {"access_token": "t", "expires_in": 0, "token_type": "Bearer"},
        {"access_token": "t", "expires_in": "soon", "token_type": "Bearer"},
        {"access_token": 7, "expires_in": 3600, "token_type": "Bearer"},
        {"access_token": "t\r\nX-Injected: 1", "expires_in": 3600, "token_type": "Bearer"},
        {"access_token": "", "expires_in": 3600, "token_type": "Bearer"},
        {"expires_in": 3600, "token_type": "Bearer"},
    ],
)
def test_a_token_that_cannot_be_used_is_none(
    prove: Prove, vendor: responses.RequestsMock, body: dict[str, Any]
) -> None:
    Reply(wire.TOKEN_PAGE, body).answers(vendor, f"{BASE}/token")
    with pytest.raises(Unreachable):
        status(prove)
    assert shown(vendor) == ["token"]
