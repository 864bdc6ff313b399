"""The metrics of journeys, calls and refusals, and what is exported."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.db.models.functions import Now
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from onboarding.domain.budgets import BUDGETS
from onboarding.domain.errors import UpstreamError
from onboarding.domain.states import Stage, State
from onboarding.models import OnboardingSession, ProveKey
from onboarding.operations.evidence.checkpoints import seal
from onboarding.operations.exporter import Queues
from onboarding.telemetry import metrics
from onboarding.telemetry.observation import OUTCOMES, VERBS
from onboarding.upstream import examination, lookup, messaging, prove, twilio
from tests.journey.conftest import Sandbox, next_probe
from tests.journey.visitor import Visitor, wrong

NUMBER, E164 = "(201) 555-0123", "+12015550123"
Counted = Callable[..., float]


@pytest.fixture
def counted() -> Counted:
    """Return a function that returns by how much a counter has grown since the test began."""
    before = samples()
    return lambda name, **labels: samples().get(key(name, labels), 0) - before.get(key(name, labels), 0)


def samples() -> dict[Any, float]:
    found = (sample for metric in REGISTRY.collect() for sample in metric.samples)
    return {key(sample.name, sample.labels): sample.value for sample in found}


def key(name: str, labels: dict[str, str]) -> Any:
    return name, tuple(sorted(labels.items()))


def exported() -> dict[Any, float]:
    return {key(sample.name, sample.labels): sample.value for each in Queues().collect() for sample in each.samples}


def test_the_funnel_is_counted_by_verb_and_outcome(visitor: Visitor, counted: Counted) -> None:
    visitor.starts(NUMBER)
    visitor.types_code(wrong(visitor.code(E164)))
    visitor.types_code(visitor.code(E164))
    assert counted("proveflow_verbs_total", verb="start", outcome="started") == 1
    assert counted("proveflow_verbs_total", verb="check_code", outcome="code_sent") == 1
    assert counted("proveflow_verbs_total", verb="check_code", outcome="bound") == 1
    codes = [
        counted("proveflow_codes_total", country="US", channel="sms", outcome=o) for o in ("sent", "wrong", "approved")
    ]
    assert codes == [1, 1, 1]
    assert counted("proveflow_spent_cents_total", what="Verifications") == 5
    assert counted("proveflow_verb_seconds_count", verb="bind") == 1


def test_a_call_is_counted_by_its_outcome(visitor: Visitor, sandbox: Sandbox, counted: Counted) -> None:
    sandbox.inject_fault("prove.unify", "refuse", times=1)
    visitor.opens()
    visitor.fetches("/start/", phone=NUMBER)
    call = {"service": "prove", "operation": "unify"}
    assert counted("proveflow_upstream_calls_total", **call, outcome="unreachable") == 1
    assert counted("proveflow_upstream_seconds_count", **call) == 1
    assert counted("proveflow_spent_cents_total", what="unify") == 0
    assert counted("proveflow_responses_total", status="5xx") == 1


def test_an_open_circuit_is_shown_until_it_closes(
    visitor: Visitor, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.inject_fault("prove.unify", "refuse")
    for last in range(6):
        other = Visitor()
        other.opens()
        other.fetches("/start/", phone=f"(201) 555-014{last}")
    assert REGISTRY.get_sample_value("proveflow_circuits_open", {"service": "prove"}) == 1
    sandbox.clear_faults()
    next_probe(monkeypatch)
    visitor.starts(NUMBER)
    assert REGISTRY.get_sample_value("proveflow_circuits_open", {"service": "prove"}) == 0


def test_a_refusal_is_counted_by_its_budget(visitor: Visitor, settings: Any, counted: Counted) -> None:
    settings.LIMITS = {"sends_address": {"burst": 0}}
    visitor.starts_and_is_limited(NUMBER)
    assert counted("proveflow_refusals_total", budget="sends_address") == 1


def test_what_waits_is_exported_with_its_age(visitor: Visitor, later: Callable[[int], None]) -> None:
    visitor.starts(NUMBER)
    OnboardingSession.objects.update(state=State.IN_REVIEW)
    ProveKey.objects.create(device_id="lost", revoked_at=Now() - timedelta(hours=1), tell_prove_at=Now())
    later(7200)
    found = exported()
    assert found[key("proveflow_queue", {"queue": "reviews"})] == 1
    assert 7200 <= found[key("proveflow_queue_oldest_seconds", {"queue": "reviews"})] < 7300
    assert found[key("proveflow_queue", {"queue": "debts"})] == 1
    assert found[key("proveflow_queue_oldest_seconds", {"queue": "debts"})] >= 10_800
    assert found[key("proveflow_database_up", {})] == 1


@pytest.mark.parametrize("is_sealed", [False, True])
def test_events_that_recover_has_not_sealed_are_exported_with_their_age(
    visitor: Visitor, later: Callable[[int], None], is_sealed: bool
) -> None:
    visitor.starts(NUMBER)
    later(1800)
    if is_sealed:
        seal()
    found = exported()
    age, count = (found[key(f"proveflow_queue{end}", {"queue": "unsealed"})] for end in ("_oldest_seconds", ""))
    assert (age, count) == (0, 0) if is_sealed else 1800 <= age < 1900 and count > 1


def test_the_money_in_use_is_exported_as_a_share_of_its_budget(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    assert exported()[key("proveflow_budget_used_ratio", {"budget": "money"})] == pytest.approx(10 / 30_000, rel=0.05)


def test_a_budget_without_a_burst_is_exported_as_used_up(db: None, settings: Any) -> None:
    settings.LIMITS = {"money": {"burst": 0}}
    assert exported()[key("proveflow_budget_used_ratio", {"budget": "money"})] == 1


def test_without_a_database_the_exporter_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_queues: Queues) -> Any:
        raise DatabaseError

    monkeypatch.setattr(Queues, "_queues", fails)
    assert exported()[key("proveflow_database_up", {})] == 0


def subclasses(base: type[UpstreamError]) -> set[type[UpstreamError]]:
    return {base}.union(*(subclasses(each) for each in base.__subclasses__()))


def test_the_outcomes_of_calls_are_those_of_the_errors() -> None:
    assert {*metrics.CALL_OUTCOMES} == OUTCOMES_OF_CALLS


def test_a_country_whose_first_code_is_sent_has_series_of_all_outcomes(visitor: Visitor, settings: Any) -> None:
    settings.ALLOWED_COUNTRIES = []
    visitor.starts("+442079460123")
    visitor.fetches("/code/send/", channel="call")
    found = {dict(labels)["outcome"] for (name, labels) in samples() if ("country", "GB") in labels and "total" in name}
    assert found == {"sent", "approved", "wrong"}


OUTCOMES_OF_CALLS = {each.outcome for each in subclasses(UpstreamError)} | {"ok", "error"}
OPERATIONS = {*prove.DEADLINES, *twilio.DEADLINES, *lookup.DEADLINES, *messaging.DEADLINES, examination.SERVICES}
ALLOWED: dict[str, set[str]] = {
    "verb": VERBS,
    "outcome": {*OUTCOMES_OF_CALLS, "done", *OUTCOMES.values(), *State, *Stage, "sent", "approved", "wrong"},
    "status": {"2xx", "3xx", "4xx", "5xx"},
    "budget": {*BUDGETS, "broken"},
    "reason": {"charset", "malformed", "too_large", "other_site"},
    "operation": OPERATIONS,
    "what": OPERATIONS,
    "state": {"open", "idle", "waiting"},
    "channel": {"sms", "call"},
    "queue": {"reviews", "debts", "claims", "open", "unsealed"},
}


def test_labels_have_values_of_closed_sets_only(
    visitor: Visitor, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)  # where it is set, labels cannot be removed
    budgets = {sample.labels["budget"] for each in metrics.REFUSALS.collect() for sample in each.samples}
    for budget in budgets - ALLOWED["budget"]:  # of tests that ran in this process before
        metrics.REFUSALS.remove(budget)
    visitor.links(NUMBER, E164)
    ours = [each for each in REGISTRY.collect() if each.name.startswith("proveflow_")]
    assert len(ours) == len([each for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)])
    for sample in (sample for each in ours for sample in each.samples):
        assert {label for label, value in sample.labels.items() if value not in ALLOWED.get(label, {value})} == set()
        assert len(sample.labels.get("country", "")) in (0, 2, 4) and "555" not in str(sample.labels.values())
