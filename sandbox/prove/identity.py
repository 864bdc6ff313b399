"""Identities (proveIds) and their devices: look up, and revoke a device.

https://developer.prove.com/reference/revoke-request. The fields of an identity are assumed.
"""

import uuid

from sandbox.prove import wire
from sandbox.prove.wire import refusal, text
from sandbox.state import people
from sandbox.state.records import Device, Identity
from sandbox.state.store import Store
from sandbox.wire.call import Call, route
from sandbox.wire.reply import Reply


def prove_id_of(store: Store, number: str) -> str:
    """The number's proveId, created on first use."""
    identity = store.get(Identity, number)
    if identity is None:
        identity = Identity(number, str(uuid.uuid4()))
        store.save(identity)
    return identity.prove_id


@route("prove.device_revoke", wire.server_call)
def revoke(call: Call) -> Reply:
    """`success` is a boolean in this route. Revoking a device twice is no error."""
    fields = wire.body(call)
    text(fields, "clientRequestId")
    device = call.store.get(Device, text(fields, "deviceId"))
    call.facts["deviceId"] = fields["deviceId"]
    if device is None:
        raise refusal(8011)
    call.number = device.number
    device.revoked = True
    call.store.save(device)
    return Reply({"success": True})


def lookup_call(call: Call) -> None:
    """The guard of GET calls."""
    wire.require(call, "GET")
    wire.authenticated(call)


@route("prove.identity_lookup", lookup_call)
def lookup(call: Call) -> Reply:
    """GET /v3/identity/{mobileNumber}/lookup"""
    try:
        call.number = people.e164(call.arguments["number"])
    except ValueError:
        raise refusal(8011) from None
    return _record(call, call.store.get(Identity, call.number))


@route("prove.identity", lookup_call)
def identity(call: Call) -> Reply:
    """GET /v3/identity/{proveId}"""
    found = call.store.find(Identity, prove_id=call.arguments["prove_id"])
    return _record(call, found[0] if found else None)


def _record(call: Call, found: Identity | None) -> Reply:
    if found is None:
        raise refusal(8011)
    call.number = found.number
    devices = [device for device in call.store.find(Device, number=found.number) if not device.revoked]
    record = {
        "success": True,
        "proveId": found.prove_id,
        "phoneNumber": found.number,
        "lineType": people.person(found.number).line_type,
        "isActive": True,
    }
    return Reply(record | ({"deviceId": devices[-1].device_id} if devices else {}))
