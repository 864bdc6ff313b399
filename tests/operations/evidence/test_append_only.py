"""The database refuses to change or delete an event, whoever asks, but for retention and erasure."""

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError

from onboarding.domain.phone import Number
from onboarding.models import Binding, Checkpoint, Event
from onboarding.operations import subjects
from onboarding.operations.evidence.checkpoints import seal
from onboarding.operations.recovery import recover
from tests.journey.conftest import Later
from tests.journey.visitor import Visitor
from tests.operations.evidence.histories import faults

NUMBER, E164 = "201 555 0123", "+12015550123"
REFUSED = "append-only|SQLSTATE 42501"  # PostgreSQL's own words are in no error
STATEMENTS = (
    "UPDATE onboarding_event SET name = 'code:sent'",
    "DELETE FROM onboarding_event",
    "UPDATE proveflow_checkpoint SET removed = 1",
    "DELETE FROM proveflow_checkpoint",
)


@pytest.fixture
def sealed(visitor: Visitor, later: Later) -> None:
    visitor.links(NUMBER, E164)
    later(11)
    recover()


@pytest.mark.parametrize("statement", STATEMENTS)
def test_neither_events_nor_checkpoints_can_be_changed_or_deleted(sealed: None, statement: str) -> None:
    with pytest.raises(DatabaseError, match=REFUSED), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Event.objects.exists() and Checkpoint.objects.exists() and faults() == []


def test_an_erasure_may_and_nobody_after_it(sealed: None) -> None:
    subjects.erase(Number(E164))
    assert set(Event.objects.values_list("name", flat=True)) == {"subject:erased"}
    assert faults() == []
    with pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
        Event.objects.all()._raw_delete(connection.alias)


def test_a_host_project_that_deletes_a_person_removes_their_events_verifiably(sealed: None) -> None:
    linked = Event.objects.filter(binding=Binding.objects.get())
    assert linked.count() == 1
    Binding.objects.get().user.delete()
    assert not Binding.objects.exists() and not Event.objects.filter(name="binding:made").exists()
    assert Checkpoint.objects.get().removed == 1
    assert faults() == []


def test_an_account_that_the_log_names_cannot_be_deleted(db: None) -> None:
    user = User.objects.create(username="ada")
    Event.objects.create(name="login:passed", actor=user)
    with pytest.raises(ProtectedError):
        user.delete()


def test_what_is_too_new_is_not_sealed(visitor: Visitor, later: Later) -> None:
    visitor.links(NUMBER, E164)
    assert seal() == 0
    later(11)
    assert seal() == Event.objects.count()
    assert seal() == 0
