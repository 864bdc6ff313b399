"""What kind of line a number is: Twilio Lookup v2, through Twilio's own package. https://www.twilio.com/docs/lookup/v2-api"""

import re
from datetime import timedelta
from functools import cache

from django.conf import settings

from onboarding.domain.errors import Garbled
from onboarding.domain.policy import UNKNOWN_LINE
from onboarding.upstream.http import Upstream
from onboarding.upstream.twilio import client_of

PHONE_NUMBERS = "PhoneNumbers"  # the operation, named as in Twilio's path
DEADLINES = {PHONE_NUMBERS: timedelta(seconds=4)}
PACKAGE = "line_type_intelligence"


class Lookup:
    """One call: the five errors of `onboarding.domain.errors`."""

    def __init__(self, base_url: str, username: str, password: str, account_sid: str) -> None:
        client = client_of(Upstream("twilio-lookup", base_url, DEADLINES), username, password, account_sid)
        self._phone_numbers = client.lookups.v2.phone_numbers

    def line_type(self, number: str) -> str:
        """Twilio's word for the line of `number` (E.164); UNKNOWN_LINE where Twilio has none.

        https://www.twilio.com/docs/lookup/v2-api/line-type-intelligence
        """
        found = self._phone_numbers(number).fetch(fields=PACKAGE)
        known = found.line_type_intelligence or {}  # null: this package has no answer, and neither has an error_code
        if found.phone_number != number or not isinstance(known, dict):
            raise Garbled("twilio-lookup", PHONE_NUMBERS)
        line_type = known.get("type") or UNKNOWN_LINE
        if not isinstance(line_type, str) or not re.fullmatch("[A-Za-z]{1,24}", line_type, re.ASCII):
            raise Garbled("twilio-lookup", PHONE_NUMBERS)
        return line_type


@cache
def lookup() -> Lookup:
    """The one that settings name, for the whole process."""
    return Lookup(
        settings.TWILIO_LOOKUP_BASE_URL,
        settings.TWILIO_USERNAME,
        settings.TWILIO_PASSWORD,
        settings.TWILIO_ACCOUNT_SID,
    )
