"""The device API, which the Web SDK calls from the browser: POST /v1/client/...

It is not documented. This module implements what @prove-identity/prove-auth 3.6.2 was observed to need.
"""

import uuid
from typing import Any
from urllib.parse import urlsplit

from sandbox.prove import jwts, signatures, wire
from sandbox.state.records import Challenge, Device, Flow, Handset
from sandbox.wire.call import Call, json_body, route
from sandbox.wire.reply import Refusal, Reply

DONE = Reply({"next": "done"})
STOP = Reply({"next": ""})  # with "silent" the SDK would repeat the call without end
CLIENT_FAILURE, PROHIBITED, NO_DEVICE_FOUND = 10002, 10003, 10006
IDLE_LIFE_S = 365 * 24 * 60 * 60  # https://developer.prove.com/docs/unify-flow: twelve months
CHALLENGE_LIFE_S = 300


def in_flow(call: Call) -> None:
    """The guard of calls with an authToken. Remembers the host of the page, for the texts to this number."""
    wire.require(call, "POST")
    flow = _flow_of(call)
    call.number = flow.number
    call.facts["correlationId"] = flow.correlation_id
    handset = call.store.get(Handset, flow.number) or Handset(flow.number)
    handset.host = _host(call.request.headers.get("Origin") or call.origin)
    call.store.save(handset)


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""


def without_token(call: Call) -> None:
    """The guard of calls outside a flow, for which the SDK has no authToken: a signature authenticates them."""
    wire.require(call, "POST")


@route("prove.device_register", in_flow, cross_origin=True)
def register(call: Call) -> Reply:
    """Idempotent: a browser may repeat the call, and gets one device per flow and key."""
    flow, fields = _flow_of(call), _body(call)
    key, signature = _registration(fields)
    if not signatures.valid(key["key"], signature, flow.challenge):
        raise _failure(CLIENT_FAILURE, "signature does not match")
    known = [d for d in call.store.find(Device, key_id=key["id"]) if d.registered_by == flow.correlation_id]
    device = known[0] if known else _new_device(call, flow, key, str(fields.get("deviceName", "")))
    call.store.save(device)
    _set_device(call, flow, device)
    return Reply({"next": "done", "data": {"deviceId": device.device_id}})


def _new_device(call: Call, flow: Flow, key: dict[str, str], name: str) -> Device:
    return Device(
        device_id=str(uuid.uuid4()),
        key_id=key["id"],
        public_key=key["key"],
        name=name[:80],
        registered_by=flow.correlation_id,
        registered_at=call.now,
        used_at=call.now,
        region=flow.region,
    )


@route("prove.device_verify", in_flow, cross_origin=True)
def verify(call: Call) -> Reply:
    """Verifies that the browser has a registered key. Raises Refusal for an unknown device or a wrong signature."""
    flow, fields = _flow_of(call), _body(call)
    device = _device(call, fields)
    if device is None or device.key_id != fields.get("keyId"):
        raise _unknown_device(call)
    if not signatures.valid(device.public_key, fields.get("signature"), f"{device.device_id}:{flow.challenge}"):
        raise _failure(CLIENT_FAILURE, "signature does not match")
    device.used_at = call.now
    call.store.save(device)
    _set_device(call, flow, device)
    return DONE


@route("prove.device_error", in_flow, cross_origin=True)
def error(call: Call) -> Reply:
    """The SDK reports its errors here. If it has lost its deviceId, it is told to forget the key as well."""
    fields = _body(call)
    call.facts["reported"] = {name: str(fields.get(name, ""))[:200] for name in ("code", "message")}
    if "DeviceId is missing" in str(fields.get("message")):
        raise _unknown_device(call)
    _verify_signature_if_any(call)
    return STOP


@route("prove.device_challenge", without_token, cross_origin=True)
def challenge(call: Call) -> Reply:
    """A challenge for the device to sign in its next request. Raises Refusal for an unknown device."""
    device = _device(call, _body(call))
    if device is None:
        raise _failure(NO_DEVICE_FOUND, "no device found")
    call.number = device.number
    new = Challenge(uuid.uuid4().hex, device.device_id, call.now + CHALLENGE_LIFE_S)
    call.store.save(new)
    return Reply({"challenge": new.challenge, "deviceId": device.device_id, "ttl": CHALLENGE_LIFE_S})


@route("prove.device_unregister", without_token, cross_origin=True)
def unregister(call: Call) -> Reply:
    """Revokes the device that signed the request. Raises Refusal for an unknown device or a wrong signature."""
    device = _device(call, _body(call))
    if device is None:
        raise _failure(NO_DEVICE_FOUND, "no device found")
    call.number = device.number
    if not signatures.request_is_signed_by(call, device):
        raise _failure(PROHIBITED, "request is not signed")
    device.revoked = True
    call.store.save(device)
    return STOP


@route("prove.stepup_unregister", without_token, cross_origin=True)
def unregister_passkey(call: Call) -> Reply:
    """Does nothing, because the sandbox has no passkeys."""
    _verify_signature_if_any(call)
    return STOP


def _flow_of(call: Call) -> Flow:
    """The flow of the call's authToken. Raises Refusal (401) if the token is invalid, or if its flow has been bound."""
    auth_id, region = jwts.auth_id(call.store, wire.bearer(call), call.now), wire.region(call)
    flows = call.store.find(Flow, auth_id=auth_id, region=region)
    if not flows or (flows[0].bound and call.switch("auth_token_reuse") == "refused"):
        raise wire.refusal(8002)
    return flows[0]


def _set_device(call: Call, flow: Flow, device: Device) -> None:
    if not flow.bound:
        flow.device_id, flow.proved_at = device.device_id, call.now
        call.store.save(flow)
    call.effects["deviceId"] = device.device_id


def _device(call: Call, fields: dict[str, Any]) -> Device | None:
    """The call's device, or None if it is unknown, revoked or has been idle for a year."""
    device = call.store.get(Device, str(fields.get("deviceId", "")))
    if device is None or device.revoked or device.region != wire.region(call):
        return None
    if call.now > device.used_at + IDLE_LIFE_S:
        return None
    return device


def _body(call: Call) -> dict[str, Any]:
    try:
        return json_body(call.request)
    except ValueError:
        raise _failure(CLIENT_FAILURE, "request body is not valid JSON") from None


def _registration(fields: dict[str, Any]) -> tuple[dict[str, str], str]:
    """The public key (`id`, `alg`, `key`) and its signature. Raises Refusal if the body is malformed."""
    match fields:
        case {
            "registrations": [{"publicKey": {"id": str(), "alg": "ES256", "key": str()} as key, "signature": signature}]
        }:
            return key, str(signature)
    raise _failure(CLIENT_FAILURE, "registration is malformed")


def _verify_signature_if_any(call: Call) -> None:
    if "PA-KID" not in call.request.headers:
        return
    devices = call.store.find(Device, key_id=call.request.headers["PA-KID"])
    if not devices:
        raise _failure(NO_DEVICE_FOUND, "no device found")
    if not signatures.request_is_signed_by(call, devices[0]):
        raise _failure(PROHIBITED, "signature does not match")


def _unknown_device(call: Call) -> Refusal:
    """On 10006 the SDK forgets its key. If `next` is not empty, it registers a new one in the same call."""
    heals = call.switch("unknown_device") == "heal"
    return _failure(NO_DEVICE_FOUND, "no device found", "device/passive/silent" if heals else "")


def _failure(code: int, message: str, next_step: str = "") -> Refusal:
    """An error with HTTP 200, because the SDK reads the body of no other status."""
    return Refusal(Reply({"next": next_step, "error": {"code": code, "message": message}}))
