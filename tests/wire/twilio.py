"""Twilio's wire. Pages are below https://www.twilio.com/docs; `assumed` marks what no page tells: docs/sandbox.md."""

from typing import Any

import requests

from tests.sandbox.world import ACCOUNT, SERVICE, World
from tests.wire.case import MOMENT, TEXT, Case, Like

CREATE, CHECK = "verify/api/verification", "verify/api/verification-check"
LIMITS = "verify/api/rate-limits-and-timeouts"
ADA = "+12025550101"
GOOD = {"To": ADA, "Channel": "sms"}
SID = Like("VE[0-9a-f]{32}", "VE" + "1" * 32)
ATTEMPT = {"time": MOMENT, "channel": "SMS", "attempt_sid": Like("VL[0-9a-f]{32}", "VL" + "2" * 32)}
CODE_LIFE_S = 10 * 60


def verification(status: str = "pending", sends: int = 1) -> dict[str, Any]:
    return {
        **checked(status),
        "lookup": {},
        "send_code_attempts": [ATTEMPT] * sends,
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


def error(code: int, status: int) -> dict[str, Any]:
    page = f"https://www.twilio.com/docs/errors/{code}"
    return {"code": code, "message": TEXT, "more_info": page, "status": status}


def problem(code: int, status: int) -> dict[str, Any]:
    page = f"https://www.twilio.com/docs/errors/{code}"
    return {"type": page, "title": TEXT, "status": status, "code": code, "detail": TEXT}


def start(world: World, **form: str) -> requests.Response:
    return world.twilio(f"/v2/Services/{SERVICE}/Verifications", form=form)


def start_repeatedly(world: World, times: int) -> requests.Response:
    for _ in range(times - 1):
        world.start(ADA)
    return world.start(ADA)


def start_with_problem_details(world: World) -> requests.Response:
    world.turn(twilio_errors="rfc9457")
    return world.start("+12025550152")


def check_right(world: World) -> requests.Response:
    return world.check(world.started(ADA), world.code(ADA))


def check_twice(world: World) -> requests.Response:
    sid = world.started(ADA)
    world.check(sid, world.code(ADA))
    return world.check(sid, world.code(ADA))


def check_wrong(world: World, times: int = 1) -> requests.Response:
    sid = world.started(ADA)
    for _ in range(times - 1):
        world.check(sid, world.wrong_code(ADA))
    return world.check(sid, world.wrong_code(ADA))


def check_right_after_five_wrong(world: World) -> requests.Response:
    sid = check_wrong(world, 5).json()["sid"]
    return world.check(sid, world.code(ADA))


def check_late(world: World) -> requests.Response:
    sid = world.started(ADA)
    world.passes(CODE_LIFE_S)
    return world.check(sid, world.code(ADA))


def check_cancelled(world: World) -> requests.Response:
    sid = world.started(ADA)
    world.twilio(f"/v2/Services/{SERVICE}/Verifications/{sid}", {"Status": "canceled"})
    return world.check(sid, world.code(ADA))


def refused_start(name: str, last: int, code: int, status: int, understood: str) -> Case:
    return Case(name, f"api/errors/{code}", "Verifications", lambda w: w.start(f"+1202555{last:04}"), understood,
                error(code, status), status)  # fmt: skip


CASES = [
    Case("start", CREATE, "Verifications", lambda w: w.start(ADA), "Verification pending", verification(), 201),
    Case("start again", LIMITS, "Verifications", lambda w: start_repeatedly(w, 2), "Verification pending",
         verification(sends=2), 201),
    Case("start a sixth time", "api/errors/60203", "Verifications", lambda w: start_repeatedly(w, 6), "Busy",
         error(60203, 429), 429),
    Case("start without To", "api/errors/60200", "Verifications", lambda w: start(w, Channel="sms"), "number",
         error(60200, 400), 400),
    Case("start to no number", "api/errors/60200", "Verifications", lambda w: start(w, To="hello", Channel="sms"),
         "number", error(60200, 400), 400),
    Case("start by pigeon", "api/errors/60200", "Verifications", lambda w: start(w, To=ADA, Channel="pigeon"), "number",
         error(60200, 400), 400),
    Case("start by a channel that is off", "api/errors/60223", "Verifications",
         lambda w: start(w, To=ADA, Channel="whatsapp"), "configuration", error(60223, 400), 400),
    Case("start with a code of one's own", "api/errors/60204", "Verifications",
         lambda w: start(w, To=ADA, Channel="sms", CustomCode="123456"), "configuration", error(60204, 403), 403),
    refused_start("start to a landline", 152, 60205, 403, "landline"),
    refused_start("start to a blocked prefix", 150, 60410, 403, "blocked"),
    refused_start("start to a blocked country", 151, 60605, 403, "blocked"),
    refused_start("start while others do", 155, 60212, 429, "Busy"),
    refused_start("start to a number out of plan", 156, 60200, 400, "number"),
    refused_start("start after STOP", 157, 21610, 400, "opted_out"),
    Case("start told in problem details", "api/errors/60205", "Verifications", start_with_problem_details, "landline",
         problem(60205, 403), 403),
    Case("start with wrong credentials", "api/errors/20003", "Verifications",
         lambda w: w.twilio(f"/v2/Services/{SERVICE}/Verifications", GOOD, auth=(ACCOUNT, "guess")),
         "configuration", error(20003, 401), 401),
    Case("start on another service", "api/errors/20404", "Verifications",
         lambda w: w.twilio(f"/v2/Services/VA{'1' * 32}/Verifications", GOOD),
         "configuration", error(20404, 404), 404),

    Case("the right code", CHECK, "VerificationCheck", check_right, "True",
         {**checked("approved"), "sna_attempts_error_codes": None}),
    Case("a wrong code", CHECK, "VerificationCheck", check_wrong, "False",
         {**checked("pending"), "sna_attempts_error_codes": None}),
    Case("the fifth wrong code", CHECK, "VerificationCheck", lambda w: check_wrong(w, 5), "False",
         {**checked("pending"), "sna_attempts_error_codes": None}),
    Case("a sixth code", "api/errors/60202", "VerificationCheck", lambda w: check_wrong(w, 6), "too_many_checks",
         error(60202, 429), 429),
    Case("the right code, too late in the row", "api/errors/60202", "VerificationCheck", check_right_after_five_wrong,
         "too_many_checks", error(60202, 429), 429),
    Case("the right code twice", "api/errors/20404", "VerificationCheck", check_twice, "gone", error(20404, 404), 404),
    Case("the right code after ten minutes", "api/errors/20404", "VerificationCheck", check_late, "gone",
         error(20404, 404), 404),
    Case("the right code of a cancelled one", "assumed", "VerificationCheck", check_cancelled, "gone",
         error(20404, 404), 404),
    Case("a code too short", "api/errors/60200", "VerificationCheck", lambda w: w.check(w.started(ADA), "123"), "code",
         error(60200, 400), 400),
    Case("a code for nobody", "api/errors/60221", "VerificationCheck",
         lambda w: w.twilio(f"/v2/Services/{SERVICE}/VerificationCheck", {"Code": "123456"}), "other",
         error(60221, 400), 400),
]  # fmt: skip
