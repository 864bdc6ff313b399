"""The memory of Prove Keys: which ones were revoked here, and which of these Prove still has to be told about.

The row EVERY_KEY, which a restored backup makes, stands for all keys that have no row yet: they begin as revoked then.
"""

from collections.abc import Iterable

from django.db import connection
from django.db.models.functions import Now

from onboarding.domain.phone import Number
from onboarding.journey.clock import CLAIM_TIMEOUT
from onboarding.models import ProveKey

EVERY_KEY = ""
# A number has no row that could be locked. A key has one, which this statement makes if need be.
LOCK = {
    "postgresql": """
        WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended(%s, 0)))
        INSERT INTO onboarding_provekey (device_id, prove_region, revoked_at) SELECT %s, %s, ({since}) FROM locked""",
    "sqlite": """
        INSERT INTO onboarding_provekey (device_id, prove_region, revoked_at)
        SELECT column2, column3, ({since}) FROM (VALUES (%s, %s, %s)) WHERE true""",
}
SINCE = "SELECT revoked_at FROM onboarding_provekey WHERE device_id = ''"
READ = " ON CONFLICT (device_id) DO UPDATE SET prove_region = excluded.prove_region RETURNING *"


def lock(number: Number, device_id: str, region: str) -> ProveKey:
    """Return what is remembered of a key, with the number and the key locked until the transaction ends.

    `region` is the one whose host has just named the key.
    Without the locks, two people could link the same number, or a key be linked while it is being revoked.
    """
    statement = LOCK[connection.vendor].format(since=SINCE) + READ
    return ProveKey.objects.raw(statement, [f"number {number.subscriber}", device_id, region])[0]


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


def revoke_every() -> int:
    """Trust no key any more, known or not, until its person passes a code with it. Return how many are known."""
    ProveKey.objects.bulk_create([ProveKey(device_id=EVERY_KEY)], ignore_conflicts=True)
    return ProveKey.objects.update(revoked_at=Now()) - 1
