"""Verify v2: https://www.twilio.com/docs/verify/api/verification and .../verification-check"""

import re
import secrets
from typing import Any

from sandbox.state import people
from sandbox.state.clock import iso
from sandbox.state.records import Verification
from sandbox.twilio import messages, texts, wire
from sandbox.twilio.wire import refusal
from sandbox.wire.call import Call, route
from sandbox.wire.reply import Reply

# https://www.twilio.com/docs/verify/api/rate-limits-and-timeouts
CODE_LIFE_S = 10 * 60
MOST_SENDS = 5
MOST_CHECKS = 5
CODE_DIGITS = 6
CHANNELS = ("sms", "call")
OTHER_CHANNELS = ("whatsapp", "email", "sna", "auto", "rcs")
# To these numbers a call goes through: https://www.twilio.com/docs/verify/preventing-toll-fraud/sms-fraud-guard
SMS_ONLY = (60205, 60410, 21610, 21612)
RISKS = (60410, 60605)  # what RiskCheck=disable asks not to look at
PATTERNS = {"RiskCheck": "enable|disable", "TemplateSid": "HJ[0-9a-fA-F]{32}"}


@route("twilio.verification", wire.service)
def create(call: Call) -> Reply:
    """A resend within the code's life sends the same code of the same verification again."""
    form = call.request.POST
    call.number, channel = form.get("To", ""), form.get("Channel", "")
    _acceptable(call, channel)
    _deliverable(call, channel)
    verification = _pending(call) or _new(call, channel)
    if _sends(call) >= MOST_SENDS:
        raise refusal(call, 60203)
    attempt = {"time": iso(call.now), "channel": channel.upper(), "attempt_sid": "VL" + secrets.token_hex(16)}
    verification.attempts.append(attempt)
    verification.channel, verification.updated_at = channel, call.now
    call.store.save(verification)
    messages.send(call, verification)
    call.effects |= {"sid": verification.sid, "sends": len(verification.attempts)}
    return Reply(_resource(verification), 201)


@route("twilio.verification_check", wire.service)
def check(call: Call) -> Reply:
    """A wrong code is no error: 200, still pending. https://www.twilio.com/docs/api/errors/60202"""
    form = call.request.POST
    verification = _found(call, form.get("VerificationSid", ""), form.get("To", ""))
    if not 4 <= len(form.get("Code", "")) <= 10:
        raise refusal(call, 60200, "Code")
    verification.checks += 1
    verification.updated_at = call.now
    if verification.checks > MOST_CHECKS:
        verification.status = "max_attempts_reached"
    elif form["Code"] == verification.code:
        verification.status = "approved"
    call.store.save(verification)
    if verification.checks > MOST_CHECKS:
        raise wire.not_found(call) if call.switch("twilio_sixth_check") == "20404" else refusal(call, 60202)
    call.effects |= {"approved": verification.status == "approved", "checks": verification.checks}
    return Reply(_common(verification) | {"sna_attempts_error_codes": None})


@route("twilio.verification_fetch", wire.service)
def fetch(call: Call) -> Reply:
    """Approved and expired ones are gone, cancelled ones are not."""
    return Reply(_resource(_found(call, call.arguments["sid"], "", also=("canceled",))))


@route("twilio.verification_update", wire.service)
def update(call: Call) -> Reply:
    verification = _found(call, call.arguments["sid"], "")
    status = call.request.POST.get("Status", "")
    if status not in ("canceled", "approved"):
        raise refusal(call, 60200, "Status")
    verification.status, verification.updated_at = status, call.now
    call.store.save(verification)
    call.effects["status"] = status
    return Reply(_resource(verification))


def _acceptable(call: Call, channel: str) -> None:
    form = call.request.POST
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", call.number):
        raise refusal(call, 60200, "To")
    if channel in OTHER_CHANNELS:
        raise refusal(call, 60223, channel.upper())
    if channel not in CHANNELS:
        raise refusal(call, 60200, "Channel")
    for name, pattern in PATTERNS.items():
        if name in form and not re.fullmatch(pattern, form[name]):
            raise refusal(call, 60200, name)
    if form.get("Locale", "en") not in (*texts.TEXTS, *texts.OTHER_LOCALES):
        raise wire.not_found(call)
    if "AppHash" in form and channel != "sms":
        raise refusal(call, 60602)
    if "CustomCode" in form:
        raise refusal(call, 60204, "CustomCode")


def _deliverable(call: Call, channel: str) -> None:
    code = people.person(call.number).twilio_code
    waved_through = call.request.POST.get("RiskCheck") == "disable" and code in RISKS and channel == "sms"
    if code and not waved_through and not (channel == "call" and code in SMS_ONLY):
        raise refusal(call, code)


def _alive(call: Call) -> list[Verification]:
    """Those of the number that still count, newest last."""
    known = call.store.find(Verification, number=call.number)
    return [
        v for v in known if v.status in ("pending", "max_attempts_reached") and call.now < v.created_at + CODE_LIFE_S
    ]


def _pending(call: Call) -> Verification | None:
    """One whose checks are used up is not resumed: a new code then takes its place."""
    return next((v for v in reversed(_alive(call)) if v.status == "pending" and v.checks < MOST_CHECKS), None)


def _sends(call: Call) -> int:
    return sum(len(v.attempts) for v in _alive(call))


def _new(call: Call, channel: str) -> Verification:
    code = str(secrets.randbelow(10**CODE_DIGITS)).zfill(CODE_DIGITS)
    return Verification("VE" + secrets.token_hex(16), call.number, code, channel, "pending", call.now, call.now)


def _found(call: Call, sid: str, number: str, also: tuple[str, ...] = ()) -> Verification:
    """By sid or by number. Gone is gone: approved, expired and never begun look the same."""
    if not sid and not number:
        raise refusal(call, 60221)
    candidates = call.store.find(Verification, **({"sid": sid} if sid else {"number": number}))
    call.number = candidates[-1].number if candidates else number
    if not sid and not candidates and call.switch("twilio_unknown_number") == "60200":
        raise refusal(call, 60200, "To")
    call.facts["sid"] = sid
    alive = [v for v in candidates if v in _alive(call) or v.status in also]
    if not alive:
        raise wire.not_found(call)
    call.facts["sid"] = alive[-1].sid
    return alive[-1]


def _common(verification: Verification) -> dict[str, Any]:
    return {
        "sid": verification.sid,
        "service_sid": wire.SERVICE_SID,
        "account_sid": wire.ACCOUNT_SID,
        "to": verification.number,
        "channel": verification.channel,
        "status": verification.status,
        "valid": verification.status == "approved",
        "amount": None,
        "payee": None,
        "date_created": iso(verification.created_at),
        "date_updated": iso(verification.updated_at),
    }


def _resource(verification: Verification) -> dict[str, Any]:
    url = f"https://verify.twilio.com/v2/Services/{wire.SERVICE_SID}/Verifications/{verification.sid}"
    extra: dict[str, Any] = {"lookup": {}, "send_code_attempts": verification.attempts, "sna": None, "url": url}
    return _common(verification) | extra
