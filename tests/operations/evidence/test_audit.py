"""`manage.py audit_verify`: what it prints, and what it needs."""

import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from onboarding.events import Name, record
from onboarding.models import Checkpoint, Event, OnboardingSession
from onboarding.operations.evidence import checkpoints
from onboarding.operations.evidence.checkpoints import seal
from onboarding.operations.evidence.faults import Fault
from onboarding.operations.evidence.removal import allowed
from onboarding.operations.recovery import recover
from tests.journey.conftest import Later
from tests.journey.visitor import Visitor
from tests.operations.evidence.histories import faults
from tests.processes import ROOT

NUMBER, E164 = "201 555 0123", "+12015550123"


def verify(*options: str) -> tuple[int, str]:
    """Return the exit code and what was printed."""
    out = io.StringIO()
    try:
        call_command("audit_verify", *options, stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


@contextmanager
def tampering() -> Iterator[None]:
    with transaction.atomic(), allowed():
        yield


@pytest.fixture
def sealed(visitor: Visitor, later: Later) -> None:
    visitor.links(NUMBER, E164)
    later(11)
    recover()


def test_it_says_how_much_it_read_and_names_the_first_fault_with_exit_code_1(sealed: None) -> None:
    code, words = verify()
    assert code == 0 and words.startswith(
        f"The event log is whole: {Event.objects.count()} events, 1 sessions, 1 check"
    )
    third = Event.objects.order_by("pk")[2]
    with tampering():
        Event.objects.filter(pk__gte=third.pk).update(name="code:sent")
    where = f"event {third.pk}, session {third.session_id}"
    assert verify() == (1, f"The event log was changed at {where}: {Fault.EVENT_CHANGED}.\n")
    code, words = verify("--json")
    first = json.loads(words)["first"]
    assert (code, first["event"], first["session"]) == (1, third.pk, str(third.session_id))


def test_since_leaves_out_what_was_sealed_before(sealed: None) -> None:
    with tampering():
        Event.objects.order_by("pk").first().delete()  # type: ignore[union-attr]
    assert verify("--since", "2000-01-01")[0] == 1
    assert verify("--since", "2999-01-01T00:00")[0] == 0
    with pytest.raises(CommandError, match="--since"):
        verify("--since", "yesterday")


def test_a_log_that_was_sealed_anew_lacks_the_checkpoint_of_the_log_of_recover(
    visitor: Visitor, later: Later, caplog: pytest.LogCaptureFixture
) -> None:
    record(Name.LOGIN_FAILED, {"account": "a hash"})
    visitor.links(NUMBER, E164)
    later(11)
    caplog.set_level("INFO")
    recover()
    number, mac = re.findall(r"Checkpoint (\d+) seals the events up to \d+: ([0-9a-f]{64})", caplog.text)[-1]
    assert verify("--sealed", f"{number}:{mac}")[0] == 0
    with tampering():
        Checkpoint.objects.all()._raw_delete(connection.alias)
        Event.objects.filter(name=Name.LOGIN_FAILED)._raw_delete(connection.alias)
    recover()
    assert verify()[0] == 0  # as SECURITY.md says
    code, printed = verify("--sealed", f"{number}:{mac}")
    assert code == 1 and f"at checkpoint {number}: {Fault.SEAL_UNKNOWN}" in printed


@pytest.mark.parametrize("wrong", ["57", "57:", ":" + 64 * "a", "-1:" + 64 * "a", "²:" + 64 * "a", "1:" + 64 * "A"])
def test_what_is_no_checkpoint_is_refused(db: None, wrong: str) -> None:
    with pytest.raises(CommandError, match="--sealed"):
        call_command("audit_verify", f"--sealed={wrong}")


def test_after_a_rotation_all_is_verified_by_the_former_key_and_by_no_other(
    visitor: Visitor, sealed: None, later: Later, settings: Any
) -> None:
    former = settings.SECRET_KEY
    settings.LASTING_KEY, settings.LASTING_KEY_FALLBACKS = "another" * 8, [former]
    visitor.submits("/unlink/")
    assert visitor.links(NUMBER, E164).path == "/done/" and faults() == []
    settings.LASTING_KEY_FALLBACKS = []
    assert {fault.fault for fault in faults()} == {Fault.CHECKPOINT_CHANGED, Fault.EVENT_CHANGED}
    assert seal() == 0


def test_events_of_a_release_without_macs_are_sealed_as_found_and_later_ones_are_not_accepted(
    visitor: Visitor, later: Later
) -> None:
    visitor.starts(NUMBER)
    with tampering():
        Event.objects.update(mac="")
    OnboardingSession.objects.update(head="")
    later(11)
    assert seal() == 0  # a process of that release may still run
    visitor.types_code(visitor.code(E164))
    assert faults() == []
    later(600)
    assert seal() and faults() == []
    Event.objects.create(name="review:approved", session=OnboardingSession.objects.get())
    assert [fault.fault for fault in faults()] == [Fault.EVENT_CHANGED]


def test_checkpoints_of_which_all_was_removed_are_dropped(
    sealed: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "SETTLED", checkpoints.SETTLED * 0)
    monkeypatch.setattr(checkpoints, "SIZE", 3)
    for _ in range(3):
        Visitor().starts(NUMBER)
        recover()
    dropped = Checkpoint.objects.get(number=1)
    settings.RETENTION_DAYS = 0
    OnboardingSession.objects.update(state="expired")
    recover()
    Visitor().starts(NUMBER)
    recover()
    first = Checkpoint.objects.order_by("number").first()
    assert first is not None and first.number > 1 and faults() == []
    assert verify("--sealed", f"{dropped.number}:{dropped.mac}")[0] == 0


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_nothing_is_sealed_while_a_transaction_may_write_under_a_lower_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "SETTLED", checkpoints.SETTLED * 0)
    monkeypatch.setattr(checkpoints, "WAIT_S", 0)
    record(Name.LOGIN_PASSED, {"account": "x"})
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE onboarding_event IN ROW EXCLUSIVE MODE")  # as an INSERT does
            assert seal() == 0
            cursor.execute("COMMIT")
        assert seal() == 1
    finally:
        other.close()


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no roles")
def test_a_role_of_its_own_for_the_server_can_write_events_and_not_change_them(sealed: None) -> None:
    grants = (ROOT / "docs/operating.md").read_text().partition("```sql\n")[2].partition("```")[0]
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE proveflow; CREATE ROLE proveflow_owner")
        cursor.execute(grants)
        cursor.execute("SET LOCAL ROLE proveflow; SELECT set_config('proveflow.removes_events', 'on', true)")
    Visitor().starts("201 555 0199")
    for statement in ("DELETE FROM onboarding_event", "UPDATE proveflow_checkpoint SET removed = 1"):
        with pytest.raises(DatabaseError, match="42501"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
