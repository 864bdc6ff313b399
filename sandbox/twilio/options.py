"""The optional parameters of a verification that are validated and shown, but change nothing else.

https://www.twilio.com/docs/verify/api/verification
"""

import ipaddress
import json
import re
from collections.abc import Callable

from sandbox.twilio import wire
from sandbox.wire.call import Call

MAX_TAGS, MAX_TAG_LENGTH = 10, 128
NAME = r"[\w -]{1,30}"  # another page of Twilio's says 32
TOO_MANY_DIGITS = "([0-9][^0-9]*){5}"


def _is_tags(value: str) -> bool:
    try:
        tags = json.loads(value)
    except (ValueError, RecursionError):
        return False
    if not isinstance(tags, dict) or len(tags) > MAX_TAGS:
        return False
    return all(isinstance(text, str) and len(text) <= MAX_TAG_LENGTH for pair in tags.items() for text in pair)


def _is_ip(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def _is_friendly_name(value: str) -> bool:
    return bool(re.fullmatch(NAME, value)) and not re.search(TOO_MANY_DIGITS, value)


VALID: dict[str, Callable[[str], object]] = {
    "RiskCheck": re.compile("enable|disable").fullmatch,
    "TemplateSid": re.compile("HJ[0-9a-fA-F]{32}").fullmatch,
    "Tags": _is_tags,
    "DeviceIp": _is_ip,
    "CustomFriendlyName": _is_friendly_name,
}
SHOWN = {"DeviceIp": "deviceIp", "CustomFriendlyName": "friendlyName"}


def validate(call: Call) -> None:
    """Raises Refusal for an invalid parameter. The ledger shows those of SHOWN."""
    form = call.request.POST
    for name, is_valid in VALID.items():
        if name in form and not is_valid(form[name]):
            raise wire.invalid(call, name)
    call.facts |= {fact: form[name] for name, fact in SHOWN.items() if name in form}
    if "Tags" in form:
        call.facts["tags"] = json.loads(form["Tags"])
