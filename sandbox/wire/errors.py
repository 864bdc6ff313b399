"""The vendors' errors: HTTP status and message by code. "assumed" marks a status that is not documented.

https://developer.prove.com/reference/status-and-error-codes, https://www.twilio.com/docs/api/errors
"""

from dataclasses import replace

from sandbox.wire.reply import Reply

# docs/sandbox.md says which code and status is used where Prove's documents leave a choice.
PROVE = {
    1000: (500, "error occurred"),
    1001: (400, "invalid request"),
    1003: (403, "step not allowed"),
    8001: (400, "request is malformed"),  # assumed
    8002: (401, "not authorized"),
    8003: (403, "Access forbidden: insufficient permissions"),
    8007: (400, "sandbox user not found"),  # assumed
    8008: (400, "invalid correlation id"),  # assumed
    8009: (403, "sandbox user is not allowed for these credentials"),  # assumed
    8011: (404, "Identity Not Found"),
}
TWILIO = {
    20001: (400, "Unknown parameters"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20403: (403, "Forbidden"),
    20404: (404, "The requested resource was not found"),
    20409: (409, "Conflict"),
    20413: (413, "Request Entity Too Large"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    20503: (503, "Service Unavailable"),
    21408: (400, "Permission to send an SMS has not been enabled for the region"),
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
    60217: (400, "The channel email needs a mailer, and the service has none"),
    60221: (400, "Either a To number or VerificationSid must be specified"),
    60223: (400, "Delivery channel disabled"),
    60410: (403, "Verification delivery attempt blocked"),  # assumed
    60602: (400, "AppHash is for the channel SMS only"),  # assumed
    60605: (403, "Verification delivery attempt blocked by geo permissions"),
}
# Error codes by HTTP status, for a fault that orders no more than a status.
PROVE_BY_STATUS = {400: 1001, 401: 8002, 403: 8003, 404: 8011}
TWILIO_BY_STATUS = {401: 20003, 403: 20403, 404: 20404, 405: 20004, 409: 20409, 413: 20413, 429: 20429, 503: 20503}
WITH_RETRY_AFTER = (20429, 60212)


def prove_error(code: int, message: str = "", status: int = 0) -> Reply:
    """Prove's error body. An empty message and a zero status stand for those in PROVE."""
    usual_status, usual_message = PROVE[code]
    return Reply({"code": code, "message": message or usual_message}, status or usual_status)


def rate_limited() -> Reply:
    """Prove's 429."""
    return replace(prove_error(1000, "too many requests", 429), headers={"Retry-After": "1"})


def twilio_error(code: int, message: str = "", status: int = 0, *, problem_details: bool) -> Reply:
    """Twilio's error body: RFC 9457 problem details, or else the classic one.

    An empty message and a zero status stand for those in TWILIO.
    """
    usual_status, title = TWILIO[code]
    status, message = status or usual_status, message or title
    page = f"https://www.twilio.com/docs/errors/{code}"
    headers = {"Retry-After": "1"} if code in WITH_RETRY_AFTER else {}
    if problem_details:
        problem = {"type": page, "title": title, "status": status, "code": code, "detail": message}
        return Reply(problem, status, headers | {"Content-Type": "application/problem+json"})
    return Reply({"code": code, "message": message, "more_info": page, "status": status}, status, headers)


def vendor_error(route: str, status: int, *, problem_details: bool) -> Reply:
    """The error body of the route's vendor for this HTTP status."""
    if not route.startswith("twilio."):
        return rate_limited() if status == 429 else prove_error(PROVE_BY_STATUS.get(status, 1000), status=status)
    return twilio_error(
        TWILIO_BY_STATUS.get(status, 20001 if status < 500 else 20500), status=status, problem_details=problem_details
    )
