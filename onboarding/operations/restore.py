"""Makes a database safe that was restored from a backup: it knows nothing of what was ended since.

The service has to be stopped meanwhile. Killed, it may be run again.
"""

import time
import uuid
from collections.abc import Mapping

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.dispatch import Signal
from django_otp.plugins.otp_totp.models import TOTPDevice

from onboarding.domain.states import CLAIMS, OPEN, Review
from onboarding.journey import keys
from onboarding.journey.clock import CLAIM_TIMEOUT
from onboarding.models import Binding, Handoff, Invitation, Lease, OnboardingSession, ProveKey, RecoveryCode
from onboarding.models.number import UNKNOWN
from onboarding.operations.recovery import BATCH, recover

restored = Signal()  # sent in the same transaction, for tables of other apps


def after_restore() -> Mapping[str, int]:
    """Return how many of each were ended. Prove is asked again to revoke the keys of which it may not have heard."""
    with transaction.atomic():
        ended = {
            "browsers logged out": Session.objects.all().delete()[0],
            "keys that need a code": keys.revoke_every(),
            "links that no browser remembers": _rename_links(),
            "leases ended": Lease.objects.all().delete()[0],
            "handoffs ended": Handoff.objects.all().delete()[0],
            "recovery codes and invitations ended": RecoveryCode.objects.all().delete()[0]
            + Invitation.objects.all().delete()[0],
            "authenticators whose codes were used": _use_codes(),
            "approvals that may have been used": _use_clearances(),
        }
        OnboardingSession.objects.filter(state__in=CLAIMS).update(moved_at=Now() - CLAIM_TIMEOUT)
        OnboardingSession.objects.filter(state__in=CLAIMS | OPEN).update(expires_at=Now())
        ProveKey.objects.filter(tell_prove_at__isnull=False).update(tell_prove_at=Now())
        restored.send(None)
    return {**ended, **recover()}


def _rename_links() -> int:
    """Give each binding another `public_id`: cookies that name the old one name nothing now. Return how many.

    The number is bound to the `public_id`, so it is encrypted again. One that no key decrypts stays as it is.
    """
    names = list(Binding.objects.values_list("pk", flat=True))
    for start in range(0, len(names), BATCH):
        for binding in Binding.objects.filter(pk__in=names[start : start + BATCH]).only("public_id", "number"):
            columns = ["public_id"] if binding.masked == UNKNOWN else ["public_id", "number"]
            binding.public_id = uuid.uuid4()
            binding.save(update_fields=columns)
    return len(names)


def _use_clearances() -> int:
    """Let no journey go on with what a reviewer cleared: it may have done so already. Return how many there were."""
    unused = OnboardingSession.objects.filter(review=Review.APPROVED, clearance_used_at=None)
    return unused.update(clearance_used_at=Now())


def _use_codes() -> int:
    """Let authenticators accept only codes of later than now: earlier ones may have been used. Return how many."""
    now = int(time.time())  # the clock that codes are compared by
    return TOTPDevice.objects.update(last_t=(now - F("t0")) / F("step") + F("drift") + F("tolerance"))
