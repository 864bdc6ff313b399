"""What all of Twilio's calls share: Basic authentication, error bodies. https://www.twilio.com/docs/api/errors"""

import base64
import binascii

from sandbox.call import Call, Route
from sandbox.reply import Refusal, Reply

ACCOUNT_SID, AUTH_TOKEN, SERVICE_SID = "AC" + "0" * 32, "sandbox", "VA" + "0" * 32
API_KEY_SID = "SK" + "0" * 32  # its secret is the token, too
CREDENTIALS = {f"{sid}:{AUTH_TOKEN}" for sid in (ACCOUNT_SID, API_KEY_SID)}

# Twilio's code to HTTP status and title. The status of those marked "assumed" is not documented: docs/sandbox.md.
ERRORS = {
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21211: (400, "Invalid 'To' Phone Number"),
    21602: (400, "Message body is required"),
    21603: (400, "A 'From' phone number is required"),
    21612: (400, "'To' phone number is not currently reachable via SMS"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    60200: (400, "Invalid parameter"),
    60202: (429, "Max check attempts reached"),
    60203: (429, "Max send attempts reached"),
    60204: (403, "Service does not support this feature"),
    60205: (403, "SMS is not supported by landline phone number"),
    60212: (429, "Too many concurrent requests for phone number"),
    60221: (400, "Either a To number or VerificationSid must be specified"),
    60223: (400, "Delivery channel disabled"),
    60410: (403, "Verification delivery attempt blocked"),  # assumed
    60605: (403, "Verification delivery attempt blocked by geo permissions"),
}


def refusal(call: Call, code: int, detail: str = "", message: str = "") -> Refusal:
    """Classic body, or RFC 9457 problem details when the switch says so: Twilio's client has an exception for each."""
    status, title = ERRORS[code]
    message = message or (f"{title}: {detail}" if detail else title)
    page = f"https://www.twilio.com/docs/errors/{code}"
    headers = {"Retry-After": "1"} if code in (20429, 60212) else {}
    if call.switch("twilio_errors") == "rfc9457":
        problem = {"type": page, "title": title, "status": status, "code": code, "detail": message}
        return Refusal(Reply(problem, status, headers | {"Content-Type": "application/problem+json"}))
    return Refusal(Reply({"code": code, "message": message, "more_info": page, "status": status}, status, headers))


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
