"""What all of Twilio's calls share: Basic authentication, error bodies. https://www.twilio.com/docs/api/errors"""

import base64
import binascii

from sandbox.wire.call import Call, Route
from sandbox.wire.errors import TWILIO, twilio_error
from sandbox.wire.reply import Refusal, Reply

ACCOUNT_SID, AUTH_TOKEN, SERVICE_SID = "AC" + "0" * 32, "sandbox", "VA" + "0" * 32
API_KEY_SID = "SK" + "0" * 32  # its secret is the token, too
CREDENTIALS = {f"{sid}:{AUTH_TOKEN}" for sid in (ACCOUNT_SID, API_KEY_SID)}


def refusal(call: Call, code: int, detail: str = "", message: str = "") -> Refusal:
    """`detail` follows the usual words, `message` stands in their place."""
    words = message or (f"{TWILIO[code][1]}: {detail}" if detail else "")
    return Refusal(twilio_error(code, words, problem_details=call.problem_details))


def not_found(call: Call) -> Refusal:
    """In Twilio's words, with its path: https://www.twilio.com/docs/api/errors/20404"""
    resource = call.request.path.partition("/twilio")[2].removeprefix("/v2")
    return refusal(call, 20404, message=f"The requested resource {resource} was not found")


def account(call: Call) -> None:
    """The guard of all calls: HTTP Basic with the SID of the account or of its API key, and their secret."""
    scheme, _, credentials = call.request.headers.get("Authorization", "").partition(" ")
    try:
        decoded = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        decoded = ""
    if scheme.lower() != "basic" or decoded not in CREDENTIALS:
        raise refusal(call, 20003)


def service(call: Call) -> None:
    """The guard of calls on a Verify service; for its account's eyes only."""
    account(call)
    if call.arguments["service"] != SERVICE_SID:
        raise not_found(call)


def _nothing(call: Call) -> Reply:
    raise not_found(call)


def _not_so(call: Call) -> Reply:
    raise refusal(call, 20004)


nothing_here = Route("twilio.nothing_here", account, _nothing)
wrong_method = Route("twilio.wrong_method", account, _not_so)
