"""What `manage.py metrics` serves: the metrics of all processes of this node, and the queues in the database."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Count, F, Max, QuerySet
from django.db.models.functions import Now
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from onboarding import __version__, limits
from onboarding.conf import conf
from onboarding.domain import budgets
from onboarding.domain.budgets import Charge
from onboarding.domain.states import CLAIMS, OPEN, State
from onboarding.models import Event, OnboardingSession, ProveKey
from onboarding.operations.evidence.checkpoints import unsealed

# Budgets that all people share, and the subject of their one cell.
SHARED = (budgets.MONEY, budgets.GUESSES_ALL)
MOST_COUNTED = 10_000  # events that wait for a checkpoint
POOL_TIMEOUT_S = 3  # shorter than scrape_timeout in deploy/grafana/prometheus.yml, and than Prometheus' default of 10 s


class Queues(Collector):
    """Reads from the database, at each scrape, what waits for somebody. Without a database, it says only that."""

    def describe(self) -> Iterator[Metric]:
        """Return nothing, so that registering it asks no database."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        try:
            found = [*self._queues(), *self._budgets()]
        except DatabaseError:
            found = []
        finally:
            connection.close()
        yield GaugeMetricFamily("proveflow_database_up", "Whether the database answers.", value=bool(found))
        runs = {"version": __version__, "commit": conf.COMMIT}
        yield InfoMetricFamily("proveflow_build", "The version that runs.", runs)
        yield from found

    def _queues(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily("proveflow_queue", "What waits, by kind.", labels=["queue"])
        oldest = GaugeMetricFamily("proveflow_queue_oldest_seconds", "How long the oldest waits.", labels=["queue"])
        for name, (rows, since) in queues().items():
            found = rows.aggregate(depth=Count("pk"), age=Max(Now() - F(since)))
            waiting.add_metric([name], found["depth"])
            oldest.add_metric([name], (found["age"] or timedelta(0)).total_seconds())
        return iter((waiting, oldest))

    def _budgets(self) -> Iterator[Metric]:
        used = GaugeMetricFamily("proveflow_budget_used_ratio", "Share of a budget that is in use.", labels=["budget"])
        charges = [Charge(budget, "") for budget in SHARED]
        charges += [Charge(budgets.BRAKE_COUNTRY, country) for country in conf.ALLOWED_COUNTRIES]
        for charge, ratio in limits.used(charges):
            used.add_metric([" ".join(filter(None, (charge.budget.name, charge.subject)))], ratio)
        yield used


def queues() -> dict[str, tuple[QuerySet[OnboardingSession] | QuerySet[ProveKey] | QuerySet[Event], str]]:
    """Return the rows that wait, and the column with the time since when, by queue."""
    sessions = OnboardingSession.objects.order_by()
    return {
        "reviews": (sessions.filter(state=State.IN_REVIEW, review=""), "moved_at"),
        "debts": (ProveKey.objects.filter(tell_prove_at__isnull=False, revoked_at__isnull=False), "revoked_at"),
        "claims": (sessions.filter(state__in=CLAIMS), "moved_at"),
        "open": (sessions.filter(state__in=OPEN), "created_at"),
        "unsealed": (unsealed()[:MOST_COUNTED], "at"),
    }


def answer_in_time() -> None:
    """Let scrapes by this process wait for a database connection for POOL_TIMEOUT_S. Call it before the first one."""
    pool = connection.settings_dict["OPTIONS"].get("pool")
    if isinstance(pool, dict):
        pool["timeout"] = POOL_TIMEOUT_S


def registry() -> CollectorRegistry:
    """Return what is served: the sum of the processes, and the queues."""
    served = CollectorRegistry(auto_describe=False)
    MultiProcessCollector(served, path=conf.METRICS_DIR)  # type: ignore[no-untyped-call]
    served.register(Queues())
    return served
