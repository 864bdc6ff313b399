"""Lookup v2: https://www.twilio.com/docs/lookup/v2-api"""

from typing import Any

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

from sandbox.state import people
from sandbox.twilio import wire
from sandbox.wire.call import Call, route
from sandbox.wire.reply import Reply

EMULATED = "line_type_intelligence"
PACKAGES = (
    "caller_name",
    "sim_swap",
    "call_forwarding",
    "line_status",
    "line_type_intelligence",
    "identity_match",
    "reassigned_number",
    "sms_pumping_risk",
    "phone_number_quality_score",
    "pre_fill",
)

DEFAULT_COUNTRY = "US"  # of a number in national format without a CountryCode
# https://www.twilio.com/docs/lookup/v2-api/formatting-validation
PARSE_ERRORS = {
    NumberParseException.INVALID_COUNTRY_CODE: "INVALID_COUNTRY_CODE",
    NumberParseException.NOT_A_NUMBER: "NOT_A_NUMBER",
    NumberParseException.TOO_SHORT_AFTER_IDD: "TOO_SHORT",
    NumberParseException.TOO_SHORT_NSN: "TOO_SHORT",
    NumberParseException.TOO_LONG: "TOO_LONG",
}
VALIDATION_ERRORS = {
    ValidationResult.INVALID_COUNTRY_CODE: "INVALID_COUNTRY_CODE",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "TOO_SHORT",
    ValidationResult.TOO_SHORT: "TOO_SHORT",
    ValidationResult.INVALID_LENGTH: "INVALID_LENGTH",
    ValidationResult.TOO_LONG: "TOO_LONG",
}


@route("twilio.lookup", wire.account)
def lookup(call: Call) -> Reply:
    """Only the package line_type_intelligence is emulated. Raises Refusal for any other, so that no test relies on it.

    An invalid number is no error: the status is 200 and `valid` is false.
    """
    call.number = call.arguments["number"]
    requested = set(filter(None, call.request.GET.get("Fields", "").split(",")))
    if missing := ", ".join(sorted(requested - {EMULATED, "validation"})):
        raise wire.refusal(call, 20001, message=f"{missing}: this sandbox emulates {EMULATED} only")
    answer = _validated(call.number, call.request.GET.get("CountryCode") or DEFAULT_COUNTRY)
    call.number = answer["phone_number"]
    line_type = _line_type(call.number) if EMULATED in requested and answer["valid"] else None
    return Reply(answer | dict.fromkeys(PACKAGES) | {EMULATED: line_type})


def _validated(number: str, country: str) -> dict[str, Any]:
    """The response for a number as it was written: international, or national of this country."""
    try:
        parsed = phonenumbers.parse(number, country)
    except NumberParseException as error:
        return _answer(number, PARSE_ERRORS.get(error.error_type))
    invalid = VALIDATION_ERRORS.get(phonenumbers.is_possible_number_with_reason(parsed))
    return _answer(number, invalid) if invalid else _formatted(parsed)


def _formatted(parsed: PhoneNumber) -> dict[str, Any]:
    """The response for a number. Possible numbers count as valid, since the test users have none that are assigned."""
    return _answer(phonenumbers.format_number(parsed, PhoneNumberFormat.E164), None) | {
        "calling_country_code": str(parsed.country_code),
        "country_code": phonenumbers.region_code_for_number(parsed)
        or phonenumbers.region_code_for_country_code(parsed.country_code or 0),
        "national_format": phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL),
    }


def _answer(number: str, error: str | None) -> dict[str, Any]:
    return {
        "calling_country_code": None,
        "country_code": None,
        "phone_number": number,
        "national_format": None,
        "valid": error is None,
        "validation_errors": [error] if error else None,
        "url": f"https://lookups.twilio.com/v2/PhoneNumbers/{number}",
    }


def _line_type(number: str) -> dict[str, Any]:
    return {
        "type": people.person(number).line_type,
        "carrier_name": "Sandbox Wireless",
        "mobile_country_code": "310",
        "mobile_network_code": "000",
        "error_code": None,
    }
