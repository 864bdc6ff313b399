"""`manage.py recover` after crashes and pauses: no session stays stuck, and nothing happens twice."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from onboarding import events
from onboarding.domain.states import CLAIMS, FINAL, State
from onboarding.journey import flow, unlinking
from onboarding.models import Binding, Event, OnboardingSession, ProveKey
from onboarding.operations import recovery
from onboarding.operations.recovery import recover
from onboarding.upstream.prove import prove
from tests.crashes import POINTS, Crash, crash_at, during
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Visitor

NUMBER, E164 = "201 555 0123", "+12015550123"
WHAT = ("claims lost", "sessions ended", "keys remembered", "revokes told", "signals sent", "rows forgotten")
NOTHING = dict.fromkeys(WHAT, 0)
PAST_THE_CLAIM_S, DAY_S = 41, 24 * 3600


def completes_the_journey(visitor: Visitor, later: Later) -> str:
    """Do what each page asks for until the last one; return its path."""
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
def test_after_a_crash_at_any_point_the_person_can_finish_and_nothing_happens_twice(
    visitor: Visitor, sandbox: Sandbox, later: Later, point: str
) -> None:
    with crash_at(point), pytest.raises(Crash):
        visitor.links(NUMBER, E164)
    prove.cache_clear()  # as in a new process
    later(PAST_THE_CLAIM_S)
    recover()
    assert not OnboardingSession.objects.filter(state__in=CLAIMS).exists()
    assert recover() == NOTHING
    assert completes_the_journey(visitor, later) == "/done/"
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
def test_a_holder_that_was_paused_beyond_its_claim_cannot_write_any_more(
    visitor: Visitor, sandbox: Sandbox, later: Later, call: str, left_at: State
) -> None:
    def the_claim_times_out() -> None:
        later(PAST_THE_CLAIM_S)
        recover()

    with during(call, the_claim_times_out):
        visitor.opens()
        answer = visitor.fetches("/start/", phone=NUMBER).json()
        if "auth_token" in answer:
            visitor.finishes(answer)
        if visitor.page.path == "/code/" and visitor.messages(E164):
            visitor.types_code(visitor.code(E164))
    session = OnboardingSession.objects.get()
    assert session.state == left_at
    assert session.events.latest("pk").name == "claim:lost"
    assert not Binding.objects.exists()


def test_a_claim_within_its_timeout_is_not_ended(visitor: Visitor, later: Later) -> None:
    with crash_at("after unify-bind"), pytest.raises(Crash):
        visitor.links(NUMBER, E164)
    later(PAST_THE_CLAIM_S - 5)
    assert recover() == NOTHING
    assert OnboardingSession.objects.get().state == State.BINDING


@pytest.mark.parametrize("minutes", [29, 31])
def test_an_open_session_expires_without_any_request(visitor: Visitor, later: Later, minutes: int) -> None:
    visitor.starts(NUMBER)
    later(minutes * 60)
    assert recover()["sessions ended"] == (minutes == 31)
    assert (OnboardingSession.objects.get().state == State.EXPIRED) == (minutes == 31)


def test_a_lost_claim_of_an_expired_session_ends_in_the_same_run(visitor: Visitor, later: Later) -> None:
    with crash_at("before unify-status"), pytest.raises(Crash):
        visitor.starts(NUMBER)
    later(31 * 60)
    assert recover() == {**NOTHING, "claims lost": 1}
    assert OnboardingSession.objects.get().state == State.EXPIRED


# --- Revoked keys that Prove does not know of -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["refuse", "lost", "status", "html"])
def test_a_revoke_is_repeated_until_prove_confirms_it(
    visitor: Visitor, sandbox: Sandbox, later: Later, kind: str
) -> None:
    visitor.links(NUMBER, E164)
    sandbox.inject_fault("prove.device_revoke", kind)
    visitor.submits("/unlink/")
    later(PAST_THE_CLAIM_S)
    assert recover()["revokes told"] == 0
    sandbox.clear_faults()
    assert recover()["revokes told"] == 0
    later(601)
    assert recover()["revokes told"] == 1
    assert recover() == NOTHING
    assert Event.objects.latest("pk").name == "binding:revoke_answered"
    assert visitor.starts(NUMBER).path == "/code/"  # the key is not known any more


@pytest.mark.parametrize("point", ["before revoke", "after revoke", "record binding:revoke_answered"])
def test_after_a_crash_during_a_revoke_the_next_run_repeats_it(
    visitor: Visitor, sandbox: Sandbox, later: Later, point: str
) -> None:
    visitor.links(NUMBER, E164)
    with crash_at(point), pytest.raises(Crash):
        visitor.submits("/unlink/")
    later(PAST_THE_CLAIM_S)
    assert recover()["revokes told"] == 1
    assert recover() == NOTHING
    assert visitor.starts(NUMBER).path == "/code/"


def test_a_crash_before_the_unlinking_is_recorded_leaves_the_number_linked(visitor: Visitor, later: Later) -> None:
    visitor.links(NUMBER, E164)
    with crash_at("record binding:revoked"), pytest.raises(Crash):
        visitor.submits("/unlink/")
    later(PAST_THE_CLAIM_S)
    assert recover() == NOTHING
    assert visitor.opens("/done/").path == "/done/"


def test_a_request_after_a_lost_claim_and_the_end_of_its_session_gets_the_expired_page(
    visitor: Visitor, sandbox: Sandbox, later: Later
) -> None:
    with crash_at("after unify-status"), pytest.raises(Crash):
        visitor.links(NUMBER, E164)
    prove.cache_clear()
    later(5 * 3600)
    assert visitor.fetches("/device/").json() == {"next": "/expired/"}
    assert OnboardingSession.objects.get().state == State.EXPIRED
    assert visitor.messages(E164) == []


# --- Retention, and the command --------------------------------------------------------------------------------------


def counts() -> Mapping[str, int]:
    return {model.__name__: model._default_manager.count() for model in (OnboardingSession, Binding, Event)}


def test_rows_past_their_retention_are_deleted_and_a_confirmed_binding_is_not(visitor: Visitor, later: Later) -> None:
    visitor.links(NUMBER, E164)
    later(89 * DAY_S)
    before = counts()
    assert recover()["rows forgotten"] == 0
    assert counts() == before
    later(2 * DAY_S)
    recover()
    assert counts() == {"OnboardingSession": 0, "Binding": 1, "Event": 0}


def test_a_person_is_deleted_with_their_last_binding(visitor: Visitor, later: Later) -> None:
    visitor.links(NUMBER, E164)
    newer = Visitor()
    newer.links(NUMBER, E164)
    newer.submits("/unlink/others/")
    later(91 * DAY_S)
    recover()
    assert Binding.objects.count() == User.objects.count() == 1
    newer.starts(NUMBER)
    newer.submits("/unlink/")
    later(91 * DAY_S)
    recover()
    assert Binding.objects.count() == User.objects.count() == 0
    assert visitor.links(NUMBER, E164).path == "/done/"


def test_a_person_whom_another_part_of_the_project_knows_is_not_deleted(visitor: Visitor, later: Later) -> None:
    visitor.links(NUMBER, E164)
    Visitor().links("201 555 0199", "+12015550199")
    in_a_group, in_a_table = User.objects.order_by("pk")
    in_a_group.groups.add(Group.objects.create(name="Customers"))
    LogEntry.objects.create(user=in_a_table, action_flag=1, object_repr="", change_message="")
    for binding in Binding.objects.all():
        unlinking.unlink(binding=binding)
    later(91 * DAY_S)
    recover()
    assert not Binding.objects.exists()
    assert set(User.objects.all()) == {in_a_group, in_a_table}


def test_a_run_is_bounded_and_the_next_ones_delete_the_rest(
    visitor: Visitor, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "BATCH", 2)
    monkeypatch.setattr(recovery, "BATCHES", 2)
    for last in range(6):
        Visitor().starts(f"201 555 012{last}")
    total = OnboardingSession.objects.count()
    later(91 * DAY_S)
    left = []
    while OnboardingSession.objects.exists():
        recover()
        left.append(OnboardingSession.objects.count())
    assert total > 4 and left == [max(0, total - 4 * n) for n in range(1, len(left) + 1)]


def test_a_key_that_nobody_is_linked_by_is_forgotten_with_its_session(visitor: Visitor, later: Later) -> None:
    visitor.links(NUMBER, E164)
    key = ProveKey.objects.get()
    Binding.objects.all().delete()
    assert OnboardingSession.objects.get().device_id == key.device_id
    later(91 * DAY_S)
    recover()
    assert not ProveKey.objects.exists()


def test_expired_browser_sessions_are_deleted(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    kept = Session.objects.count()
    Session.objects.create(session_key="over", expire_date=timezone.now() - timedelta(seconds=1))
    recover()
    assert kept and Session.objects.count() == kept


def test_a_revoked_key_is_deleted_only_after_prove_knows(visitor: Visitor, sandbox: Sandbox, later: Later) -> None:
    visitor.links(NUMBER, E164)
    sandbox.inject_fault("prove.device_revoke", "refuse")
    visitor.submits("/unlink/")
    later(91 * DAY_S)
    recover()
    assert (Binding.objects.count(), ProveKey.objects.count()) == (0, 1)
    sandbox.clear_faults()
    later(601)
    recover()
    assert ProveKey.objects.count() == 0
    later(91 * DAY_S)
    recover()
    assert counts() == {"OnboardingSession": 0, "Binding": 0, "Event": 0}


def test_each_class_of_data_has_a_retention_of_its_own(visitor: Visitor, settings: LazySettings, later: Later) -> None:
    settings.LINK_RETENTION_DAYS, settings.LOG_RETENTION_DAYS = 7, 30
    visitor.links(NUMBER, E164)
    visitor.submits("/unlink/")
    about_no_session = Event.objects.filter(session=None, binding=None)
    events.record(events.Name.LOGIN_PASSED, {"account": "a"})
    later(8 * DAY_S)
    recover()
    assert (OnboardingSession.objects.count(), Binding.objects.count()) == (1, 0)
    assert ProveKey.objects.exists() and about_no_session.exists()  # that a key was revoked is not forgotten with it
    later(31 * DAY_S)
    recover()
    assert not about_no_session.exists() and OnboardingSession.objects.exists()
    later(91 * DAY_S)
    recover()
    assert counts() == {"OnboardingSession": 0, "Binding": 0, "Event": 0} and not ProveKey.objects.exists()


def test_an_open_session_is_never_deleted_however_short_the_retention(visitor: Visitor, settings: LazySettings) -> None:
    visitor.starts(NUMBER)
    settings.RETENTION_DAYS = 0
    recover()
    assert OnboardingSession.objects.get().state not in FINAL


def test_a_row_that_the_database_refuses_does_not_stop_the_others(
    visitor: Visitor, later: Later, monkeypatch: pytest.MonkeyPatch
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


def test_the_command_prints_what_it_did_and_nothing_else(
    visitor: Visitor, later: Later, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("recover")
    assert capsys.readouterr().out == ""
    visitor.starts(NUMBER)
    later(3600)
    call_command("recover")
    assert capsys.readouterr().out == "sessions ended: 1\n"


def test_a_key_that_a_process_of_an_older_release_revoked_is_remembered_and_told(
    visitor: Visitor, sandbox: Sandbox
) -> None:
    visitor.links(NUMBER, E164)
    ProveKey.objects.all().delete()  # the older release had no such table
    Binding.objects.update(confirmed=False, revoked_at=timezone.now())
    assert recover() == NOTHING | {"keys remembered": 1, "revokes told": 1}
    assert recover() == NOTHING
    assert [call["route"] for call in sandbox.calls("prove.device_revoke")] == ["prove.device_revoke"]
    visitor.submits("/logout/")
    visitor.starts(NUMBER)
    assert visitor.page.path == "/code/"
