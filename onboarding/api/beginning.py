"""Begins a verification for a caller: who may, with which app, for which number."""

import hashlib
import uuid
from typing import Any

from django.http import HttpRequest

from onboarding import hooks
from onboarding.api import schemas, verifications
from onboarding.api.access import attestation, auth, tokens
from onboarding.api.models import PublishableKey
from onboarding.api.problems import Problem
from onboarding.api.verifications import Beginning, Begun
from onboarding.domain.errors import StaleState
from onboarding.journey import flow
from onboarding.models import OnboardingSession
from onboarding.web.forms import PhoneForm


def begin(request: HttpRequest, body: schemas.NewVerification, idempotency_key: uuid.UUID) -> Begun:
    """Begin a verification for the caller. Raises Problem, Limited and UpstreamError."""
    caller = auth.auth_of(request)
    key = caller if isinstance(caller, PublishableKey) else None
    scope = f"key {key.pk}" if key else f"user {caller.binding.user_id}"
    _check_app(request, key, body)
    form = PhoneForm(_form(body, idempotency_key), languages=request.headers.get("Accept-Language", ""))
    if not form.is_valid():
        raise _invalid_number(form)
    named = body.app_attest.key_id if body.app_attest else body.device_id
    device = verifications.device_hash(f"{scope} {named}") if named else ""
    previous = _previous(body.previous_client_secret)

    def start(start_key: uuid.UUID) -> flow.Opened:
        _check_proof(request, key, body, idempotency_key)
        return flow.start(
            number=form.cleaned_data["phone"],
            start_key=start_key,
            accepted=form.cleaned_data["notices"],
            previous=previous,
            address=auth.caller(request, key, device),
            device_name=body.device_name,
        )

    content = body.model_dump(mode="json", exclude={"app_attest", "play_integrity"})
    beginning = Beginning(scope, idempotency_key, content, key, device, body.app_hash or "")
    try:
        return verifications.begin(beginning, start)
    except StaleState:
        raise Problem("previous_is_open") from None


def _check_app(request: HttpRequest, key: PublishableKey | None, body: schemas.NewVerification) -> None:
    """Raise Problem if the key does not allow the app, or if what says to be a site is none."""
    if body.platform == "web" and "Origin" not in request.headers:
        raise Problem("origin_not_allowed")
    if key and body.platform != "web" and not key.allows_app(body.app_id):
        raise Problem("app_not_allowed")


def _check_proof(
    request: HttpRequest, key: PublishableKey | None, body: schemas.NewVerification, idempotency_key: uuid.UUID
) -> None:
    """Raise Problem if a proof of the app is needed and missing, or was refused. A repeated request needs none.

    Play Integrity vouches for Android apps only, and App Attest for Apple's.
    """
    vouched = {"android" if body.play_integrity else "", "ios" if body.app_attest else ""} - {""}
    if vouched - {body.platform}:
        raise Problem("proof_refused")
    if key and body.app_attest:
        signed = attestation.client_data_hash(body.app_attest.challenge, str(idempotency_key), body.phone_number)
        try:
            attestation.verify(body.app_attest.model_dump(), signed, key.app_ids.split())
        except attestation.NotAttested:
            raise Problem("proof_refused") from None
    claims = hooks.Claims(
        platform=body.platform,
        app_id=body.app_id,
        is_attested=bool(key and body.app_attest),
        play_integrity=body.play_integrity or "",
        request_hash=hashlib.sha256(str(idempotency_key).encode()).hexdigest(),
    )
    is_judged = bool(body.play_integrity) and hooks.is_overridden("may_begin")
    if (key and key.needs_proof and not (claims.is_attested or is_judged)) or not hooks.may_begin(request, claims):
        raise Problem("proof_refused")


def _form(body: schemas.NewVerification, start_key: uuid.UUID) -> dict[str, Any]:
    number = {"phone": body.phone_number, "country": body.country, "meant": body.confirmed_number or ""}
    form = {**number, "notices": body.notices_version, "start_key": start_key}
    return {name: value for name, value in form.items() if value is not None}


def _invalid_number(form: PhoneForm) -> Problem:
    """Return the problem with the first error of each field, and the numbers of which the person has to choose."""
    names = {"phone": "phone_number", "notices": "notices_version", "meant": "confirmed_number"}
    errors = [
        {"field": names.get(field, field), "message": str(messages[0])} for field, messages in form.errors.items()
    ]
    choices = [{"value": number.e164, "text": number.display} for number in form.choices] or None
    return Problem("invalid_number", errors[0]["message"], errors=errors, choices=choices)


def _previous(client_secret: str | None) -> OnboardingSession | None:
    """Return the session of an earlier verification of this client. Raises Problem if there is none."""
    if client_secret is None:
        return None
    row = tokens.find(client_secret, "pfc")
    session = verifications.current(row) if row else None
    if session is None:
        raise Problem("invalid", errors=[{"field": "previous_client_secret", "message": "It is unknown."}])
    return session
