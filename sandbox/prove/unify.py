"""Unify with customer-supplied possession: unify, unify-status, unify-bind.

https://developer.prove.com/reference/unify-request (and unify-status-request, unify-bind-request)
"""

import re
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.prove import jwts, wire
from sandbox.prove.identity import new_identity, prove_id_of
from sandbox.prove.regions import region_of
from sandbox.prove.wire import body, flag, refusal, text
from sandbox.state import people
from sandbox.state.records import Device, Flow, Identity
from sandbox.wire.call import Call, route
from sandbox.wire.reply import Reply

FLOW_LIFE_S = 60 * 60  # assumed: no lifetime of a correlationId is documented
# Patterns of the fields that are validated but not used (`proveId` is used only without a phoneNumber).
UNUSED_TEXTS = {
    **dict.fromkeys(("proveId", "deviceId", "clientCustomerId"), ".*"),
    "emailAddress": "[A-Za-z0-9@.+]*",
    "ipAddress": "[A-Za-z0-9.:]*",
    "finalTargetUrl": "[A-Za-z0-9._+=/:?-]{0,128}",
    "smsMessage": ".{0,160}",
}
BOUND_TO_ANOTHER = {"9101": people.REASONS["9101"]}


@route("prove.unify", wire.server_call)
def unify(call: Call) -> Reply:
    """Starts a flow. Raises Refusal for an invalid field, or for a number that is not served."""
    fields = body(call)
    _require_offered(text(fields, "possessionType"))
    request_id = text(fields, "clientRequestId", required=call.switch("client_request_id") == "required")
    written = _number(call, fields)
    _require_served(call)
    echo = {"phoneNumber": written, "clientRequestId": request_id}
    echo["clientHumanId"] = text(fields, "clientHumanId", required=False)
    _validate_unused(fields)
    flow = Flow(
        correlation_id=str(uuid.uuid4()),
        number=call.number,
        rebind=flag(fields, "rebind"),
        started_at=call.now,
        auth_id=str(uuid.uuid4()),
        challenge=secrets.token_hex(32),
        echo=echo,
        check_reputation=flag(fields, "checkReputation"),
        region=wire.region(call),
    )
    call.store.save(flow)
    call.effects["correlationId"] = flow.correlation_id
    call.facts |= {"rebind": flow.rebind, "checkReputation": flow.check_reputation}
    auth_token = jwts.new_auth_token(call.store, flow, call.origin, call.now)
    return _reply(call, "pending", correlationId=flow.correlation_id, authToken=auth_token)


@route("prove.unify_status", wire.server_call)
def unify_status(call: Call) -> Reply:
    """The state of the flow. Raises Refusal for an unknown or expired one."""
    fields = body(call)
    flow = _flow(call, fields)
    if flow.bound:
        return _result(call, flow, fields, call.switch("status_after_bind"))
    return _result(call, flow, fields, *_state(call, flow))


def _state(call: Call, flow: Flow) -> tuple[str, Mapping[str, str]]:
    """`success` and its failure reasons, by the state of the browser's key and of the number."""
    person = people.person(flow.number)
    device = _device(call, flow)
    if person.short_term:
        return "true", {}
    if device is None:
        return call.switch("status_before_device"), {}
    if call.now < flow.proved_at + person.pending_s:
        return "pending", {}
    if person.status_reasons:
        return "false", person.status_reasons
    if flow.rebind or not device.number:
        return "possession_required", person.reputation if flow.check_reputation else {}
    if device.number != flow.number:
        return "false", BOUND_TO_ANOTHER
    return "true", {}


@route("prove.unify_bind", wire.server_call)
def unify_bind(call: Call) -> Reply:
    """Binds the number to the key that signed in the flow. Raises Refusal unless its status was possession_required."""
    fields = body(call)
    flow = _flow(call, fields)
    device = _device(call, flow)
    written = text(fields, "phoneNumber")
    if flow.bound and call.switch("repeated_bind") == "true":
        return _result(call, flow, fields, "true")
    if flow.bound or device is None or flow.success != "possession_required":
        raise refusal(int(call.switch("out_of_order")))
    if _e164(written) != flow.number:
        return _result(call, flow, fields, "false", about_bind=True)
    reasons = people.person(flow.number).bind_reasons
    if device.number not in ("", flow.number) and not flow.rebind:  # another flow bound the key after unify-status
        reasons = BOUND_TO_ANOTHER
    if reasons:
        return _result(call, flow, fields, "false", reasons, about_bind=True)
    _bind(call, flow, device)
    return _result(call, flow, fields, "true", about_bind=True)


def _bind(call: Call, flow: Flow, device: Device) -> None:
    device.number, device.bound_at, device.used_at = flow.number, call.now, call.now
    flow.bound = True
    call.store.save(flow)
    if people.person(flow.number).recycled:
        new_identity(call.store, flow.number, call.now)
    device.prove_id = prove_id_of(call.store, flow.number, call.now)
    call.store.save(device)
    call.effects["bound"] = True


def _result(
    call: Call,
    flow: Flow,
    fields: Mapping[str, Any],
    success: str,
    reasons: Mapping[str, str] = {},
    *,
    about_bind: bool = False,
) -> Reply:
    """The reply of unify-status and unify-bind. Also stores `success` in the flow, for unify-bind to check."""
    call.facts["success"] = success
    if not about_bind and not flow.bound:
        flow.success = success
        call.store.save(flow)
    evaluation = {} if about_bind and call.switch("bind_evaluation") == "absent" else _evaluation(success, reasons)
    person = {"proveId": _prove_id(call, flow), "deviceId": flow.device_id} if success == "true" else {}
    request_id = text(dict(fields), "clientRequestId", required=False) or flow.echo["clientRequestId"]
    return _reply(call, success, **(flow.echo | {"clientRequestId": request_id} | person), evaluation=evaluation)


def _prove_id(call: Call, flow: Flow) -> str:
    device = _device(call, flow)
    if device and device.prove_id and call.switch("recycled_prove_id") == "of_key":
        return device.prove_id
    return prove_id_of(call.store, flow.number, call.now)


def _evaluation(success: str, reasons: Mapping[str, str]) -> dict[str, Any]:
    """The `evaluation` object, empty for none. https://developer.prove.com/docs/global-fraud-policy"""
    if not reasons and success not in ("true", "possession_required"):
        return {}
    failures: dict[str, dict[str, str]] = {}
    for code, meaning in reasons.items():
        failures.setdefault(_category(success, code), {})[code] = meaning
    passed: dict[str, Any] = {category: {"result": "pass"} for category in ("authentication", "risk")}
    return passed | {category: {"result": "fail", "failureReasons": found} for category, found in failures.items()}


def _category(success: str, code: str) -> str:
    """The category of `evaluation` for this reason: `risk` unless `success` is false."""
    if success != "false":
        return "risk"
    return "identification" if code in people.IDENTITY_REASONS else "authentication"


def _reply(call: Call, success: str, **fields: Any) -> Reply:
    """A reply without the empty fields: Prove sends neither null nor empty objects."""
    as_boolean = call.switch("success_type") == "boolean" and success in ("true", "false")
    present = {name: value for name, value in fields.items() if value}
    return Reply({"success": success == "true" if as_boolean else success, **present})


def _device(call: Call, flow: Flow) -> Device | None:
    """The device that signed in this flow, or None if there is none or it has been revoked."""
    device = call.store.get(Device, flow.device_id)
    return None if device is None or device.revoked else device


def _flow(call: Call, fields: dict[str, Any]) -> Flow:
    """The flow with the call's correlationId. Raises Refusal if it is unknown or has expired."""
    correlation_id = text(fields, "correlationId")
    call.facts["correlationId"] = correlation_id
    flow = call.store.get(Flow, correlation_id)
    if flow is None or flow.region != wire.region(call) or call.now > flow.started_at + FLOW_LIFE_S:
        raise wire.refusal_with_switched_status(call, 8008)
    call.number = flow.number
    return flow


def _require_offered(possession_type: str) -> None:
    if possession_type in ("mobile", "desktop"):
        raise refusal(1001, f"possessionType '{possession_type}' is not offered by this sandbox, only 'none' is")
    if possession_type != "none":
        raise refusal(1001, "field 'possessionType' is invalid")


def _validate_unused(fields: dict[str, Any]) -> None:
    for name, pattern in UNUSED_TEXTS.items():
        if not re.fullmatch(pattern, text(fields, name, required=False), re.DOTALL):
            raise refusal(1001, f"field '{name}' is invalid")
    flag(fields, "allowOTPRetry")


def _number(call: Call, fields: dict[str, Any]) -> str:
    """The phone number as the caller wrote it, or that of the proveId. Sets `call.number` to it in E.164."""
    written = text(fields, "phoneNumber", required=False)
    if not written:
        known = call.store.find(Identity, prove_id=text(fields, "proveId", required=False))
        if not known:
            raise refusal(1001, "field 'phoneNumber' is missing")
        written = known[0].number
    call.number = _e164(written)
    return written


def _e164(written: str) -> str:
    try:
        return people.e164(written)
    except ValueError:
        raise refusal(1001, "field 'phoneNumber' is invalid") from None


def _require_served(call: Call) -> None:
    """Raises Refusal for a number of another region, or one that this sandbox refuses."""
    if call.switch("region") == "own" and region_of(call.number) != wire.region(call):
        raise wire.forbidden()
    if code := people.person(call.number).api_code:
        raise wire.refusal_with_switched_status(call, code)
    if call.switch("numbers") == "listed" and call.number not in people.PEOPLE:
        raise wire.refusal_with_switched_status(call, 8007)
