"""What all of Twilio's routes share: Basic authentication, error bodies. https://www.twilio.com/docs/api/errors"""

import base64
import binascii
import secrets

from sandbox.wire.call import Call, Route
from sandbox.wire.errors import TWILIO, twilio_error
from sandbox.wire.reply import Refusal, Reply

ACCOUNT_SID, AUTH_TOKEN, SERVICE_SID = "AC" + "0" * 32, "sandbox", "VA" + "0" * 32
API_KEY_SID = "SK" + "0" * 32  # its secret is AUTH_TOKEN as well
CREDENTIALS = {f"{sid}:{AUTH_TOKEN}" for sid in (ACCOUNT_SID, API_KEY_SID)}


def refusal(call: Call, code: int, detail: str = "", message: str = "") -> Refusal:
    """To raise: Twilio's error `code`. `detail` is appended to its usual message, `message` replaces it."""
    words = message or (f"{TWILIO[code][1]}: {detail}" if detail else "")
    return Refusal(twilio_error(code, words, problem_details=call.problem_details))


def invalid(call: Call, name: str) -> Refusal:
    """Error 60200, which names the parameter and, if it is To, quotes the value."""
    quoted = f" `To`: {call.request.POST.get(name, '')}" if name == "To" else f": {name}"
    return refusal(call, 60200, message=TWILIO[60200][1] + quoted)


def not_found(call: Call) -> Refusal:
    """Error 20404, which names the path. https://www.twilio.com/docs/api/errors/20404"""
    resource = call.request.path.partition("/twilio")[2].removeprefix("/v2")
    return refusal(call, 20404, message=f"The requested resource {resource} was not found")


def account(call: Call) -> None:
    """The guard of all routes: HTTP Basic with the SID of the account or of its API key, and its secret."""
    call.headers["Twilio-Request-Id"] = "RQ" + secrets.token_hex(16)
    scheme, _, credentials = call.request.headers.get("Authorization", "").partition(" ")
    try:
        decoded = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        decoded = ""
    if scheme.lower() != "basic" or decoded not in CREDENTIALS:
        call.headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
        raise refusal(call, 20003)


def service(call: Call) -> None:
    """The guard of routes below a Verify service."""
    account(call)
    if call.arguments["service"] != SERVICE_SID:
        raise not_found(call)


def _refuse_path(call: Call) -> Reply:
    raise not_found(call)


def _refuse_method(call: Call) -> Reply:
    raise refusal(call, 20004)


unknown_path = Route("twilio.nothing_here", account, _refuse_path)
wrong_method = Route("twilio.wrong_method", account, _refuse_method)
