"""The names that the back ends of Prove's demo apps have, as thin aliases. Where they have Prove's correlationId, these
have our client_secret: so an app that was made for such a back end needs another URL and a key.
"""

import uuid
from typing import Literal

from django.http import HttpRequest
from ninja import Router

from onboarding.api import answers, schemas
from onboarding.api.access import auth, tokens
from onboarding.api.beginning import begin
from onboarding.api.endpoints import views
from onboarding.api.problems import Problem
from onboarding.api.schemas import Status
from onboarding.domain.states import State

router = Router(tags=["aliases"], auth=auth.AppKey())


@router.post("/initialize", response={200: schemas.Initialized, **views.REFUSED}, operation_id="initialize")
def initialize(request: HttpRequest, body: schemas.Initialize) -> schemas.Initialized:
    """Begin a verification, as `POST /verifications` does; not to be repeated, for want of an Idempotency-Key."""
    platform: Literal["web", "ios"] = "web" if "Origin" in request.headers else "ios"
    new = schemas.NewVerification(phone_number=body.phoneNumber, platform=platform)
    begun = begin(request, new, uuid.uuid4())
    return schemas.Initialized(authToken=begun.auth_token, correlationId=begun.client_secret)


@router.post("/verify", response={200: schemas.Verified, **views.REFUSED}, operation_id="verify")
def verify(request: HttpRequest, body: schemas.Verify) -> schemas.Verified:
    """Have Prove asked what the device proved, as `POST /verifications/{id}/device` does."""
    row, key = tokens.find(body.correlationId, "pfc"), auth.auth_of(request)
    if row is None or row.key != key:
        raise Problem("not_found")
    session = views.check_device(request, row)
    told = answers.verification(row, session)
    verified = told.status in (Status.LINKED, Status.RECOGNIZED)
    needs_code = session.state in (State.POSSESSION_REQUIRED, State.SENDING_CODE, State.CODE_SENT)
    success: Literal["true", "false", "possession_required", "pending"] = "false"
    if verified or needs_code:
        success = "true" if verified else "possession_required"
    elif session.state in (State.STARTED, State.CHECKING_DEVICE):
        success = "pending"
    return schemas.Verified(success=success, verified=verified, fallbackRequired=needs_code, verification=told)
