"""Prove's access token: fetched once, renewed early, dropped when refused."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import count, islice
from typing import Any

import pytest
import requests
import responses
from django.conf import LazySettings

from onboarding.domain.errors import Refused, Unreachable
from onboarding.upstream.prove import Prove
from tests.upstream.documented import prove as documented
from tests.upstream.documented.response import DocumentedResponse

BASE = "https://platform.uat.proveapis.com"
THREADS = 50
TRIES = 3  # to fetch a token
NUMBERS = count()  # each of another person


def token_response(name: str, seconds: int = 3600) -> DocumentedResponse:
    return DocumentedResponse(
        documented.TOKEN_PAGE, {"access_token": name, "expires_in": seconds, "token_type": "bearer"}
    )


@pytest.fixture
def prove(vendor: responses.RequestsMock, settings: LazySettings) -> Prove:
    settings.UPSTREAM_CALLS_AT_ONCE = THREADS
    return Prove(BASE, "the-client", "the-secret")


def sent_tokens(vendor: responses.RequestsMock) -> list[str]:
    """Return the token of each call, and "token" for each fetch of one."""
    return [recorded.request.headers.get("Authorization", "token").split()[-1] for recorded in vendor.calls]


def status(prove: Prove) -> None:
    prove.unify_status(documented.CORRELATION_ID, f"+1201555{next(NUMBERS):04}", documented.REQUEST_ID)


def responds_after(event: threading.Event, response: DocumentedResponse, vendor: responses.RequestsMock) -> None:
    def answer(_: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        event.wait(10)
        return 200, {}, json.dumps(response.body)

    vendor.add_callback("POST", f"{BASE}/token", answer, content_type="application/json")


def advance_clock(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Advance the clock of the token by `seconds`."""
    now = time.monotonic
    monkeypatch.setattr("onboarding.upstream.access_token.time.monotonic", lambda: now() + seconds)


def test_fifty_threads_fetch_one_token(prove: Prove, vendor: responses.RequestsMock) -> None:
    all_wait = threading.Event()
    responds_after(all_wait, token_response("first"), vendor)
    documented.PENDING.register(vendor, f"{BASE}/v3/unify-status")
    with ThreadPoolExecutor(THREADS) as pool:
        calls = [pool.submit(status, prove) for _ in range(THREADS)]
        all_wait.set()
        for call in calls:
            call.result()
    assert sent_tokens(vendor) == ["token"] + ["first"] * THREADS


def test_one_thread_renews_the_token_a_minute_early_while_the_others_use_the_old_one(
    prove: Prove, vendor: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    documented.PENDING.register(vendor, f"{BASE}/v3/unify-status")
    token_response("old").register(vendor, f"{BASE}/token")
    status(prove)
    vendor.remove("POST", f"{BASE}/token")
    others_done = threading.Event()
    responds_after(others_done, token_response("new"), vendor)
    advance_clock(monkeypatch, 3541)
    with ThreadPoolExecutor(THREADS) as pool:
        calls = [pool.submit(status, prove) for _ in range(THREADS)]
        for call in islice(as_completed(calls, timeout=8), THREADS - 1):
            call.result()
        others_done.set()
    status(prove)
    assert sent_tokens(vendor) == ["token", *["old"] * THREADS, "token", "new", "new"]


def test_a_token_is_not_renewed_earlier(
    prove: Prove, vendor: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    documented.PENDING.register(vendor, f"{BASE}/v3/unify-status")
    token_response("first").register(vendor, f"{BASE}/token")
    status(prove)
    advance_clock(monkeypatch, 3530)
    status(prove)
    assert sent_tokens(vendor) == ["token", "first", "first"]


def test_if_the_renewal_fails_the_old_token_is_used_and_the_next_try_waits(
    prove: Prove, vendor: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    documented.PENDING.register(vendor, f"{BASE}/v3/unify-status")
    token_response("old").register(vendor, f"{BASE}/token")
    status(prove)
    vendor.remove("POST", f"{BASE}/token")
    documented.BROKEN.register(vendor, f"{BASE}/token")
    advance_clock(monkeypatch, 3545)
    status(prove)
    status(prove)
    assert sent_tokens(vendor) == ["token", "old", *["token"] * TRIES, "old", "old"]


def test_an_expired_token_is_not_used(
    prove: Prove, vendor: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    documented.PENDING.register(vendor, f"{BASE}/v3/unify-status")
    token_response("old").register(vendor, f"{BASE}/token")
    status(prove)
    vendor.remove("POST", f"{BASE}/token")
    documented.BROKEN.register(vendor, f"{BASE}/token")
    advance_clock(monkeypatch, 3601)
    with pytest.raises(Unreachable):
        status(prove)
    assert sent_tokens(vendor) == ["token", "old", *["token"] * TRIES]


@pytest.mark.parametrize("path", ["unify-status", "unify-bind"])
def test_a_refused_token_is_dropped_and_the_call_is_repeated_once(
    prove: Prove, vendor: responses.RequestsMock, path: str
) -> None:
    token_response("stale").register(vendor, f"{BASE}/token")
    token_response("fresh").register(vendor, f"{BASE}/token")
    documented.UNAUTHORIZED.register(vendor, f"{BASE}/v3/{path}")
    documented.BOUND.register(vendor, f"{BASE}/v3/{path}")
    if path == "unify-bind":
        prove.unify_bind(documented.CORRELATION_ID, documented.NUMBER, documented.REQUEST_ID)
    else:
        status(prove)
    assert sent_tokens(vendor) == ["token", "stale", "token", "fresh"]


def test_a_fresh_token_that_is_refused_too_ends_the_call(prove: Prove, vendor: responses.RequestsMock) -> None:
    token_response("first").register(vendor, f"{BASE}/token")
    token_response("second").register(vendor, f"{BASE}/token")
    documented.UNAUTHORIZED.register(vendor, f"{BASE}/v3/unify-status")
    with pytest.raises(Refused) as caught:
        status(prove)
    assert (caught.value.operation, caught.value.status, caught.value.code) == ("unify-status", 401, 8002)
    assert sent_tokens(vendor) == ["token", "first", "token", "second"]


def test_fifty_threads_with_a_refused_token_fetch_one_new_token(prove: Prove, vendor: responses.RequestsMock) -> None:
    token_response("stale").register(vendor, f"{BASE}/token")
    status_url = f"{BASE}/v3/unify-status"
    together = threading.Barrier(THREADS)

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        response = documented.PENDING
        if request.headers["Authorization"] == "Bearer stale":
            together.wait(10)
            response = documented.UNAUTHORIZED
        return response.status, {}, json.dumps(response.body)

    vendor.add_callback("POST", status_url, answer, content_type="application/json")
    token_response("fresh").register(vendor, f"{BASE}/token")
    with ThreadPoolExecutor(THREADS) as pool:
        for call in [pool.submit(status, prove) for _ in range(THREADS)]:
            call.result()
    assert sorted(sent_tokens(vendor)) == ["fresh"] * THREADS + ["stale"] * THREADS + ["token"] * 2


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
def test_a_malformed_token_is_refused(prove: Prove, vendor: responses.RequestsMock, body: dict[str, Any]) -> None:
    DocumentedResponse(documented.TOKEN_PAGE, body).register(vendor, f"{BASE}/token")
    with pytest.raises(Unreachable):
        status(prove)
    assert sent_tokens(vendor) == ["token"]
