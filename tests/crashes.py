"""Crashes at named points, without a line in the product: a BaseException, which nothing there catches, as nothing
catches SIGKILL. What was committed stays, what was not is gone, and nobody tidies up.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from requests import PreparedRequest, Response

from onboarding import events
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


class Killed(BaseException):
    """The process is gone."""


@contextmanager
def killed_at(point: str) -> Iterator[None]:
    """The first time that the product gets to `point`, one of POINTS."""
    when, _, what = point.partition(" ")
    pending = [what]

    def here(place: str) -> bool:
        return place in pending and bool(pending.pop())

    def record(name: events.Name, *facts: Any, **about: Any) -> None:
        if here(name):
            raise Killed
        events_record(name, *facts, **about)

    def send(adapter: SandboxAdapter, request: PreparedRequest, **options: Any) -> Response:
        if not here(_call(request)):
            return adapter_send(adapter, request, **options)
        if when == "after":
            adapter_send(adapter, request, **options)
        raise Killed

    with patch.object(events, "record", record) if when == "record" else patch.object(SandboxAdapter, "send", send):
        yield


@contextmanager
def meanwhile(call: str, happens: Callable[[], object]) -> Iterator[None]:
    """While the vendor is busy with `call`, for the first time: after its work, before its answer."""
    pending = [happens]

    def send(adapter: SandboxAdapter, request: PreparedRequest, **options: Any) -> Response:
        answer = adapter_send(adapter, request, **options)
        if pending and _call(request) == call:
            pending.pop()()
        return answer

    with patch.object(SandboxAdapter, "send", send):
        yield


events_record, adapter_send = events.record, SandboxAdapter.send


def _call(request: PreparedRequest) -> str:
    return str(request.url).rsplit("/", 1)[-1]
