"""The memory of Prove Keys: which ones were revoked here, and which of these Prove still has to be told about."""

from collections.abc import Iterable

from django.db import connection
from django.db.models.functions import Now

from onboarding.journey.clock import CLAIM_TIMEOUT
from onboarding.models import ProveKey

# A number has no row that could be locked. A key has one, which this statement makes if need be.
LOCK = {
    "postgresql": """
        WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended(%s, 0)))
        INSERT INTO onboarding_provekey (device_id) SELECT %s FROM locked""",
    "sqlite": "INSERT INTO onboarding_provekey (device_id) SELECT column2 FROM (VALUES (%s, %s)) WHERE true",
}
READ = " ON CONFLICT (device_id) DO UPDATE SET device_id = excluded.device_id RETURNING *"


def lock(number: str, device_id: str) -> ProveKey:
    """Return what is remembered of a key, with the number and the key locked until the transaction ends.

    Without the locks, two people could link the same number, or a key be linked while it is being revoked.
    """
    return ProveKey.objects.raw(LOCK[connection.vendor] + READ, [f"number {number}", device_id])[0]


def revoke(device_ids: Iterable[str]) -> None:
    """Remember that these keys were revoked now, and that Prove has to be asked to revoke them too."""
    due = Now() + CLAIM_TIMEOUT
    ProveKey.objects.bulk_create(
        [
            ProveKey(device_id=device_id, revoked_at=Now(), tell_prove_at=due)
            for device_id in sorted(set(device_ids) - {""})  # all in the same order, so that nobody waits in a circle
        ],
        update_conflicts=True,
        unique_fields=["device_id"],
        update_fields=["revoked_at", "tell_prove_at"],
    )


def trust(device_id: str) -> None:
    """Trust the key again, since its person passed a code with it. What Prove has to be told stays owed."""
    ProveKey.objects.filter(device_id=device_id, revoked_at__isnull=False).update(revoked_at=None)
