"""Simulated crashes at named points, without code in the product.

A crash is a BaseException, which the product catches as little as SIGKILL. What was committed stays, the rest is lost.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from requests import PreparedRequest, Response

from onboarding import events
from onboarding.models import Event
from sandbox.adapter import SandboxAdapter

CALLS = ("token", "unify", "unify-status", "Verifications", "VerificationCheck", "unify-bind")
RECORDS = (
    events.Name.FLOW_ASKED,
    events.Name.FLOW_ANSWERED,
    events.Name.DEVICE_ASKED,
    events.Name.DEVICE_ANSWERED,
    events.Name.CODE_ASKED,
    events.Name.CODE_SENT,
    events.Name.GUESS_ASKED,
    events.Name.GUESS_ANSWERED,
    events.Name.BIND_ASKED,
    events.Name.BINDING_MADE,
    events.Name.BIND_ANSWERED,
)
POINTS = [f"{when} {call}" for call in CALLS for when in ("before", "after")] + [f"record {name}" for name in RECORDS]


class Crash(BaseException):
    """The process dies here: nothing that comes after happens."""


@contextmanager
def crash_at(point: str) -> Iterator[None]:
    """Crash the first time that the product reaches `point`, one of POINTS."""
    when, _, what = point.partition(" ")
    pending = [what]

    def is_reached(point_reached: str) -> bool:
        return point_reached in pending and bool(pending.pop())

    def entry(name: events.Name, *facts: Any, **about: Any) -> Event:
        if is_reached(name):
            raise Crash
        return events_entry(name, *facts, **about)

    def send(adapter: SandboxAdapter, request: PreparedRequest, **options: Any) -> Response:
        if not is_reached(_call(request)):
            return adapter_send(adapter, request, **options)
        if when == "after":
            adapter_send(adapter, request, **options)
        raise Crash

    with patch.object(events, "entry", entry) if when == "record" else patch.object(SandboxAdapter, "send", send):
        yield


@contextmanager
def during(call: str, act: Callable[[], object]) -> Iterator[None]:
    """Run `act` during the first `call` to a vendor: after its effect, before its answer."""
    pending = [act]

    def send(adapter: SandboxAdapter, request: PreparedRequest, **options: Any) -> Response:
        answer = adapter_send(adapter, request, **options)
        if pending and _call(request) == call:
            pending.pop()()
        return answer

    with patch.object(SandboxAdapter, "send", send):
        yield


events_entry, adapter_send = events.entry, SandboxAdapter.send


def _call(request: PreparedRequest) -> str:
    return str(request.url).rsplit("/", 1)[-1]
