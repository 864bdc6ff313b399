"""Wire cases of Twilio. Pages are below https://www.twilio.com/docs. docs/sandbox.md lists what is "assumed"."""

from functools import partial
from typing import Any

import requests

from tests.sandbox.driver import ACCOUNT, SERVICE, SandboxDriver
from tests.wire.case import MOMENT, TEXT, Case, Like

CREATE, CHECK = "verify/api/verification", "verify/api/verification-check"
LIMITS, LANGUAGES = "verify/api/rate-limits-and-timeouts", "verify/supported-languages"
FRAUD, CREDENTIALS = "verify/preventing-toll-fraud/sms-fraud-guard", "usage/requests-to-twilio"
LOOKUP, FORMATTING = "lookup/v2-api/line-type-intelligence", "lookup/v2-api/formatting-validation"
PACKAGES = (
    *("caller_name", "sim_swap", "call_forwarding", "line_status", "identity_match", "reassigned_number"),
    *("sms_pumping_risk", "phone_number_quality_score", "pre_fill"),
)
MESSAGE, API_KEY = "messaging/api/message-resource", "SK" + "0" * 32
ADA = "+12025550101"
GOOD = {"To": ADA, "Channel": "sms"}
SENDER, MESSAGING_SERVICE = "+12025550100", "MG" + "0" * 32
DATE = Like(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000", "Mon, 23 Nov 2026 10:00:00 +0000")
SID = Like("VE[0-9a-f]{32}", "VE" + "1" * 32)
ATTEMPT = {"time": MOMENT, "channel": "SMS", "attempt_sid": Like("VL[0-9a-f]{32}", "VL" + "2" * 32)}
REQUEST_ID = Like("RQ[0-9a-f]{32}", "RQ" + "4" * 32)
CODE_LIFE_S = 10 * 60
SOON = {"Retry-After": "1"}


def verification(status: str = "pending", sends: int = 1, number: str = ADA, channel: str = "sms") -> dict[str, Any]:
    return {
        **checked(status),
        "to": number,
        "channel": channel,
        "lookup": {},
        "send_code_attempts": [ATTEMPT | {"channel": channel.upper()}] * sends,
        "sna": None,
        "url": Like("https://verify.twilio.com/.*", f"https://verify.twilio.com/v2/Services/{SERVICE}/Verifications/x"),
    }


def checked(status: str) -> dict[str, Any]:
    return {
        "sid": SID,
        "service_sid": SERVICE,
        "account_sid": ACCOUNT,
        "to": ADA,
        "channel": "sms",
        "status": status,
        "valid": status == "approved",
        "amount": None,
        "payee": None,
        "date_created": MOMENT,
        "date_updated": MOMENT,
    }


def error(code: int, status: int, message: str | Like = TEXT) -> dict[str, Any]:
    page = f"https://www.twilio.com/docs/errors/{code}"
    return {"code": code, "message": message, "more_info": page, "status": status}


def not_found(resource: str) -> dict[str, Any]:
    return error(20404, 404, f"The requested resource {resource} was not found")


def looked_up(number: str, line_type: str | None, **format: Any) -> dict[str, Any]:
    intelligence = {"carrier_name": TEXT, "mobile_country_code": "310", "mobile_network_code": "000"}
    known = {"type": line_type, **intelligence, "error_code": None} if line_type else None
    return {
        "calling_country_code": "1",
        "country_code": "US",
        "phone_number": number,
        "national_format": Like(r"\(\d{3}\) \d{3}-\d{4}", "(202) 555-0101"),
        "valid": True,
        "validation_errors": None,
        **dict.fromkeys(PACKAGES),
        "line_type_intelligence": known,
        "url": f"https://lookups.twilio.com/v2/PhoneNumbers/{number}",
        **format,
    }


def invalid_number(written: str, reason: str) -> dict[str, Any]:
    unknown = dict.fromkeys(("calling_country_code", "country_code", "national_format"))
    return looked_up(written, None, **unknown, valid=False, validation_errors=[reason])


def text_to(number: str, status: str, **sender: str | None) -> dict[str, Any]:
    uri = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/"
    return {
        "sid": Like("SM[0-9a-f]{32}", "SM" + "3" * 32),
        "account_sid": ACCOUNT,
        "api_version": "2010-04-01",
        "to": number,
        "body": "Hello",
        "status": status,
        "direction": "outbound-api",
        **dict.fromkeys(("date_created", "date_updated"), DATE),
        **dict.fromkeys(("date_sent", "error_code", "error_message", "price")),
        "num_media": "0",
        "uri": Like(f"{uri}SM.{{32}}.json", f"{uri}SM{'3' * 32}.json"),
        "subresource_uris": {"media": Like(f"{uri}SM.{{32}}/Media.json", f"{uri}SM{'3' * 32}/Media.json")},
        **sender,
    }


def problem(code: int, status: int) -> dict[str, Any]:
    page = f"https://www.twilio.com/docs/errors/{code}"
    return {"type": page, "title": TEXT, "status": status, "code": code, "detail": TEXT}


def look_up(sandbox: SandboxDriver, number: str, fields: str = "line_type_intelligence") -> requests.Response:
    return sandbox.twilio(f"/v2/PhoneNumbers/{number}?Fields={fields}", method="GET")


def text(sandbox: SandboxDriver, **form: str) -> requests.Response:
    return sandbox.twilio(f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", {"To": ADA, "Body": "Hello"} | form)


def start(sandbox: SandboxDriver, **form: str) -> requests.Response:
    return sandbox.twilio(f"/v2/Services/{SERVICE}/Verifications", form=form)


def start_repeatedly(sandbox: SandboxDriver, times: int) -> requests.Response:
    for _ in range(times - 1):
        sandbox.start_verification(ADA)
    return sandbox.start_verification(ADA)


def start_with_problem_details(sandbox: SandboxDriver) -> requests.Response:
    sandbox.set_switches(twilio_errors="rfc9457")
    return sandbox.start_verification("+12025550152")


def start_in_an_unsupported_locale_as_60200(sandbox: SandboxDriver) -> requests.Response:
    sandbox.set_switches(twilio_bad_locale="60200")
    return start(sandbox, **GOOD, Locale="tlh")


def cancel(sandbox: SandboxDriver, sid: str) -> None:
    sandbox.twilio(f"/v2/Services/{SERVICE}/Verifications/{sid}", {"Status": "canceled"})


def find(sandbox: SandboxDriver, _sid: str = "") -> requests.Response:
    return sandbox.twilio(f"/v2/Services/{SERVICE}/Verifications/{ADA}", method="GET")


def find_cancelled(sandbox: SandboxDriver) -> requests.Response:
    cancel(sandbox, sandbox.send_code(ADA))
    return find(sandbox)


def check_right(sandbox: SandboxDriver) -> requests.Response:
    return sandbox.check_code(sandbox.send_code(ADA), sandbox.code(ADA))


def check_twice(sandbox: SandboxDriver) -> requests.Response:
    sid = sandbox.send_code(ADA)
    sandbox.check_code(sid, sandbox.code(ADA))
    return sandbox.check_code(sid, sandbox.code(ADA))


def check_wrong(sandbox: SandboxDriver, times: int = 1) -> requests.Response:
    sid = sandbox.send_code(ADA)
    for _ in range(times - 1):
        sandbox.check_code(sid, sandbox.wrong_code(ADA))
    return sandbox.check_code(sid, sandbox.wrong_code(ADA))


def check_right_after_five_wrong(sandbox: SandboxDriver) -> requests.Response:
    sid = check_wrong(sandbox, 5).json()["sid"]
    return sandbox.check_code(sid, sandbox.code(ADA))


def check_by_number(sandbox: SandboxDriver) -> requests.Response:
    return sandbox.twilio(f"/v2/Services/{SERVICE}/VerificationCheck", {"To": ADA, "Code": "123456"})


def check_by_number_as_60200(sandbox: SandboxDriver) -> requests.Response:
    sandbox.set_switches(twilio_unknown_number="60200")
    return check_by_number(sandbox)


def check_a_sixth_time_as_20404(sandbox: SandboxDriver) -> requests.Response:
    sandbox.set_switches(twilio_sixth_check="20404")
    return check_wrong(sandbox, 6)


def check_late(sandbox: SandboxDriver) -> requests.Response:
    sid = sandbox.send_code(ADA)
    sandbox.advance_clock(CODE_LIFE_S)
    return sandbox.check_code(sid, sandbox.code(ADA))


def check_cancelled(sandbox: SandboxDriver) -> requests.Response:
    cancel(sandbox, sid := sandbox.send_code(ADA))
    return sandbox.check_code(sid, sandbox.code(ADA))


def refused_start(name: str, last: int, code: int, status: int, client_result: str, **headers: str) -> Case:
    return Case(name, f"api/errors/{code}", "Verifications", lambda s: s.start_verification(f"+1202555{last:04}"),
                client_result, error(code, status), status, headers)  # fmt: skip


def refused_text(name: str, code: int, **form: str) -> Case:
    return Case(name, f"api/errors/{code}", "Messages.json", lambda s: text(s, **({"From": SENDER} | form)),
                f"Refused {code}", error(code, 400), 400)  # fmt: skip


def call(to: str, last: int) -> Case:
    number = f"+1202555{last:04}"
    return Case(f"a call to {to}", FRAUD, "Verifications", lambda s: s.start_verification(number, "call"),
                "Verification pending", verification(number=number, channel="call"), 201)  # fmt: skip


CASES = [
    Case("start", CREATE, "Verifications", lambda s: s.start_verification(ADA), "Verification pending",
         verification(), 201),
    Case("start again", LIMITS, "Verifications", lambda s: start_repeatedly(s, 2), "Verification pending",
         verification(sends=2), 201),
    Case("start a sixth time", "api/errors/60203", "Verifications", lambda s: start_repeatedly(s, 6), "Busy",
         error(60203, 429), 429),
    Case("start without To", "api/errors/60200", "Verifications", lambda s: start(s, Channel="sms"), "number",
         error(60200, 400, "Invalid parameter `To`: "), 400),
    Case("start to an invalid number", "api/errors/60200", "Verifications",
         lambda s: start(s, To="+82", Channel="sms"), "number", error(60200, 400, "Invalid parameter `To`: +82"), 400),
    Case("start by an unknown channel", "api/errors/60200", "Verifications",
         lambda s: start(s, To=ADA, Channel="pigeon"), "number",
         error(60200, 400, "Invalid parameter: Channel"), 400),
    Case("start by a disabled channel", "api/errors/60223", "Verifications",
         lambda s: start(s, To=ADA, Channel="rcs"), "channel", error(60223, 400), 400),
    Case("start with a custom code", "api/errors/60204", "Verifications",
         lambda s: start(s, To=ADA, Channel="sms", CustomCode="123456"), "configuration", error(60204, 403), 403),
    refused_start("start to a landline", 152, 60205, 403, "landline"),
    refused_start("start to a blocked prefix", 150, 60410, 403, "blocked"),
    refused_start("start to a blocked country", 151, 60605, 403, "blocked"),
    refused_start("start with too many concurrent requests", 155, 60212, 429, "Busy", **SOON),
    refused_start("start to a number that Twilio finds invalid", 156, 60200, 400, "number"),
    refused_start("start to a number that opted out", 157, 21610, 400, "opted_out"),
    refused_start("start to an unreachable number", 166, 21612, 400, "blocked"),
    refused_start("start while Twilio is busy", 147, 20429, 429, "Busy", **SOON),
    *(call(to, last) for to, last in (("a blocked prefix", 150), ("a landline", 152), ("a number that opted out", 157),
                                      ("an unreachable number", 166))),
    Case("start with an unsupported locale", LANGUAGES, "Verifications",
         lambda s: start(s, **GOOD, Locale="tlh"), "configuration",
         not_found(f"/Services/{SERVICE}/Verifications"), 404),
    Case("start with an unsupported locale, with 60200", "api/errors/60200", "Verifications",
         start_in_an_unsupported_locale_as_60200, "number", error(60200, 400, "Invalid parameter: Locale"), 400),
    Case("start by e-mail without a mailer", "api/errors/60217", "Verifications",
         lambda s: start(s, To="ada@example.com", Channel="email"), "configuration", error(60217, 400), 400),
    Case("start with the API key", CREDENTIALS, "Verifications",
         lambda s: s.twilio(f"/v2/Services/{SERVICE}/Verifications", GOOD, auth=(API_KEY, "sandbox")),
         "Verification pending", verification(), 201),
    Case("start with problem details", "api/errors/60205", "Verifications", start_with_problem_details, "landline",
         problem(60205, 403), 403),
    Case("start with wrong credentials", "api/errors/20003", "Verifications",
         lambda s: s.twilio(f"/v2/Services/{SERVICE}/Verifications", GOOD, auth=(ACCOUNT, "guess")),
         "configuration", error(20003, 401), 401,
         {"WWW-Authenticate": 'Basic realm="Twilio API"', "Twilio-Request-Id": REQUEST_ID}),
    Case("start on another service", "api/errors/20404", "Verifications",
         lambda s: s.twilio(f"/v2/Services/VA{'1' * 32}/Verifications", GOOD),
         "configuration", not_found(f"/Services/VA{'1' * 32}/Verifications"), 404),

    Case("find the verification of a number", CREATE, "Verifications/To", lambda s: find(s, s.send_code(ADA)),
         "Verification pending", verification()),
    Case("find the verification of a number that has none", "api/errors/20404", "Verifications/To", find, "gone",
         not_found(f"/Services/{SERVICE}/Verifications/{ADA}"), 404),
    Case("find a cancelled verification", CREATE, "Verifications/To", find_cancelled, "gone", verification("canceled")),
    Case("the right code", CHECK, "VerificationCheck", check_right, "True",
         {**checked("approved"), "sna_attempts_error_codes": None}),
    Case("a wrong code", CHECK, "VerificationCheck", check_wrong, "False",
         {**checked("pending"), "sna_attempts_error_codes": None}),
    Case("the fifth wrong code", CHECK, "VerificationCheck", lambda s: check_wrong(s, 5), "False",
         {**checked("pending"), "sna_attempts_error_codes": None}),
    Case("a sixth code", "api/errors/60202", "VerificationCheck", lambda s: check_wrong(s, 6), "too_many_checks",
         error(60202, 429), 429),
    Case("the right code after five wrong ones", "api/errors/60202", "VerificationCheck", check_right_after_five_wrong,
         "too_many_checks", error(60202, 429), 429),
    Case("the right code twice", "api/errors/20404", "VerificationCheck", check_twice, "gone",
         not_found(f"/Services/{SERVICE}/VerificationCheck"), 404),
    Case("the right code after ten minutes", "api/errors/20404", "VerificationCheck", check_late, "gone",
         error(20404, 404), 404),
    Case("a sixth code, with 20404", "api/errors/20404", "VerificationCheck", check_a_sixth_time_as_20404, "gone",
         error(20404, 404), 404),
    Case("a code for a number without a verification", "api/errors/20404", "VerificationCheck", check_by_number, "gone",
         error(20404, 404), 404),
    Case("a code for a number without a verification, with 60200", "api/errors/60200", "VerificationCheck",
         check_by_number_as_60200, "code", error(60200, 400, f"Invalid parameter `To`: {ADA}"), 400),
    Case("the right code of a cancelled verification", "assumed", "VerificationCheck", check_cancelled, "gone",
         error(20404, 404), 404),
    Case("a code of three digits", "api/errors/60200", "VerificationCheck",
         lambda s: s.check_code(s.send_code(ADA), "123"), "code", error(60200, 400), 400),
    Case("a code without sid and number", "api/errors/60221", "VerificationCheck",
         lambda s: s.twilio(f"/v2/Services/{SERVICE}/VerificationCheck", {"Code": "123456"}), "other",
         error(60221, 400), 400),

    *(Case(f"look up a {kind} line", LOOKUP, "PhoneNumbers", partial(look_up, number=f"+12025550{last}"), kind,
           looked_up(f"+12025550{last}", kind))
      for kind, last in (("mobile", 101), ("landline", 152), ("nonFixedVoip", 158), ("premium", 159))),
    Case("look up the format only", FORMATTING, "PhoneNumbers", partial(look_up, number=ADA, fields=""), "unknown",
         looked_up(ADA, None)),
    Case("look up an invalid number", FORMATTING, "PhoneNumbers", partial(look_up, number="nonsense"), "unknown",
         invalid_number("nonsense", "NOT_A_NUMBER")),
    Case("look up a number that is too short", FORMATTING, "PhoneNumbers", partial(look_up, number="+1202"), "unknown",
         invalid_number("+1202", "TOO_SHORT")),
    Case("look up with wrong credentials", "api/errors/20003", "PhoneNumbers",
         lambda s: s.twilio(f"/v2/PhoneNumbers/{ADA}", method="GET", auth=(ACCOUNT, "guess")), "Refused 20003",
         error(20003, 401), 401),

    Case("a text from a messaging service", MESSAGE, "Messages.json",
         partial(text, MessagingServiceSid=MESSAGING_SERVICE), "sent",
         text_to(ADA, "accepted", messaging_service_sid=MESSAGING_SERVICE, num_segments="0", price_unit=None,
                 **{"from": None}), 201),
    Case("a text from a number", MESSAGE, "Messages.json", partial(text, From=SENDER), "sent",
         text_to(ADA, "queued", messaging_service_sid=None, num_segments="1", price_unit="USD", **{"from": SENDER}),
         201),
    refused_text("a text to an invalid number", 21211, To="hello"),
    refused_text("a text without a sender", 21603, From=""),
    refused_text("a text without a body", 21602, Body=""),
    refused_text("a text of 1601 characters", 21617, Body="x" * 1601),
    refused_text("a text to a landline", 21614, To="+12025550152"),
    refused_text("a text to a number that opted out", 21610, To="+12025550157"),
    refused_text("a text to an unreachable number", 21612, To="+12025550166"),
    Case("a text of 3 MB", "api/errors/20413", "Messages.json",
         partial(text, From=SENDER, Body="x" * 3_000_000), "Refused 20413", error(20413, 413), 413),
    Case("a text for another account", "api/errors/20404", "Messages.json",
         lambda s: s.twilio(f"/2010-04-01/Accounts/AC{'1' * 32}/Messages.json", {"To": ADA}),
         "Refused 20404", not_found(f"/2010-04-01/Accounts/AC{'1' * 32}/Messages.json"), 404),
]  # fmt: skip
