"""Programmable Messaging, and the delivery of all texts and calls to the emulated phones.

https://www.twilio.com/docs/messaging/api/message-resource
"""

import re
import secrets
import uuid
from datetime import UTC, datetime
from email.utils import format_datetime

from sandbox.state import people
from sandbox.state.records import Handset, Message, Verification
from sandbox.twilio import texts, wire
from sandbox.twilio.wire import refusal
from sandbox.wire.call import Call, route
from sandbox.wire.reply import Reply

SENDER = "Sandbox Verify"
MAX_BODY_LENGTH = 1600  # characters
ERRORS = {60200: 21211, 60205: 21614, 60605: 21408, 21610: 21610, 21612: 21612}  # Messaging's code by Verify's


@route("twilio.message", wire.account)
def create(call: Call) -> Reply:
    """Sends a text without a code. 201 means accepted, not delivered."""
    form = call.request.POST
    call.number, sender = form.get("To", ""), form.get("MessagingServiceSid") or form.get("From", "")
    _validate(call, sender, form.get("Body", ""))
    deliver(call, call.number, form["Body"])
    call.effects["sid"] = sid = "SM" + secrets.token_hex(16)
    return Reply(_resource(call, sid, sender, form["Body"]), 201)


def _validate(call: Call, sender: str, body: str) -> None:
    if call.arguments["account"] != wire.ACCOUNT_SID:
        raise wire.not_found(call)
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", call.number):
        raise refusal(call, 21211)
    if not re.fullmatch(r"MG[0-9a-f]{32}|\+[1-9][0-9]{6,14}", sender):
        raise refusal(call, 21603)
    if not body:
        raise refusal(call, 21602)
    if len(body) > MAX_BODY_LENGTH:
        raise refusal(call, 21617)
    if code := ERRORS.get(people.person(call.number).twilio_code or 0):
        raise refusal(call, code)


def _resource(call: Call, sid: str, sender: str, body: str) -> dict[str, object]:
    by_service = sender.startswith("MG")
    moment = format_datetime(datetime.fromtimestamp(call.now, UTC))
    return {
        "sid": sid,
        "account_sid": wire.ACCOUNT_SID,
        "api_version": "2010-04-01",
        "messaging_service_sid": sender if by_service else None,
        "from": None if by_service else sender,
        "to": call.number,
        "body": body,
        "status": "accepted" if by_service else "queued",
        "direction": "outbound-api",
        "date_created": moment,
        "date_updated": moment,
        "date_sent": None,
        "error_code": None,
        "error_message": None,
        "num_media": "0",
        "num_segments": "0" if by_service else "1",
        "price": None,
        "price_unit": None if by_service else "USD",
        "uri": f"/2010-04-01/Accounts/{wire.ACCOUNT_SID}/Messages/{sid}.json",
        "subresource_uris": {"media": f"/2010-04-01/Accounts/{wire.ACCOUNT_SID}/Messages/{sid}/Media.json"},
    }


def send_code(call: Call, verification: Verification) -> None:
    """Sends a verification's code as a text or a call."""
    host = (call.store.get(Handset, verification.number) or Handset("")).host
    form = call.request.POST
    locale = form.get("Locale") or texts.locale_of(verification.number)
    template = texts.TEXTS.get(locale, texts.TEXTS["en"])
    text = template.format(sender=form.get("CustomFriendlyName") or SENDER, code=verification.code)
    body = _with_bound_code(text, verification.code, host if verification.channel == "sms" else "")
    body = f"{body}\n\n{form['AppHash']}" if "AppHash" in form else body
    deliver(call, verification.number, body, verification.code, verification.channel)


def deliver(call: Call, number: str, body: str, code: str = "", channel: str = "sms") -> None:
    """Stores a message, which arrives when the number's test user says so."""
    after_s = people.person(number).arrives_after_s
    arrives_at = None if after_s is None else call.now + after_s
    call.store.save(Message(uuid.uuid4().hex, number, body, code, channel, call.now, arrives_at))


def _with_bound_code(text: str, code: str, host: str) -> str:
    """The text and an origin-bound code, which browsers fill in on `host` only.

    https://wicg.github.io/sms-one-time-codes/
    """
    return f"{text}\n\n@{host} #{code}" if host else text
