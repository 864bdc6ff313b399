"""Observes verbs, calls to vendors, refusals and responses: a log line, metrics and a span for each."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import wraps
from math import ceil
from typing import Any, ParamSpec, TypeVar

from django.db import connection

from onboarding.conf import conf
from onboarding.domain.errors import Limited, NotServed, StaleState, UpstreamError
from onboarding.hashes import keyed_hash
from onboarding.telemetry import metrics, request_ids
from onboarding.telemetry.tracing import span

log = logging.getLogger("onboarding.verbs")
SUBJECT_DIGITS = 16
OUTCOMES = {StaleState: "stale", Limited: "limited", NotServed: "not_served"}
UNASKED = ("unreachable", "not_asked", "circuit_open", "busy")
# By operation: the setting with its price in cents.
PRICES = {
    "unify": "PROVE_PRICE_CENTS",
    "Verifications": "TEXT_PRICE_CENTS",
    "Messages.json": "TEXT_PRICE_CENTS",
    "PhoneNumbers": "LOOKUP_PRICE_CENTS",
}
VERBS: set[str] = set()

P = ParamSpec("P")
R = TypeVar("R")


def subject(number: str) -> str:
    """Return what stands for a number in log lines. The desk shows it, too."""
    return keyed_hash("onboarding.telemetry", number)[:SUBJECT_DIGITS]


def verb(function: Callable[P, R]) -> Callable[P, R]:
    """Write one log line for each call, count it by outcome, and measure it.

    The outcome is the state of the session that is returned or was passed, or the kind of the exception.
    """
    name = function.__name__
    VERBS.add(name)

    @wraps(function)
    def wrapper(*args: P.args, **arguments: P.kwargs) -> R:
        facts: dict[str, Any] = {"verb": name, "outcome": "error"}
        began = time.monotonic()
        about = arguments.get("session") or arguments.get("binding") or arguments.get("of") or arguments.get("number")
        with span(name, facts):
            try:
                result = function(*args, **arguments)
                about = getattr(result, "session", about)
                facts["outcome"] = _state(result) or _state(about) or "done"
                return result
            except Exception as error:
                facts |= _failure(error)
                raise
            finally:
                _tell(facts, about, time.monotonic() - began)

    return wrapper


def _state(result: object) -> str:
    """Return the state of a session, or of a result that has one; the stage of a handoff; or ""."""
    row = getattr(result, "session", result)
    return str(getattr(row, "state", "") or getattr(row, "stage", ""))


def _failure(error: Exception) -> dict[str, object]:
    facts: dict[str, object] = {"outcome": OUTCOMES.get(type(error), "error")}
    if isinstance(error, Limited):
        facts["budget"] = error.limit
    elif isinstance(error, UpstreamError):
        facts = {"outcome": error.outcome, "call": f"{error.service}.{error.operation}"}
        known = {"status": error.status, "code": error.code, "vendor_request_id": error.request_id}
        facts |= {name: value for name, value in known.items() if value is not None}
    return facts


def _tell(facts: dict[str, Any], about: object, seconds: float) -> None:
    """Write the line and the metrics. `about` is a session, a binding or a number, if the verb concerns one."""
    facts["ms"] = round(seconds * 1000)
    number = getattr(about, "number", None) or getattr(about, "e164", None)
    if number:
        facts["subject"] = subject(number)
    if flow := getattr(about, "client_request_id", None):
        facts["client_request_id"] = str(flow)
    metrics.VERBS.labels(facts["verb"], facts["outcome"]).inc()
    metrics.VERB_SECONDS.labels(facts["verb"]).observe(seconds)
    log.info("%s: %s, %d ms", facts["verb"], facts["outcome"], facts["ms"], extra={"facts": facts})


@contextmanager
def vendor_call(service: str, operation: str) -> Iterator[None]:
    """Count the call inside by outcome, and its price if the vendor was asked; measure it."""
    facts = {"outcome": "ok"}
    began = time.monotonic()
    with span(f"{service}.{operation}", facts):
        try:
            yield
        except UpstreamError as error:
            facts["outcome"] = error.outcome
            raise
        except BaseException:
            facts["outcome"] = "error"
            raise
        finally:
            metrics.CALLS.labels(service, operation, facts["outcome"]).inc()
            metrics.CALL_SECONDS.labels(service, operation).observe(time.monotonic() - began)
            if operation in PRICES and facts["outcome"] not in UNASKED:
                metrics.SPENT.labels(operation).inc(getattr(conf, PRICES[operation]))


def refused(budget: str, wait: timedelta) -> None:
    """Log and count what a budget refuses, or the lease of a number."""
    metrics.REFUSALS.labels(budget).inc()
    facts = {"budget": budget, "wait_s": ceil(wait.total_seconds())}
    log.warning("Refused by %s", budget, extra={"facts": facts})


def request_refused(reason: str) -> None:
    """Log and count a request that no page of ours sends."""
    metrics.REQUESTS_REFUSED.labels(reason).inc()
    log.warning("Request refused: %s", reason, extra={"facts": {"reason": reason}})


def code(session: Any, outcome: str) -> None:
    """Count a code of the session that was sent, approved or wrong. The country's other series begin at 0."""
    for each in metrics.CODE_OUTCOMES:
        metrics.CODES.labels(session.phone.region or "none", session.channel, each).inc(each == outcome)


@contextmanager
def request(method: str, proposed_id: str) -> Iterator[dict[str, str]]:
    """Give the request inside an id, count its response and measure it. Yield facts to fill: its status."""
    facts = {"status": "500"}
    began = time.monotonic()
    with request_ids.serving(proposed_id), span(method, facts):
        try:
            yield facts
        finally:
            metrics.RESPONSES.labels(f"{facts['status'][0]}xx").inc()
            metrics.RESPONSE_SECONDS.observe(time.monotonic() - began)
            _note_pool()


def _note_pool() -> None:
    """Note how many database connections this process has, if it has a pool."""
    pool = getattr(connection, "pool", None)
    if pool is not None:
        found = pool.get_stats()
        for state, name in metrics.POOL_STATES.items():
            metrics.POOL.labels(state).set(found.get(name, 0))
