"""Begins and finds the session of a client. The verbs of the journey do the rest, as they do for the pages."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from onboarding.api.access import tokens
from onboarding.api.models import ApiVerification, PublishableKey
from onboarding.api.problems import Problem
from onboarding.domain.errors import HookFailed, Limited, StaleState, UpstreamError
from onboarding.domain.states import State
from onboarding.journey import flow
from onboarding.journey.clock import CLAIM_TIMEOUT, has_passed
from onboarding.models import OnboardingSession

KEPT = timedelta(hours=1)  # a row without a session; an authToken, which Prove accepts for about 15 minutes

NOT_STARTED = (Problem, Limited, HookFailed, StaleState, UpstreamError)

Start = Callable[[uuid.UUID], flow.Opened]


@dataclass(frozen=True)
class Beginning:
    """A request to begin a verification. Two with the same `scope` and `idempotency_key` are one request sent twice."""

    scope: str
    idempotency_key: uuid.UUID = field(repr=False)
    content: Mapping[str, object] = field(repr=False)
    key: PublishableKey | None
    device: str = ""
    app_hash: str = ""


@dataclass(frozen=True)
class Begun:
    """A verification that has begun. `auth_token` is None if the device was checked, or has to agree to a move."""

    row: ApiVerification
    session: OnboardingSession
    client_secret: str = field(repr=False)
    auth_token: str | None = field(repr=False)


def begin(beginning: Beginning, start: Start) -> Begun:
    """Begin a verification by `start`, or return what the same request began before.

    `start` gets the session's start_key, with which it can succeed once. Raises what it raises; Problem if the same
    request is still under way, or if another one had this Idempotency-Key.
    """
    row = _row(beginning)
    session = current(row)
    if session and not _has_failed(session, row):
        return _repeated(row, session, beginning)
    if session:
        _prepare_again(row, session)
    try:
        opened = start(row.session_id)
    except NOT_STARTED as error:
        session = current(row)
        if session is None:
            _unbegun().filter(pk=row.pk).delete()
        elif isinstance(error, StaleState) or (
            isinstance(error, UpstreamError) and session.state == State.REBIND_OFFERED
        ):
            return _repeated(_row(beginning), session, beginning)
        raise
    row.sealed_auth_token = tokens.seal(opened.auth_token, row, beginning.idempotency_key)
    row.save()  # all of it: the same request, refused at the same time, may have deleted the row
    return Begun(row, opened.session, tokens.client_secret(row, beginning.idempotency_key), opened.auth_token)


def _row(beginning: Beginning) -> ApiVerification:
    """Return the row of this request, a new one if it is the first time. Raises Problem."""
    rows = ApiVerification.objects.select_related("key")
    known = rows.filter(idempotency_hash__in=tokens.idempotency_hashes(beginning.scope, beginning.idempotency_key))
    hashes = tokens.request_hashes(beginning.content)
    row = known.first()
    if row is None:
        ApiVerification.objects.bulk_create(
            [_new_row(beginning)], ignore_conflicts=True
        )  # another one at the same time
        row = known.get()
    if row.request_hash not in hashes:
        raise Problem("idempotency_key_reused")
    return row


def _new_row(beginning: Beginning) -> ApiVerification:
    row = ApiVerification(key=beginning.key, device=beginning.device, app_hash=beginning.app_hash)
    row.idempotency_hash = tokens.idempotency_hashes(beginning.scope, beginning.idempotency_key)[0]
    # One that is refused deletes the row: if the same request is under way, the next one must not begin a second flow.
    row.pk, row.session_id = tokens.ids(row.idempotency_hash)
    row.request_hash = tokens.request_hashes(beginning.content)[0]
    row.secret_hash = tokens.hash_of(tokens.client_secret(row, beginning.idempotency_key))
    return row


def device_hash(named: str) -> str:
    """Return what the device counts by: the hash that it had before a rotation of keys, if it was seen then."""
    now, *former = tokens.keyed_hashes("device", named)
    seen = ApiVerification.objects.exclude(device="").filter(device__in=former).order_by("device")
    return (seen.values_list("device", flat=True).first() if former else None) or now


def _has_failed(session: OnboardingSession, row: ApiVerification) -> bool:
    """Return whether the start failed, or its process ended before it could keep the authToken."""
    lost = _lacks_token(session, row) and has_passed(session.moved_at + CLAIM_TIMEOUT, session)
    return session.state == State.FAILED or lost


def _lacks_token(session: OnboardingSession, row: ApiVerification) -> bool:
    return session.state == State.STARTED and not session.status_calls and not row.sealed_auth_token


def _prepare_again(row: ApiVerification, session: OnboardingSession) -> None:
    """Let the row name a session that can be started. Nobody has the authToken of the one that failed."""
    if session.is_open:
        flow.abandon(session=session)
    ApiVerification.objects.filter(pk=row.pk, session_id=row.session_id).update(session_id=uuid.uuid4())
    row.refresh_from_db(fields=["session"])


def _repeated(row: ApiVerification, session: OnboardingSession, beginning: Beginning) -> Begun:
    """Return what the same request began. Raises Problem while it is under way."""
    if session.state == State.STARTING or _lacks_token(session, row):
        raise Problem("in_progress", retry_after=1)
    auth_token = tokens.unseal(row, beginning.idempotency_key) if session.state == State.STARTED else None
    return Begun(row, session, tokens.client_secret(row, beginning.idempotency_key), auth_token)


def current(row: ApiVerification) -> OnboardingSession | None:
    """Return the session after `flow.catch_up`, with its binding; None if it was never started."""
    sessions = OnboardingSession.timed.filter(start_key=row.session_id).select_related("binding__user")
    return flow.current(lambda: sessions.all().first())


def forget_token(row: ApiVerification) -> None:
    """Forget the authToken: the device check is over."""
    if row.sealed_auth_token:
        ApiVerification.objects.filter(pk=row.pk).update(sealed_auth_token="")


def forget_old(**_signal: Any) -> None:
    """Delete what never came to a session, and tokens that Prove accepts no more."""
    old = ApiVerification.objects.filter(created_at__lte=Now() - KEPT)
    old.exclude(sealed_auth_token="").update(sealed_auth_token="")
    _unbegun().filter(created_at__lte=Now() - KEPT).delete()


def _unbegun() -> QuerySet[ApiVerification]:
    """Return the rows without a session."""
    return ApiVerification.objects.exclude(Exists(OnboardingSession.objects.filter(start_key=OuterRef("session_id"))))


def forget_all(**_signal: Any) -> None:
    """End what all clients hold, after a restored backup."""
    ApiVerification.objects.all().delete()
