"""The verbs that end a link, for the person and for reviewers, and that tell Prove."""

import uuid

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from onboarding import events
from onboarding.domain.errors import Refused, UpstreamError
from onboarding.events import Name
from onboarding.journey import keys
from onboarding.journey.bindings import revoke
from onboarding.models import Binding, OnboardingSession, ProveKey
from onboarding.telemetry.observation import verb
from onboarding.upstream.prove import prove

NO_SUCH_KEY = 8011  # https://developer.prove.com/reference/status-and-error-codes


@verb
def unlink(*, binding: Binding, by: AbstractBaseUser | None = None, reason: str = "unlinked") -> bool:
    """Revoke the binding here at once, then ask Prove to revoke the key. `by` is the reviewer, if one did it.

    Return False if it was revoked before.
    """
    return _unlink(Binding.objects.filter(pk=binding.pk), why=reason, by=by)


@verb
def unlink_others(*, binding: Binding) -> None:
    """Revoke the bindings of the person's other devices here at once, then ask Prove to revoke their keys."""
    _unlink(Binding.objects.filter(user=binding.user).exclude(pk=binding.pk), why="unlinked", by=None)


def _unlink(bindings: QuerySet[Binding], *, why: str, by: AbstractBaseUser | None) -> bool:
    """Return whether any binding was in force."""
    with transaction.atomic():
        revoked = revoke(bindings.filter(confirmed=True).order_by("pk"), why=why, by=by)
        keys.revoke(binding.device_id for binding in revoked)
    for binding in revoked:
        if not tell_prove(device_id=binding.device_id):
            break  # `recover` asks for the rest
    return bool(revoked)


@verb
def tell_prove(*, device_id: str) -> bool:
    """Ask Prove to revoke a key that was revoked here. Return False if Prove did not answer: it stays owed."""
    owed = ProveKey.objects.filter(device_id=device_id, tell_prove_at__isnull=False)
    key = owed.first()
    if key is None:
        return True
    try:
        prove(key.prove_region).revoke_device(device_id=device_id, client_request_id=str(uuid.uuid4()))
    except UpstreamError as error:
        if not (isinstance(error, Refused) and error.code == NO_SUCH_KEY):
            events.record(Name.REVOKE_UNANSWERED, events.error_facts(error), **_about(device_id))
            return False
    with transaction.atomic():
        if owed.update(tell_prove_at=None):
            events.record(Name.REVOKE_ANSWERED, {}, **_about(device_id))
            _forget_if_erased(device_id)
    return True


def _forget_if_erased(device_id: str) -> None:
    """Delete what is remembered of a key whose person was erased: no row names it any more."""
    bindings, sessions = (kind.objects.filter(device_id=OuterRef("pk")) for kind in (Binding, OnboardingSession))
    ProveKey.objects.filter(~Exists(bindings), ~Exists(sessions), pk=device_id).delete()


def _about(device_id: str) -> dict[str, object]:
    """Return the row that the event is about: the key's latest binding, or else its latest session."""
    if binding := Binding.objects.filter(device_id=device_id).order_by("-pk").first():
        return {"binding": binding}
    return {"session": OnboardingSession.objects.filter(device_id=device_id).first()}
