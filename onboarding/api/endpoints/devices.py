"""The operations on a person: who the session token names, log-out, and the list of their devices."""

import uuid

from django.db.models.functions import Now
from django.http import HttpRequest
from ninja import Router, Status

from onboarding.api import schemas
from onboarding.api.access import auth
from onboarding.api.access.auth import Holder
from onboarding.api.endpoints.views import REFUSED
from onboarding.api.models import ApiVerification
from onboarding.api.problems import Problem
from onboarding.conf import conf
from onboarding.journey import unlinking
from onboarding.journey.bindings import devices_of

router = Router(tags=["devices"], auth=auth.SessionToken())


@router.get("/session", response={200: schemas.Person, **REFUSED}, operation_id="get_session")
def session(request: HttpRequest) -> schemas.Person:
    """Say who the token names. A back end can ask this to trust a request of the app."""
    holder: Holder = auth.auth_of(request)
    return schemas.Person(
        device_id=holder.binding.public_id,
        masked_number=holder.binding.phone.masked,
        verified_at=holder.session.moved_at,
        is_fresh=holder.is_fresh,
        expires_at=holder.session.moved_at + conf.LOGIN_LIFE,
    )


@router.delete("/session", response={204: None, **REFUSED}, operation_id="delete_session")
def log_out(request: HttpRequest) -> Status[None]:
    """Log the person out of this app. The device stays linked."""
    holder: Holder = auth.auth_of(request)
    ApiVerification.objects.filter(pk=holder.row.pk).update(ended_at=Now())
    return Status(204, None)


@router.get("/devices", response={200: list[schemas.Device], **REFUSED}, operation_id="list_devices")
def devices(request: HttpRequest) -> list[schemas.Device]:
    """List the person's linked devices, the one that was verified last first."""
    mine = auth.auth_of(request).binding
    return [
        schemas.Device(
            id=device.public_id,
            name=device.name,
            linked_at=device.created_at,
            last_seen_at=device.seen_at,
            is_this=device == mine,
            masked_number=device.phone.masked,
        )
        for device in devices_of(mine)
    ]


@router.delete("/devices/{uuid:device_id}", response={204: None, **REFUSED}, operation_id="delete_device")
def unlink(request: HttpRequest, device_id: uuid.UUID) -> Status[None]:
    """Unlink a device: this one, or another one if the person was verified shortly before (`is_fresh`)."""
    holder: Holder = auth.auth_of(request)
    device = devices_of(holder.binding).filter(public_id=device_id).first()
    if device is None:
        raise Problem("not_found")
    if device != holder.binding and not holder.is_fresh:
        raise Problem("step_up_required")
    unlinking.unlink(binding=device)
    return Status(204, None)
