"""Retries: where nothing can happen twice, a little later, and never many."""

from datetime import timedelta

import pytest
import responses
from django.conf import LazySettings

from onboarding.domain.errors import Busy, Uncertain, Unreachable
from onboarding.upstream.http import Upstream
from onboarding.upstream.retries import RetryBudget, backoff

BASE = "https://platform.example"
DEADLINES = {"status": timedelta(seconds=5), "bind": timedelta(seconds=5)}


@pytest.fixture
def upstream() -> Upstream:
    return Upstream("prove", BASE, DEADLINES, repeatable=frozenset({"status"}))


def breaks(vendor: responses.RequestsMock, operation: str, times: int) -> None:
    """Fails so often, then answers."""
    for _ in range(times):
        vendor.post(f"{BASE}/{operation}", status=503)
    vendor.post(f"{BASE}/{operation}", json={})


def test_two_failures_are_made_good(upstream: Upstream, vendor: responses.RequestsMock) -> None:
    breaks(vendor, "status", times=2)
    assert upstream.post("/status", json={}) == {}
    assert len(vendor.calls) == 3


def test_a_third_failure_is_told(upstream: Upstream, vendor: responses.RequestsMock) -> None:
    vendor.post(f"{BASE}/status", status=503)
    with pytest.raises(Uncertain):
        upstream.post("/status", json={})
    assert len(vendor.calls) == 3


def test_what_may_happen_twice_is_tried_once(upstream: Upstream, vendor: responses.RequestsMock) -> None:
    vendor.post(f"{BASE}/bind", status=503)
    with pytest.raises(Uncertain):
        upstream.post("/bind", json={})
    assert len(vendor.calls) == 1


def test_no_retry_outlasts_the_call(vendor: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onboarding.upstream.http.backoff", lambda _: 6.0)
    vendor.post(f"{BASE}/status", status=503)
    with pytest.raises(Uncertain):
        Upstream("prove", BASE, DEADLINES, frozenset({"status"})).post("/status", json={})
    assert len(vendor.calls) == 1


def test_when_all_calls_fail_a_tenth_more_is_sent_and_three(
    vendor: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onboarding.upstream.http.backoff", lambda _: 0.0)
    monkeypatch.setattr("onboarding.upstream.breaker.FAILURES_IN_A_ROW", 1000)
    monkeypatch.setattr("onboarding.upstream.breaker.WINDOW_CALLS", 1000)
    upstream = Upstream("prove", BASE, DEADLINES, frozenset({"status"}))
    vendor.post(f"{BASE}/status", status=503)
    for _ in range(100):
        with pytest.raises(Uncertain):
            upstream.post("/status", json={})
    assert 100 < len(vendor.calls) <= 100 + 10 + 3


def test_pauses_grow_from_a_fifth_of_a_second_to_two_and_are_never_the_same() -> None:
    for attempt, most in enumerate([0.2, 0.4, 0.8, 1.6, 2.0, 2.0]):
        drawn = [backoff(attempt) for _ in range(200)]
        assert 0 <= min(drawn) < most / 4 and most * 3 / 4 < max(drawn) <= most
        assert len(set(drawn)) == 200


def test_quiet_times_save_up_three_retries_and_no_more() -> None:
    budget = RetryBudget()
    for _ in range(1000):
        budget.earn()
    assert [budget.spend() for _ in range(5)] == [True, True, True, False, False]


def test_beyond_half_of_the_threads_a_call_is_turned_away_at_once(settings: LazySettings) -> None:
    settings.UPSTREAM_CALLS_AT_ONCE = 2
    upstream = Upstream("prove", BASE, DEADLINES)
    with upstream.call("bind"), upstream.call("bind"), pytest.raises(Unreachable), upstream.call("bind"):
        pytest.fail("a third was let in")
    with upstream.call("bind"):
        pass


def asks_for_peace(vendor: responses.RequestsMock, seconds: int, code: int = 20429) -> None:
    """https://www.twilio.com/docs/api/errors/20429"""
    vendor.post(f"{BASE}/bind", status=429, json={"code": code}, headers={"Retry-After": str(seconds)})


def test_a_vendor_that_asks_for_a_minute_has_it_whatever_it_is_wanted_for(
    upstream: Upstream, vendor: responses.RequestsMock
) -> None:
    asks_for_peace(vendor, 60)
    for operation in ("bind", "status", "bind"):
        with pytest.raises(Busy) as raised:
            upstream.post(f"/{operation}", json={})
        assert timedelta(seconds=55) < raised.value.retry_after <= timedelta(seconds=60)
    assert len(vendor.calls) == 1


def test_a_second_is_waited_out(
    upstream: Upstream, vendor: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("onboarding.upstream.http.time.sleep", slept.append)
    asks_for_peace(vendor, 1)
    vendor.post(f"{BASE}/status", json={})
    with pytest.raises(Busy):
        upstream.post("/bind", json={})
    assert upstream.post("/status", json={}) == {}
    assert len(slept) == 1 and 0.9 < slept[0] <= 1.2


def test_a_limit_of_one_number_holds_nobody_else(vendor: responses.RequestsMock) -> None:
    upstream = Upstream("twilio", BASE, DEADLINES, per_number_codes=frozenset({60203}))
    asks_for_peace(vendor, 600, code=60203)
    vendor.post(f"{BASE}/bind", json={})
    with pytest.raises(Busy):
        upstream.post("/bind", json={})
    assert upstream.post("/bind", json={}) == {}
