"""Begins a verification for a caller: who may, with which app, for which number."""

import uuid
from typing import Any

from django.http import HttpRequest

from onboarding.api import auth, schemas, tokens, verifications
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
    device = tokens.keyed_hash("device", f"{scope} {body.device_id}") if body.device_id else ""
    previous = _previous(body.previous_client_secret)

    def start(start_key: uuid.UUID) -> flow.Opened:
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
