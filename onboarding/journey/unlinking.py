"""The verbs that end a link, for the person and for reviewers, and that tell Prove."""

import uuid

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models.functions import Now

from onboarding import events
from onboarding.domain.errors import UpstreamError
from onboarding.events import Name
from onboarding.journey.bindings import revoke
from onboarding.journey.clock import CLAIM_TIMEOUT
from onboarding.models import Binding
from onboarding.upstream.prove import prove

NO_SUCH_KEY = 8011  # https://developer.prove.com/reference/status-and-error-codes


def unlink(*, binding: Binding, by: AbstractBaseUser | None = None, reason: str = "unlinked") -> None:
    """Revoke the binding here at once, then ask Prove to revoke the key. `by` is the reviewer, if one did it."""
    with transaction.atomic():
        owed = revoke(binding, why=reason, by=by) and binding.device_id
        if owed:
            Binding.objects.filter(pk=binding.pk).update(tell_prove_at=Now() + CLAIM_TIMEOUT)
    if owed:
        tell_prove(binding=binding)


def tell_prove(*, binding: Binding) -> None:
    """Ask Prove to revoke the key of a revoked binding. A failure is recorded; `recover` asks again."""
    try:
        prove().revoke_device(device_id=binding.device_id, client_request_id=str(uuid.uuid4()))
    except UpstreamError as error:
        if error.code != NO_SUCH_KEY:
            events.record(Name.REVOKE_UNANSWERED, events.error_facts(error), binding=binding)
            return
    with transaction.atomic():
        if Binding.objects.filter(pk=binding.pk, tell_prove_at__isnull=False).update(tell_prove_at=None):
            events.record(Name.REVOKE_ANSWERED, {}, binding=binding)


def unlink_others(*, binding: Binding) -> None:
    """Unlink every other device of the same person."""
    for other in Binding.objects.filter(user=binding.user, confirmed=True).exclude(pk=binding.pk):
        unlink(binding=other)
