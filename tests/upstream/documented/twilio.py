"""Twilio Verify's documented responses: the schemas of its API pages and its pages of error codes."""

from tests.upstream.documented.response import DocumentedResponse

VERIFICATION_PAGE = "https://www.twilio.com/docs/verify/api/verification"
CHECK_PAGE = "https://www.twilio.com/docs/verify/api/verification-check"
ERROR_PAGES = "https://www.twilio.com/docs/api/errors"

ACCOUNT_SID = "AC" + "a" * 32
SERVICE_SID = "VA" + "b" * 32
SID = "VE" + "c" * 32
TO = "+15017122661"
REQUEST_ID = "RQ" + "d" * 32

SENT = DocumentedResponse(
    VERIFICATION_PAGE,
    {
        "sid": SID,
        "service_sid": SERVICE_SID,
        "account_sid": ACCOUNT_SID,
        "to": TO,
        "channel": "sms",
        "status": "pending",
        "valid": False,
        "date_created": "2015-07-30T20:00:00Z",
        "date_updated": "2015-07-30T20:00:00Z",
        "lookup": {},
        "amount": None,
        "payee": None,
        "send_code_attempts": [
            {"time": "2015-07-30T20:00:00Z", "channel": "SMS", "attempt_sid": "VL" + "e" * 32},
        ],
        "sna": None,
        "url": f"https://verify.twilio.com/v2/Services/{SERVICE_SID}/Verifications/{SID}",
    },
    201,
)


def checked(status: str, *, sid: str = SID, to: str = TO) -> DocumentedResponse:
    """Return the response of a VerificationCheck. Its status is 2xx for a wrong code, too."""
    body = {
        "sid": sid,
        "service_sid": SERVICE_SID,
        "account_sid": ACCOUNT_SID,
        "to": to,
        "channel": "sms",
        "status": status,
        "valid": status == "approved",
        "amount": None,
        "payee": None,
        "sna_attempts_error_codes": [],
        "date_created": "2015-07-30T20:00:00Z",
        "date_updated": "2015-07-30T20:00:00Z",
    }
    return DocumentedResponse(CHECK_PAGE, body, 201)


def error(code: int, status: int, **headers: str) -> DocumentedResponse:
    """Return a response with Twilio's own error object."""
    page = f"{ERROR_PAGES}/{code}"
    body = {"code": code, "message": "in Twilio's words", "more_info": page, "status": status}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return DocumentedResponse(page, body, status, {"Twilio-Request-Id": REQUEST_ID, **named})


def problem(code: int, status: int) -> DocumentedResponse:
    """Return a response with the newer error object, https://www.rfc-editor.org/rfc/rfc9457"""
    page = f"{ERROR_PAGES}/{code}"
    return DocumentedResponse(page, {"type": page, "title": "A problem", "status": status, "code": code}, status)
