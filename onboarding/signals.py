"""What a host project is told of, after the commit of the change: signals with typed payloads.

Each is sent at least once for each change. A signal that has a receiver is written to the table Announcement in the
transaction of the change, sent after the commit, and deleted when all receivers have returned; `manage.py recover`
sends again what a crash or a receiver's exception left, for KEPT. `change.id` is the same each time. What is left about
a user who is deleted, or a number that is erased, is not sent any more.
"""

import logging
import uuid
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.db.models.signals import post_delete
from django.dispatch import Signal

from onboarding.models import Announcement, encrypted
from onboarding.models.number import number_hash

KEPT = timedelta(days=1)
HASH = "number_hash"  # in what is stored of a change, to find it by
Payload = dict[str, Any]
RESEND_AFTER = timedelta(minutes=1)
MOST_AT_ONCE = 1000
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change that a signal is about. `user` is the primary key of a user, `binding` the public id of a binding."""

    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, kw_only=True)
class NumberLinked(Change):
    """A device was linked to a number (E.164)."""

    user: str
    number: str
    binding: str


@dataclass(frozen=True, kw_only=True)
class NumberUnlinked(Change):
    """A link has ended. `why` is as in the event log."""

    user: str
    number: str
    binding: str
    why: str


@dataclass(frozen=True, kw_only=True)
class NumberMoved(Change):
    """A number that belonged to `previous_user` belongs to `user` now. Each device has a NumberUnlinked, too."""

    user: str
    previous_user: str
    number: str


@dataclass(frozen=True, kw_only=True)
class DeviceRecognised(Change):
    """A device that is linked was recognised, without a code."""

    user: str
    number: str
    binding: str


@dataclass(frozen=True, kw_only=True)
class ReviewWanted(Change):
    """A session waits for a reviewer. `reference` is what its person may name."""

    session: str
    reference: str


@dataclass(frozen=True, kw_only=True)
class ReviewDecided(Change):
    """A reviewer decided about a session: `decision` is `approved` or `declined`."""

    session: str
    reference: str
    decision: str


number_linked, number_unlinked, number_moved, device_recognised, review_wanted, review_decided = (
    Signal() for _ in range(6)
)
SIGNALS: dict[type[Change], Signal] = {
    NumberLinked: number_linked,
    NumberUnlinked: number_unlinked,
    NumberMoved: number_moved,
    DeviceRecognised: device_recognised,
    ReviewWanted: review_wanted,
    ReviewDecided: review_decided,
}
KINDS = {kind.__name__: kind for kind in SIGNALS}


def announce(change: Change) -> None:
    """Send the signal of the change when the transaction that is open has been committed."""
    if SIGNALS[type(change)].has_listeners():
        row = Announcement.objects.create(kind=type(change).__name__, change=_sealed(asdict(change)))
        transaction.on_commit(lambda: _send(row), robust=True)


def send_again() -> int:
    """Send the signals that were not received. Return how many were now; those older than KEPT are dropped."""
    Announcement.objects.filter(at__lte=Now() - KEPT).delete()
    due = Announcement.objects.filter(at__lte=Now() - RESEND_AFTER).order_by("at")
    return sum(_send(row) for row in list(due[:MOST_AT_ONCE]))


def forget(about: Q) -> None:
    """Delete the signals that wait and whose `change` fits: nobody is told any more of a person who is gone."""
    Announcement.objects.filter(about).delete()


def _forget_user(instance: Any, **_signal: object) -> None:
    user = str(instance.pk)
    forget(Q(change__user=user) | Q(change__previous_user=user))


post_delete.connect(_forget_user, sender=settings.AUTH_USER_MODEL)


def is_current(row: Announcement) -> bool:
    """Return whether the number of the signal is encrypted and hashed under the keys in use. Raises Undecryptable."""
    if "number" not in row.change:
        return True
    hashed = number_hash(_opened(row.change)["number"])
    return encrypted.is_current(row.change["number"]) and row.change.get(HASH) == hashed


def renew(row: Announcement) -> bool:
    """Encrypt and hash the number of the signal under the keys in use. Return False if it was, or was sent meanwhile.

    Raises Undecryptable.
    """
    if is_current(row):
        return False
    return bool(Announcement.objects.filter(pk=row.pk).update(change=_sealed(_opened(row.change))))


def _sealed(change: Payload) -> Payload:
    """Return what is stored of a change: its number is encrypted, with its hash beside it."""
    if "number" not in change:
        return change
    number = change["number"]
    return {**change, "number": encrypted.encrypt(number, _place(change)), HASH: number_hash(number)}


def _opened(change: Payload) -> Payload:
    """Return the change of what is stored of it. Raises Undecryptable."""
    if "number" not in change:
        return change
    own = {name: value for name, value in change.items() if name != HASH}
    return {**own, "number": encrypted.decrypt(change["number"], _place(change))}


def _place(change: Payload) -> str:
    return f"{Announcement._meta.db_table}.change of {change['id']}"


def _send(row: Announcement) -> bool:
    """Return whether all receivers returned. What one raises is logged by its class, since it may have a number."""
    try:
        kind = KINDS[row.kind]
        change = kind(**_opened(row.change))
    except (KeyError, TypeError, encrypted.Undecryptable):  # of another release or key, which sends it again
        log.warning("A signal of another release waits: %s", row.kind)
        return False
    failed = [error for _, error in SIGNALS[kind].send_robust(kind, change=change) if error]
    failed = [error for error in failed if isinstance(error, Exception)]
    for error in failed:
        log.error("A receiver of %s failed: %s", row.kind, type(error).__name__)
    if failed:
        return False
    try:
        row.delete()
    except DatabaseError:
        log.exception("A signal that was received is sent again.")
    return True
