"""The process dies in the middle of a call, or is paused for so long that others went on: unknown is not yes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from onboarding.domain.states import State
from onboarding.journey import flow
from onboarding.models import OnboardingSession
from sandbox.adapter import SandboxAdapter
from tests.deep.any_order.bad_days import Bomb, Crash
from tests.deep.any_order.ledger import BIND, CHECK, SEND, STATUS
from tests.device import through
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor

NUMBER, E164 = "201 555 0123", "+12015550123"
LATER = Callable[[int], None]
LEASE_S = 41


@pytest.fixture
def bomb() -> Iterator[Bomb]:
    bomb = Bomb()
    with bomb.planted():
        yield bomb


def only_session() -> OnboardingSession:
    return OnboardingSession.objects.get()


@pytest.mark.parametrize("after", [False, True])
def test_a_bind_whose_process_died_is_unknown_and_never_asked_again(
    visitor: Visitor, sandbox: Sandbox, later: LATER, bomb: Bomb, after: bool
) -> None:
    visitor.starts(NUMBER)
    bomb.arm("unify-bind", after=after)
    with pytest.raises(Crash):
        visitor.types_code(visitor.code(E164))
    later(LEASE_S)
    assert visitor.opens("/bind/").path == "/unverified/"
    visitor.submits("/bind/")
    assert only_session().state == State.BIND_UNKNOWN
    assert len(sandbox.calls(BIND)) == after
    assert visitor.starts(NUMBER).path == ("/done/" if after else "/code/")


@pytest.mark.parametrize("after", [False, True])
def test_a_check_whose_process_died_is_not_passed_and_needs_another_text(
    visitor: Visitor, sandbox: Sandbox, later: LATER, bomb: Bomb, after: bool
) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    bomb.arm("VerificationCheck", after=after)
    with pytest.raises(Crash):
        visitor.types_code(code)
    later(LEASE_S)
    assert "couldn't tell whether that code was right" in visitor.opens("/code/").text
    visitor.types_code(code)
    assert len(sandbox.calls(CHECK)) == after
    assert sandbox.calls(BIND) == []
    visitor.submits("/code/send/")
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_a_text_whose_process_died_counts_as_sent(visitor: Visitor, sandbox: Sandbox, later: LATER, bomb: Bomb) -> None:
    bomb.arm("Verifications", after=True)
    with pytest.raises(Crash):
        visitor.starts(NUMBER)
    later(LEASE_S)
    assert "couldn't tell whether the code was sent" in visitor.opens("/code/").text
    assert (only_session().sends, len(sandbox.calls(SEND))) == (1, 1)


def test_a_code_that_has_run_out_leaves_a_text_that_is_under_way_alone(
    visitor: Visitor, sandbox: Sandbox, later: LATER, bomb: Bomb
) -> None:
    visitor.starts(NUMBER)
    later(590)
    bomb.arm("Verifications", after=False)
    with pytest.raises(Crash):
        visitor.submits("/code/send/")
    later(15)
    visitor.types_code("123456")
    assert only_session().state == State.SENDING_CODE
    assert sandbox.calls(CHECK) == []


def test_a_status_whose_process_died_can_be_asked_again(
    visitor: Visitor, sandbox: Sandbox, later: LATER, bomb: Bomb
) -> None:
    visitor.opens()
    answer = visitor.asks("/start/", phone=NUMBER).json()
    visitor.device.authenticate(answer["auth_token"], through(visitor.client))
    bomb.arm("unify-status", after=True)
    with pytest.raises(Crash):
        visitor.asks("/device/")
    assert visitor.asks("/device/").json() == {"next": "/"}
    assert len(sandbox.calls(STATUS)) == 1
    later(LEASE_S)
    assert visitor.opens("/code/").path == "/"
    assert visitor.asks("/device/").json() == {"next": "/code/"}


def test_a_start_whose_process_died_leads_nowhere(visitor: Visitor, later: LATER, bomb: Bomb) -> None:
    visitor.opens()
    bomb.arm("unify", after=True)
    with pytest.raises(Crash):
        visitor.asks("/start/", phone=NUMBER)
    later(LEASE_S)
    assert flow.catch_up(session=only_session()).state == State.FAILED
    assert visitor.starts(NUMBER).path == "/code/"


def test_whoever_comes_back_after_the_lease_changes_nothing_even_if_the_state_looks_the_same(
    visitor: Visitor, sandbox: Sandbox, later: LATER, bomb: Bomb, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.starts(NUMBER)
    others = iter([lambda: the_others_go_on(visitor, later, bomb)])
    calm = SandboxAdapter.send

    def paused(adapter: SandboxAdapter, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        answer = calm(adapter, request, *args, **kwargs)
        if str(request.url).endswith("VerificationCheck"):
            next(others, lambda: None)()
        return answer

    monkeypatch.setattr(SandboxAdapter, "send", paused)
    visitor.types_code(visitor.code(E164))
    assert sandbox.calls(BIND) == []
    assert only_session().state == State.CHECKING_CODE


def the_others_go_on(visitor: Visitor, later: LATER, bomb: Bomb) -> None:
    """Another tab finds the lease over, gets a new text, and its process dies at the next check."""
    tab = Visitor()
    tab.client.cookies = visitor.client.cookies
    later(LEASE_S)
    tab.opens("/code/")
    tab.submits("/code/send/")
    bomb.arm("VerificationCheck", after=False)
    with pytest.raises(Crash):
        tab.types_code("123456")
