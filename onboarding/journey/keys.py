"""The memory of Prove Keys: which ones were revoked here, and which of these Prove still has to be told about."""

from collections.abc import Iterable, Sequence

from django.db import connection
from django.db.models.functions import Now

from onboarding.journey.clock import CLAIM_TIMEOUT
from onboarding.models import ProveKey


def lock(number: str, device_id: str) -> ProveKey:
    """Return what is remembered of a key, with the number and the key locked until the transaction ends.

    Without the locks, two people could link the same number, or a key be linked while it is being revoked.
    """
    _lock([f"number {number}", f"key {device_id}"])
    return ProveKey.objects.filter(device_id=device_id).first() or ProveKey(device_id=device_id)


def revoke(device_ids: Iterable[str]) -> None:
    """Remember that these keys were revoked now, and that Prove has to be asked to revoke them too."""
    revoked = sorted(set(device_ids) - {""})
    _lock([f"key {device_id}" for device_id in revoked])
    due = Now() + CLAIM_TIMEOUT
    ProveKey.objects.bulk_create(
        [ProveKey(device_id=device_id, revoked_at=Now(), tell_prove_at=due) for device_id in revoked],
        update_conflicts=True,
        unique_fields=["device_id"],
        update_fields=["revoked_at", "tell_prove_at"],
    )


def trust(device_id: str) -> None:
    """Trust the key again, since its person passed a code with it. What Prove has to be told stays owed."""
    ProveKey.objects.filter(device_id=device_id, revoked_at__isnull=False).update(revoked_at=None)


def _lock(subjects: Sequence[str]) -> None:
    """Lock the subjects, in this order, until the transaction ends. On SQLite, every transaction is alone already."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            statement = "SELECT pg_advisory_xact_lock(hashtextextended(subject, 0)) FROM unnest(%s::text[]) AS subject"
            cursor.execute(statement, [list(subjects)])
