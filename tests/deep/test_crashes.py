"""The process crashes or is paused during a call: an unknown result never counts as a success."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from onboarding.domain.states import State
from onboarding.journey import flow
from onboarding.models import OnboardingSession
from sandbox.adapter import SandboxAdapter
from tests.crashes import Crash
from tests.deep.any_order.faults import CrashPoint
from tests.deep.any_order.invariants import BIND, CHECK, SEND, STATUS
from tests.device import through
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Visitor

NUMBER, E164 = "201 555 0123", "+12015550123"
PAST_THE_CLAIM_S = 41


@pytest.fixture
def crash_point() -> Iterator[CrashPoint]:
    crash_point = CrashPoint()
    with crash_point.installed():
        yield crash_point


def only_session() -> OnboardingSession:
    return OnboardingSession.timed.get()


@pytest.mark.parametrize("after", [False, True])
def test_after_a_crash_during_the_bind_its_result_is_unknown_and_it_is_never_repeated(
    visitor: Visitor, sandbox: Sandbox, later: Later, crash_point: CrashPoint, after: bool
) -> None:
    visitor.starts(NUMBER)
    crash_point.arm("unify-bind", after=after)
    with pytest.raises(Crash):
        visitor.types_code(visitor.code(E164))
    later(PAST_THE_CLAIM_S)
    assert visitor.opens("/bind/").path == "/unverified/"
    visitor.submits("/bind/")
    assert only_session().state == State.BIND_UNKNOWN
    assert len(sandbox.calls(BIND)) == after
    assert visitor.starts(NUMBER).path == ("/done/" if after else "/code/")


@pytest.mark.parametrize("after", [False, True])
def test_after_a_crash_during_the_code_check_it_has_not_passed_and_another_text_is_needed(
    visitor: Visitor, sandbox: Sandbox, later: Later, crash_point: CrashPoint, after: bool
) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    crash_point.arm("VerificationCheck", after=after)
    with pytest.raises(Crash):
        visitor.types_code(code)
    later(PAST_THE_CLAIM_S)
    assert "couldn't tell whether that code was right" in visitor.opens("/code/").text
    visitor.types_code(code)
    assert len(sandbox.calls(CHECK)) == after
    assert sandbox.calls(BIND) == []
    visitor.submits("/code/send/")
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_after_a_crash_during_the_send_the_text_counts_as_sent(
    visitor: Visitor, sandbox: Sandbox, later: Later, crash_point: CrashPoint
) -> None:
    crash_point.arm("Verifications", after=True)
    with pytest.raises(Crash):
        visitor.starts(NUMBER)
    later(PAST_THE_CLAIM_S)
    assert "couldn't tell whether the code was sent" in visitor.opens("/code/").text
    assert (only_session().sends, len(sandbox.calls(SEND))) == (1, 1)


def test_a_guess_at_an_expired_code_does_not_interrupt_a_send(
    visitor: Visitor, sandbox: Sandbox, later: Later, crash_point: CrashPoint
) -> None:
    visitor.starts(NUMBER)
    later(590)
    crash_point.arm("Verifications", after=False)
    with pytest.raises(Crash):
        visitor.submits("/code/send/")
    later(15)
    visitor.types_code("123456")
    assert only_session().state == State.SENDING_CODE
    assert sandbox.calls(CHECK) == []


def test_after_a_crash_during_unify_status_it_can_be_called_again(
    visitor: Visitor, sandbox: Sandbox, later: Later, crash_point: CrashPoint
) -> None:
    visitor.opens()
    answer = visitor.fetches("/start/", phone=NUMBER).json()
    visitor.device.authenticate(answer["auth_token"], through(visitor.client))
    crash_point.arm("unify-status", after=True)
    with pytest.raises(Crash):
        visitor.fetches("/device/")
    assert visitor.fetches("/device/").json() == {"next": "/"}
    assert len(sandbox.calls(STATUS)) == 1
    later(PAST_THE_CLAIM_S)
    assert visitor.opens("/code/").path == "/"
    assert visitor.fetches("/device/").json() == {"next": "/code/"}


def test_after_a_crash_during_the_start_the_session_has_failed(
    visitor: Visitor, later: Later, crash_point: CrashPoint
) -> None:
    visitor.opens()
    crash_point.arm("unify", after=True)
    with pytest.raises(Crash):
        visitor.fetches("/start/", phone=NUMBER)
    later(PAST_THE_CLAIM_S)
    assert flow.catch_up(session=only_session()).state == State.FAILED
    assert visitor.starts(NUMBER).path == "/code/"


def test_a_holder_whose_claim_was_lost_changes_nothing_even_if_the_state_is_the_same_again(
    visitor: Visitor, sandbox: Sandbox, later: Later, crash_point: CrashPoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.starts(NUMBER)
    interruptions = iter([lambda: another_tab_continues(visitor, later, crash_point)])
    unpatched = SandboxAdapter.send

    def paused(adapter: SandboxAdapter, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        answer = unpatched(adapter, request, *args, **kwargs)
        if str(request.url).endswith("VerificationCheck"):
            next(interruptions, lambda: None)()
        return answer

    monkeypatch.setattr(SandboxAdapter, "send", paused)
    visitor.types_code(visitor.code(E164))
    assert sandbox.calls(BIND) == []
    assert only_session().state == State.CHECKING_CODE


def another_tab_continues(visitor: Visitor, later: Later, crash_point: CrashPoint) -> None:
    """After the claim has timed out, another tab gets a new text, and its process crashes during the next check."""
    tab = Visitor()
    tab.client.cookies = visitor.client.cookies
    later(PAST_THE_CLAIM_S)
    tab.opens("/code/")
    tab.submits("/code/send/")
    crash_point.arm("VerificationCheck", after=False)
    with pytest.raises(Crash):
        tab.types_code("123456")
