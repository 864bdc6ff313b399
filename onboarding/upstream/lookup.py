"""The type of a number's line, from Twilio Lookup v2, by Twilio's package. https://www.twilio.com/docs/lookup/v2-api"""

import re
from datetime import timedelta
from functools import cache

from onboarding.conf import conf
from onboarding.domain.errors import Garbled
from onboarding.domain.policy import UNKNOWN_LINE
from onboarding.upstream.http import Upstream
from onboarding.upstream.twilio import SHARE, is_number, twilio_client

PHONE_NUMBERS = "PhoneNumbers"  # the operation, named as in Twilio's path
DEADLINES = {PHONE_NUMBERS: timedelta(seconds=4)}
PACKAGE = "line_type_intelligence"
LINE_TYPE = "[A-Za-z]{1,24}"


class Lookup:
    """Twilio Lookup. Its call raises UpstreamError."""

    def __init__(self, base_url: str, username: str, password: str, account_sid: str) -> None:
        self._upstream = Upstream("twilio-lookup", base_url, DEADLINES, share=SHARE)
        client = twilio_client(self._upstream, username, password, account_sid)
        self._phone_numbers = client.lookups.v2.phone_numbers

    def line_type(self, number: str) -> str:
        """Return Twilio's type of the line of `number` (E.164), or UNKNOWN_LINE if Twilio does not know it.

        https://www.twilio.com/docs/lookup/v2-api/line-type-intelligence
        """
        with self._upstream.call(PHONE_NUMBERS, number):
            found = self._phone_numbers(number).fetch(fields=PACKAGE)
            known = found.line_type_intelligence or {}  # null; or without a type, and with an error_code
            line_type = str(known.get("type") or UNKNOWN_LINE) if isinstance(known, dict) else ""
            if not is_number(found.phone_number, number) or not re.fullmatch(LINE_TYPE, line_type, re.ASCII):
                raise Garbled("twilio-lookup", PHONE_NUMBERS)
        return line_type


@cache
def lookup() -> Lookup:
    """Return the client of this process, made from the settings."""
    return Lookup(
        conf.TWILIO_LOOKUP_BASE_URL,
        *conf.twilio_credentials,
        conf.TWILIO_ACCOUNT_SID,
    )
