"""Retries: only of calls without effects, after growing pauses, and few in total."""

from datetime import timedelta

import pytest
import responses

from onboarding.domain.errors import Busy, Uncertain
from onboarding.upstream.http import Upstream
from onboarding.upstream.retries import RetryBudget, backoff

BASE = "https://platform.example"
DEADLINES = {"status": timedelta(seconds=5), "bind": timedelta(seconds=5)}


@pytest.fixture
def upstream(vendor: responses.RequestsMock) -> Upstream:
    return Upstream("prove", BASE, DEADLINES, repeatable=frozenset({"status"}))


def fails_then_answers(vendor: responses.RequestsMock, operation: str, times: int) -> None:
    """Let the operation fail so often, then succeed."""
    for _ in range(times):
        vendor.post(f"{BASE}/{operation}", status=503)
    vendor.post(f"{BASE}/{operation}", json={})


def test_two_failures_are_retried(upstream: Upstream, vendor: responses.RequestsMock) -> None:
    fails_then_answers(vendor, "status", times=2)
    assert upstream.post("/status", json={}) == {}
    assert len(vendor.calls) == 3


def test_a_third_failure_is_raised(upstream: Upstream, vendor: responses.RequestsMock) -> None:
    vendor.post(f"{BASE}/status", status=503)
    with pytest.raises(Uncertain):
        upstream.post("/status", json={})
    assert len(vendor.calls) == 3


def test_a_call_with_effects_is_tried_once(upstream: Upstream, vendor: responses.RequestsMock) -> None:
    vendor.post(f"{BASE}/bind", status=503)
    with pytest.raises(Uncertain):
        upstream.post("/bind", json={})
    assert len(vendor.calls) == 1


def test_there_is_no_retry_beyond_the_deadline(vendor: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onboarding.upstream.http.backoff", lambda _: 6.0)
    vendor.post(f"{BASE}/status", status=503)
    with pytest.raises(Uncertain):
        Upstream("prove", BASE, DEADLINES, frozenset({"status"})).post("/status", json={})
    assert len(vendor.calls) == 1


def test_when_all_calls_fail_at_most_a_tenth_and_three_more_are_sent(
    vendor: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onboarding.upstream.http.backoff", lambda _: 0.0)
    upstream = Upstream("prove", BASE, DEADLINES, frozenset({"status"}))
    vendor.post(f"{BASE}/status", status=503)
    for _ in range(100):
        with pytest.raises(Uncertain):
            upstream.post("/status", json={})
    assert 100 < len(vendor.calls) <= 100 + 10 + 3


def test_pauses_grow_from_a_fifth_of_a_second_to_two_seconds_and_are_random() -> None:
    for attempt, most in enumerate([0.2, 0.4, 0.8, 1.6, 2.0, 2.0]):
        drawn = [backoff(attempt) for _ in range(200)]
        assert 0 <= min(drawn) < most / 4 and most * 3 / 4 < max(drawn) <= most
        assert len(set(drawn)) == 200


def test_successful_calls_earn_at_most_three_retries() -> None:
    budget = RetryBudget()
    for _ in range(1000):
        budget.earn()
    assert [budget.spend() for _ in range(5)] == [True, True, True, False, False]


def is_rate_limited(vendor: responses.RequestsMock, seconds: int, code: int = 20429) -> None:
    """Let the vendor answer 429: https://www.twilio.com/docs/api/errors/20429"""
    vendor.post(f"{BASE}/bind", status=429, json={"code": code}, headers={"Retry-After": str(seconds)})


def test_before_the_retry_after_of_a_429_no_operation_is_called(
    upstream: Upstream, vendor: responses.RequestsMock
) -> None:
    is_rate_limited(vendor, 60)
    for operation in ("bind", "status", "bind"):
        with pytest.raises(Busy) as raised:
            upstream.post(f"/{operation}", json={})
        assert timedelta(seconds=55) < raised.value.retry_after <= timedelta(seconds=60)
    assert len(vendor.calls) == 1


def test_a_retry_after_of_one_second_is_waited_for(
    upstream: Upstream, vendor: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("onboarding.upstream.http.time.sleep", slept.append)
    is_rate_limited(vendor, 1)
    vendor.post(f"{BASE}/status", json={})
    with pytest.raises(Busy):
        upstream.post("/bind", json={})
    assert upstream.post("/status", json={}) == {}
    assert len(slept) == 1 and 0.9 < slept[0] <= 1.2


def test_a_rate_limit_of_one_number_does_not_stop_others(vendor: responses.RequestsMock) -> None:
    upstream = Upstream("twilio", BASE, DEADLINES, per_number_codes=frozenset({60203}))
    is_rate_limited(vendor, 600, code=60203)
    vendor.post(f"{BASE}/bind", json={})
    with pytest.raises(Busy):
        upstream.post("/bind", json={})
    assert upstream.post("/bind", json={}) == {}
