"""Processes that die, and one that only slept: `manage.py recover` leaves nothing stuck, and nothing happens twice."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from onboarding.domain.states import CLAIMS, FINAL, State
from onboarding.journey import flow
from onboarding.models import Binding, Event, OnboardingSession, ProveKey
from onboarding.operations.recovery import recover
from onboarding.upstream.prove import prove
from tests.crashes import POINTS, Killed, killed_at, meanwhile
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor

NUMBER, E164 = "201 555 0123", "+12015550123"
LATER = Callable[[int], None]
NOTHING = {"claims lost": 0, "sessions ended": 0, "revokes told": 0, "rows forgotten": 0}
A_LEASE_S, A_DAY_S = 41, 24 * 3600


def goes_through(visitor: Visitor, later: LATER) -> str:
    """Does what a page asks for until it is the last; where that is."""
    for _ in range(8):
        match visitor.opens("/").path:
            case "/done/":
                break
            case "/":
                visitor.starts(NUMBER)
            case "/code/":
                later(301)
                visitor.submits("/code/send/")
                visitor.types_code(visitor.code(E164))
            case page:
                visitor.submits(page)
        if visitor.page.path == "/unverified/":
            visitor.starts(NUMBER)
    return visitor.page.path


def binds_at_prove(sandbox: Sandbox) -> int:
    return sum(bool(call["effect"]) for call in sandbox.calls("prove.unify_bind"))


@pytest.mark.parametrize("point", POINTS)
def test_a_crash_anywhere_loses_nobody_and_doubles_nothing(
    visitor: Visitor, sandbox: Sandbox, later: LATER, point: str
) -> None:
    with killed_at(point), pytest.raises(Killed):
        visitor.links(NUMBER, E164)
    prove.cache_clear()  # another process goes on
    later(A_LEASE_S)
    recover()
    assert not OnboardingSession.objects.filter(state__in=CLAIMS).exists()
    assert recover() == NOTHING
    assert goes_through(visitor, later) == "/done/"
    assert binds_at_prove(sandbox) == 1
    assert Binding.objects.filter(confirmed=True).count() == 1


@pytest.mark.parametrize(
    ("call", "left_at"),
    [
        ("unify", State.FAILED),
        ("unify-status", State.STARTED),
        ("Verifications", State.POSSESSION_REQUIRED),
        ("VerificationCheck", State.POSSESSION_REQUIRED),
        ("unify-bind", State.BIND_UNKNOWN),
    ],
)
def test_a_holder_that_slept_beyond_its_lease_can_not_write_any_more(
    visitor: Visitor, sandbox: Sandbox, later: LATER, call: str, left_at: State
) -> None:
    def the_lease_ends() -> None:
        later(A_LEASE_S)
        recover()

    with meanwhile(call, the_lease_ends):
        visitor.opens()
        answer = visitor.asks("/start/", phone=NUMBER).json()
        if "auth_token" in answer:
            visitor.finishes(answer)
        if visitor.page.path == "/code/" and visitor.messages(E164):
            visitor.types_code(visitor.code(E164))
    session = OnboardingSession.objects.get()
    assert session.state == left_at
    assert session.events.latest("pk").name == "claim:lost"
    assert not Binding.objects.exists()


def test_a_claim_within_its_lease_is_left_alone(visitor: Visitor, later: LATER) -> None:
    with killed_at("after unify-bind"), pytest.raises(Killed):
        visitor.links(NUMBER, E164)
    later(A_LEASE_S - 5)
    assert recover() == NOTHING
    assert OnboardingSession.objects.get().state == State.BINDING


@pytest.mark.parametrize("minutes", [29, 31])
def test_an_open_session_ends_when_its_time_is_up_without_anybody_looking(
    visitor: Visitor, later: LATER, minutes: int
) -> None:
    visitor.starts(NUMBER)
    later(minutes * 60)
    assert recover()["sessions ended"] == (minutes == 31)
    assert (OnboardingSession.objects.get().state == State.EXPIRED) == (minutes == 31)


def test_a_claim_lost_in_a_session_past_its_time_is_ended_in_the_same_run(visitor: Visitor, later: LATER) -> None:
    with killed_at("before unify-status"), pytest.raises(Killed):
        visitor.starts(NUMBER)
    later(31 * 60)
    assert recover() == {**NOTHING, "claims lost": 1}
    assert OnboardingSession.objects.get().state == State.EXPIRED


# --- Prove, told of revoked keys ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["refuse", "lost", "status", "html"])
def test_a_revoke_that_prove_did_not_confirm_is_told_again_until_it_does(
    visitor: Visitor, sandbox: Sandbox, later: LATER, kind: str
) -> None:
    visitor.links(NUMBER, E164)
    sandbox.has("prove.device_revoke", kind)
    visitor.submits("/unlink/")
    later(A_LEASE_S)
    assert recover()["revokes told"] == 0
    sandbox.is_well()
    assert recover()["revokes told"] == 0
    later(601)
    assert recover()["revokes told"] == 1
    assert recover() == NOTHING
    assert Event.objects.latest("pk").name == "binding:revoke_answered"
    assert visitor.starts(NUMBER).path == "/code/"  # the key is not known any more


@pytest.mark.parametrize("point", ["before revoke", "after revoke", "record binding:revoke_answered"])
def test_a_crash_while_prove_is_told_leaves_it_to_the_next_run(
    visitor: Visitor, sandbox: Sandbox, later: LATER, point: str
) -> None:
    visitor.links(NUMBER, E164)
    with killed_at(point), pytest.raises(Killed):
        visitor.submits("/unlink/")
    later(A_LEASE_S)
    assert recover()["revokes told"] == 1
    assert recover() == NOTHING
    assert visitor.starts(NUMBER).path == "/code/"


def test_a_crash_before_the_unlinking_is_written_leaves_the_number_linked(visitor: Visitor, later: LATER) -> None:
    visitor.links(NUMBER, E164)
    with killed_at("record binding:revoked"), pytest.raises(Killed):
        visitor.submits("/unlink/")
    later(A_LEASE_S)
    assert recover() == NOTHING
    assert visitor.opens("/done/").path == "/done/"


def test_a_claim_lost_for_longer_than_its_session_lives_ends_with_the_session(
    visitor: Visitor, sandbox: Sandbox, later: LATER
) -> None:
    with killed_at("after unify-status"), pytest.raises(Killed):
        visitor.links(NUMBER, E164)
    prove.cache_clear()
    later(5 * 3600)
    assert visitor.asks("/device/").json() == {"next": "/expired/"}
    assert OnboardingSession.objects.get().state == State.EXPIRED
    assert visitor.messages(E164) == []


# --- Old rows, and the job itself ------------------------------------------------------------------------------------


def counts() -> Mapping[str, int]:
    return {model.__name__: model._default_manager.count() for model in (OnboardingSession, Binding, Event)}


def test_what_is_past_its_retention_is_forgotten_and_a_binding_in_use_is_not(visitor: Visitor, later: LATER) -> None:
    visitor.links(NUMBER, E164)
    later(89 * A_DAY_S)
    before = counts()
    assert recover()["rows forgotten"] == 0
    assert counts() == before
    later(2 * A_DAY_S)
    recover()
    assert counts() == {"OnboardingSession": 0, "Binding": 1, "Event": 0}


def test_what_browsers_were_remembered_by_is_forgotten_when_it_is_over(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    kept = Session.objects.count()
    Session.objects.create(session_key="over", expire_date=timezone.now() - timedelta(seconds=1))
    recover()
    assert kept and Session.objects.count() == kept


def test_a_revoked_key_is_forgotten_once_prove_knows(visitor: Visitor, sandbox: Sandbox, later: LATER) -> None:
    visitor.links(NUMBER, E164)
    sandbox.has("prove.device_revoke", "refuse")
    visitor.submits("/unlink/")
    later(91 * A_DAY_S)
    recover()
    assert (Binding.objects.count(), ProveKey.objects.count()) == (0, 1)
    sandbox.is_well()
    later(601)
    recover()
    assert ProveKey.objects.count() == 0
    later(91 * A_DAY_S)
    recover()
    assert counts() == {"OnboardingSession": 0, "Binding": 0, "Event": 0}


def test_a_session_under_way_is_never_forgotten_however_short_the_retention(
    visitor: Visitor, settings: LazySettings
) -> None:
    visitor.starts(NUMBER)
    settings.RETENTION_DAYS = 0
    recover()
    assert OnboardingSession.objects.get().state not in FINAL


def test_a_row_that_the_database_refuses_keeps_nothing_else_waiting(
    visitor: Visitor, later: LATER, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.starts(NUMBER)
    (other := Visitor()).starts("201 555 0199")
    later(3600)
    catch_up = flow.catch_up

    def refused_once(*, session: OnboardingSession) -> OnboardingSession:
        monkeypatch.setattr(flow, "catch_up", catch_up)
        raise OperationalError

    monkeypatch.setattr(flow, "catch_up", refused_once)
    assert recover()["sessions ended"] == 1
    assert recover()["sessions ended"] == 1
    assert other.opens("/code/").path == "/expired/"


def test_the_command_says_what_it_did_and_else_nothing(
    visitor: Visitor, later: LATER, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("recover")
    assert capsys.readouterr().out == ""
    visitor.starts(NUMBER)
    later(3600)
    call_command("recover")
    assert capsys.readouterr().out == "sessions ended: 1\n"
