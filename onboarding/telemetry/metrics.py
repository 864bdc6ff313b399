"""The metrics of a process, in prometheus-client's registry. docs/operating.md lists them.

Labels have values of closed sets only: no number, address, name or id.
"""

from collections.abc import Iterable, Mapping
from itertools import product

from prometheus_client import Counter, Gauge, Histogram

from onboarding.domain.budgets import BROKEN, BUDGETS
from onboarding.domain.states import Channel, State

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 20)  # the last is the limit of a request

VERBS = Counter("proveflow_verbs", "Steps of journeys, by verb and outcome.", ["verb", "outcome"])
VERB_SECONDS = Histogram("proveflow_verb_seconds", "How long a verb took.", ["verb"], buckets=SECONDS)
RESPONSES = Counter("proveflow_responses", "Responses, by class of status: 2xx to 5xx.", ["status"])
RESPONSE_SECONDS = Histogram("proveflow_response_seconds", "How long a response took.", buckets=SECONDS)
REFUSALS = Counter("proveflow_refusals", "What limits refused, by budget.", ["budget"])
REQUESTS_REFUSED = Counter("proveflow_requests_refused", "Requests that no page sends, by reason.", ["reason"])

CALLS = Counter("proveflow_upstream_calls", "Calls to vendors, by outcome.", ["service", "operation", "outcome"])
CALL_SECONDS = Histogram(
    "proveflow_upstream_seconds", "How long a call took, waits included.", ["service", "operation"], buckets=SECONDS
)
CIRCUITS_OPEN = Gauge(
    "proveflow_circuits_open", "Processes whose circuit is open.", ["service"], multiprocess_mode="livesum"
)
CALLS_RUNNING = Gauge(
    "proveflow_upstream_running", "Calls that have a place now.", ["service"], multiprocess_mode="livesum"
)
CALLS_WAITING = Gauge(
    "proveflow_upstream_waiting", "Calls that wait for a place now.", ["service"], multiprocess_mode="livesum"
)
POOL = Gauge(
    "proveflow_database_pool",
    "Database connections: open, idle, and requests that wait for one.",
    ["state"],
    multiprocess_mode="livesum",
)

CODES = Counter("proveflow_codes", "Codes sent, approved and wrong.", ["country", "channel", "outcome"])
SPENT = Counter("proveflow_spent_cents", "The price of what was asked of vendors.", ["what"])

STATUSES = ("2xx", "3xx", "4xx", "5xx")
POOL_STATES = {"open": "pool_size", "idle": "pool_available", "waiting": "requests_waiting"}
CALL_OUTCOMES = (
    *("ok", "unreachable", "uncertain", "refused", "busy", "garbled"),
    *("not_asked", "circuit_open", "error"),
)
CODE_OUTCOMES = ("sent", "approved", "wrong")


def begin_at_zero(operations: Mapping[str, Iterable[str]], countries: Iterable[str]) -> None:
    """Let the series that alerts read exist from the start: Prometheus sees no increase of one that begins with 1.

    `operations` are those of each service.
    """
    VERBS.labels("bind", State.BIND_UNKNOWN)
    for status in STATUSES:
        RESPONSES.labels(status)
    for budget in (*BUDGETS, BROKEN):
        REFUSALS.labels(budget)
    for state in POOL_STATES:
        POOL.labels(state)
    for service, names in operations.items():
        for gauge in (CIRCUITS_OPEN, CALLS_RUNNING, CALLS_WAITING):
            gauge.labels(service)
        for operation, outcome in product(names, CALL_OUTCOMES):
            CALLS.labels(service, operation, outcome)
    for country, channel, outcome in product(countries, Channel, CODE_OUTCOMES):
        CODES.labels(country, channel, outcome)
