"""Identities (proveIds) and their devices: look up, and revoke a device.

https://developer.prove.com/reference/revoke-request. The fields of an identity are those of the types of Prove's SDKs.
"""

import uuid
from datetime import UTC, datetime
from typing import Any

import phonenumbers

from sandbox.prove import wire
from sandbox.prove.wire import refusal, text
from sandbox.state import people
from sandbox.state.records import Device, Identity
from sandbox.state.store import Store
from sandbox.wire.call import Call, route
from sandbox.wire.reply import Reply


def prove_id_of(store: Store, number: str, now: float) -> str:
    """The number's proveId, created on first use."""
    known = store.get(Identity, number) or new_identity(store, number, now)
    return known.prove_id


def new_identity(store: Store, number: str, now: float) -> Identity:
    """Gives the number a new identity, which replaces the one that it has."""
    created = Identity(number, str(uuid.uuid4()), now)
    store.save(created)
    return created


@route("prove.device_revoke", wire.server_call)
def revoke(call: Call) -> Reply:
    """`success` is a boolean in this route. Revoking a device twice is no error."""
    fields = wire.body(call)
    text(fields, "clientRequestId")
    device = call.store.get(Device, text(fields, "deviceId"))
    call.facts["deviceId"] = fields["deviceId"]
    if device is None or device.region != wire.region(call):
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
    """GET /v3/identity/{mobileNumber}/lookup: `items` has the number's identity. Without one, `items` is left out."""
    try:
        call.number = people.e164(call.arguments["number"])
    except ValueError:
        raise refusal(1001, "field 'mobileNumber' is invalid") from None
    found = call.store.get(Identity, call.number)
    return Reply({"items": [_record(call, found)]} if found else {})


@route("prove.identity", lookup_call)
def identity(call: Call) -> Reply:
    """GET /v3/identity/{proveId}. Raises Refusal if it is unknown."""
    found = call.store.find(Identity, prove_id=call.arguments["prove_id"])
    if not found:
        raise refusal(8011)
    return Reply(_record(call, found[0]))


def _record(call: Call, found: Identity) -> dict[str, Any]:
    call.number = found.number
    devices = [device for device in call.store.find(Device, number=found.number) if not device.revoked]
    created = datetime.fromtimestamp(found.created_at, UTC)
    record = {
        "active": True,
        "carrier": "Sandbox Wireless",
        "countryCode": phonenumbers.region_code_for_number(phonenumbers.parse(found.number)),
        "createdAt": int(found.created_at),
        "creationString": f"{created:%Y-%m-%d %H:%M:%S}.{created.microsecond // 1000:03} +0000 UTC",
        "deviceId": devices[-1].device_id if devices else None,
        "lineType": people.person(found.number).line_type,
        "phoneNumber": found.number,
        "proveId": found.prove_id,
    }
    return {name: value for name, value in record.items() if value is not None}
