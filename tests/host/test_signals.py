"""What a host project is told of, after the commit: at least once for each change, whatever its receivers do."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db.models.functions import Now
from django.dispatch import Signal

from onboarding import signals
from onboarding.desk import reviews
from onboarding.models import Announcement, Binding, OnboardingSession, of_number
from onboarding.operations.recovery import recover
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor

NUMBER, E164, HELD = "201 555 0123", "+12015550123", "+12025550137"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told() -> Iterator[list[signals.Change]]:
    """What receivers of all signals were told, in order."""
    changes: list[signals.Change] = []

    def receive(change: signals.Change, **_signal: object) -> None:
        changes.append(change)

    for signal in signals.SIGNALS.values():
        signal.connect(receive)
    yield changes
    for signal in signals.SIGNALS.values():
        signal.disconnect(receive)


def kinds(changes: list[signals.Change]) -> list[str]:
    return [type(each).__name__ for each in changes]


def test_each_change_is_told_once(transactional_db: None, told: list[Any]) -> None:
    visitor = Visitor()
    visitor.links(NUMBER, E164)
    binding = Binding.objects.get()
    assert kinds(told) == ["NumberLinked"]
    assert (told[0].user, told[0].number, told[0].binding) == (str(binding.user_id), E164, str(binding.public_id))
    visitor.client.cookies.clear()
    visitor.starts(NUMBER)
    visitor.submits("/unlink/")
    assert kinds(told) == ["NumberLinked", "DeviceRecognised", "NumberUnlinked"] and told[2].why == "unlinked"
    assert len({each.id for each in told}) == 3 and not Announcement.objects.exists()


def test_a_review_is_told(transactional_db: None, told: list[Any]) -> None:
    visitor = Visitor()
    visitor.starts(HELD)
    assert kinds(told) == ["ReviewWanted"] and told[0].reference in visitor.page.text


@pytest.mark.parametrize("decide", [reviews.approve, reviews.decline])
def test_a_decision_is_told(transactional_db: None, told: list[Any], decide: Any) -> None:
    Visitor().starts(HELD)
    session = decide(session=OnboardingSession.objects.get(), by=User.objects.create(username="ada"), reason="called")
    assert kinds(told) == ["ReviewWanted", "ReviewDecided"]
    assert (told[1].session, told[1].decision) == (str(session.pk), session.review)
    assert told[1].reference == told[0].reference


def test_nothing_that_waits_names_a_person_who_is_gone(connect: Callable[..., None], sandbox: Sandbox) -> None:
    """The receivers fail throughout, so that each signal waits."""

    def fails(**_signal: object) -> None:
        raise LookupError

    for signal in signals.SIGNALS.values():
        connect(signal, fails)
    (erased := Visitor()).links(NUMBER, E164)
    erased.client.cookies.clear()
    erased.starts(NUMBER)
    Visitor().starts(HELD)
    Visitor().links("201 555 0199", "+12015550199")
    deleted = Binding.objects.get(of_number("+12015550199")).user
    call_command("erase_subject", E164, stdout=StringIO())
    call_command("erase_subject", HELD, stdout=StringIO())
    assert {row.change["user"] for row in Announcement.objects.all()} == {str(deleted.pk)}
    deleted.delete()
    assert not Announcement.objects.exists()


def test_a_receiver_that_fails_is_told_again_and_delays_nobody(connect: Callable[..., None]) -> None:
    fails, changes = [True], []

    def receive(change: signals.Change, **_signal: object) -> None:
        changes.append(change)
        if fails:
            raise LookupError

    connect(signals.number_linked, receive)
    visitor = Visitor()
    visitor.links(NUMBER, E164)
    assert visitor.page.path == "/done/" and Announcement.objects.count() == 1
    fails.clear()
    Announcement.objects.update(at=Now() - timedelta(minutes=2))
    assert recover()["signals sent"] == 1 and not Announcement.objects.exists()
    assert [each.id for each in changes] == [changes[0].id] * 2


def test_a_signal_of_another_release_waits_and_does_not_stop_recover(db: None) -> None:
    for kind, change in (("NumberSold", {}), ("NumberLinked", {"shoe_size": 43})):
        Announcement.objects.create(kind=kind, change=change, at=Now() - timedelta(minutes=2))
    assert recover()["signals sent"] == 0
    assert Announcement.objects.count() == 2


@pytest.fixture
def connect() -> Iterator[Callable[..., None]]:
    connected: list[tuple[Signal, Any]] = []

    def to(signal: Signal, receive: Any) -> None:
        signal.connect(receive)
        connected.append((signal, receive))

    yield to
    for signal, receive in connected:
        signal.disconnect(receive)


def test_a_host_without_receivers_costs_nothing(transactional_db: None) -> None:
    Visitor().links(NUMBER, E164)
    assert not Announcement.objects.exists()
