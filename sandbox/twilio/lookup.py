"""Lookup v2: https://www.twilio.com/docs/lookup/v2-api"""

from typing import Any

import phonenumbers

from sandbox import people
from sandbox.call import Call, route
from sandbox.reply import Reply
from sandbox.twilio import wire

PACKAGES = (
    "caller_name",
    "sim_swap",
    "call_forwarding",
    "line_status",
    "line_type_intelligence",
    "identity_match",
    "reassigned_number",
    "sms_pumping_risk",
)


@route("twilio.lookup", wire.account)
def lookup(call: Call) -> Reply:
    """Packages that were not asked for are null, as are those that are not emulated: all but line_type_intelligence."""
    call.number = call.arguments["number"]
    try:
        parsed = phonenumbers.parse(call.number, call.request.GET.get("CountryCode"))
    except phonenumbers.NumberParseException:
        raise wire.refusal(call, 20404, call.request.path) from None
    call.number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    fields = call.request.GET.get("Fields", "").split(",")
    line_type = _line_type(call.number) if "line_type_intelligence" in fields else None
    return Reply(_format(parsed) | dict.fromkeys(PACKAGES) | {"line_type_intelligence": line_type})


def _format(parsed: phonenumbers.PhoneNumber) -> dict[str, Any]:
    """Possible counts as valid: the sandbox's own people are in no numbering plan."""
    possible = phonenumbers.is_possible_number(parsed)
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return {
        "calling_country_code": str(parsed.country_code),
        "country_code": phonenumbers.region_code_for_country_code(parsed.country_code or 0),
        "phone_number": e164,
        "national_format": phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL),
        "valid": possible,
        "validation_errors": [] if possible else ["INVALID_LENGTH"],
        "url": f"https://lookups.twilio.com/v2/PhoneNumbers/{e164}",
    }


def _line_type(number: str) -> dict[str, Any]:
    return {
        "type": people.person(number).line_type,
        "carrier_name": "Sandbox Wireless",
        "mobile_country_code": "310",
        "mobile_network_code": "000",
        "error_code": None,
    }
