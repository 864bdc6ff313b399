"""Verify v2: https://www.twilio.com/docs/verify/api/verification and .../verification-check"""

import re
import secrets
from typing import Any

from sandbox.state import people
from sandbox.state.clock import iso
from sandbox.state.records import Verification
from sandbox.twilio import messages, options, texts, wire
from sandbox.twilio.wire import refusal
from sandbox.wire.call import Call, route
from sandbox.wire.reply import Reply

# https://www.twilio.com/docs/verify/api/rate-limits-and-timeouts
CODE_LIFE_S = 10 * 60
MAX_SENDS = 5
MAX_CHECKS = 5
CODE_DIGITS = 6
CHANNELS = ("sms", "call")
OTHER_CHANNELS = ("whatsapp", "sna", "auto", "rcs")
# Codes that refuse texts but not calls: https://www.twilio.com/docs/verify/preventing-toll-fraud/sms-fraud-guard
SMS_ONLY = (60205, 60410, 21610, 21612)
RISK_CODES = (60410, 60605)  # codes that RiskCheck=disable turns off


@route("twilio.verification", wire.service)
def create(call: Call) -> Reply:
    """Starts a verification, or sends the code of the pending one again."""
    form = call.request.POST
    call.number, channel = form.get("To", ""), form.get("Channel", "")
    _validate(call, channel)
    _require_deliverable(call, channel)
    verification = _pending(call) or _new(call, channel)
    if _sends(call) >= MAX_SENDS:
        raise refusal(call, 60203)
    attempt = {"time": iso(call.now), "channel": channel.upper(), "attempt_sid": "VL" + secrets.token_hex(16)}
    verification.attempts.append(attempt)
    verification.channel, verification.updated_at = channel, call.now
    call.store.save(verification)
    messages.send_code(call, verification)
    call.effects |= {"sid": verification.sid, "sends": len(verification.attempts)}
    return Reply(_resource(verification), 201)


@route("twilio.verification_check", wire.service)
def check(call: Call) -> Reply:
    """Checks a code. A wrong one is no error: HTTP 200 and still `pending`.

    https://www.twilio.com/docs/api/errors/60202
    """
    form = call.request.POST
    verification = _found(call, form.get("VerificationSid", ""), form.get("To", ""))
    if not 4 <= len(form.get("Code", "")) <= 10:
        raise wire.invalid(call, "Code")
    verification.checks += 1
    verification.updated_at = call.now
    if verification.checks > MAX_CHECKS:
        verification.status = "max_attempts_reached"
    elif form["Code"] == verification.code:
        verification.status = "approved"
    call.store.save(verification)
    if verification.checks > MAX_CHECKS:
        raise wire.not_found(call) if call.switch("twilio_sixth_check") == "20404" else refusal(call, 60202)
    call.effects |= {"approved": verification.status == "approved", "checks": verification.checks}
    return Reply(_common(verification) | {"sna_attempts_error_codes": None})


@route("twilio.verification_fetch", wire.service)
def fetch(call: Call) -> Reply:
    """Finds pending and cancelled verifications, but not approved or expired ones, by sid or by number."""
    return Reply(_resource(_found(call, *_sid_or_number(call), also=("canceled",))))


@route("twilio.verification_update", wire.service)
def update(call: Call) -> Reply:
    """Cancels or approves a verification, found by sid or by number. Raises Refusal if it is not found."""
    verification = _found(call, *_sid_or_number(call))
    status = call.request.POST.get("Status", "")
    if status not in ("canceled", "approved"):
        raise wire.invalid(call, "Status")
    verification.status, verification.updated_at = status, call.now
    call.store.save(verification)
    call.effects["status"] = status
    return Reply(_resource(verification))


def _sid_or_number(call: Call) -> tuple[str, str]:
    """What the path has: a sid and no number, or a number and no sid."""
    written = call.arguments["sid"]
    return ("", written) if written.startswith("+") else (written, "")


def _validate(call: Call, channel: str) -> None:
    form = call.request.POST
    if channel == "email":
        raise refusal(call, 60217)
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", call.number):
        raise wire.invalid(call, "To")
    if channel in OTHER_CHANNELS:
        raise refusal(call, 60223, channel.upper())
    if channel not in CHANNELS:
        raise wire.invalid(call, "Channel")
    options.validate(call)
    if form.get("Locale", "en") not in (*texts.TEXTS, *texts.OTHER_LOCALES):
        raise wire.invalid(call, "Locale") if call.switch("twilio_bad_locale") == "60200" else wire.not_found(call)
    if "AppHash" in form and channel != "sms":
        raise refusal(call, 60602)
    if "CustomCode" in form:
        raise refusal(call, 60204, "CustomCode")


def _require_deliverable(call: Call, channel: str) -> None:
    """Raises Refusal if the number takes no messages by this channel."""
    code = people.person(call.number).twilio_code
    ignored = call.request.POST.get("RiskCheck") == "disable" and code in RISK_CODES and channel == "sms"
    if code and not ignored and not (channel == "call" and code in SMS_ONLY):
        raise refusal(call, code)


def _current(call: Call) -> list[Verification]:
    """The number's verifications that are not expired, approved or cancelled, newest last."""
    known = call.store.find(Verification, number=call.number)
    return [
        v for v in known if v.status in ("pending", "max_attempts_reached") and call.now < v.created_at + CODE_LIFE_S
    ]


def _pending(call: Call) -> Verification | None:
    """The verification to send again, or None. One without checks left is replaced by a new verification."""
    return next((v for v in reversed(_current(call)) if v.status == "pending" and v.checks < MAX_CHECKS), None)


def _sends(call: Call) -> int:
    return sum(len(v.attempts) for v in _current(call))


def _new(call: Call, channel: str) -> Verification:
    code = str(secrets.randbelow(10**CODE_DIGITS)).zfill(CODE_DIGITS)
    return Verification("VE" + secrets.token_hex(16), call.number, code, channel, "pending", call.now, call.now)


def _found(call: Call, sid: str, number: str, also: tuple[str, ...] = ()) -> Verification:
    """The verification with this sid, or the number's latest. `also`: further statuses that count as found.

    Raises Refusal if there is none: Twilio does not tell approved, expired and unknown verifications apart.
    """
    if not sid and not number:
        raise refusal(call, 60221)
    candidates = call.store.find(Verification, **({"sid": sid} if sid else {"number": number}))
    call.number = candidates[-1].number if candidates else number
    if not sid and not candidates and call.switch("twilio_unknown_number") == "60200":
        raise wire.invalid(call, "To")
    call.facts["sid"] = sid
    found = [v for v in candidates if v in _current(call) or v.status in also]
    if not found:
        raise wire.not_found(call)
    call.facts["sid"] = found[-1].sid
    return found[-1]


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
