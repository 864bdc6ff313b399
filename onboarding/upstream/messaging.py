"""Sends texts that are no codes: Twilio Programmable Messaging, by Twilio's package.

https://www.twilio.com/docs/messaging/api/message-resource
"""

from datetime import timedelta
from functools import cache

from onboarding.conf import conf
from onboarding.domain.errors import Garbled
from onboarding.upstream.http import Upstream
from onboarding.upstream.twilio import SHARE, is_number, twilio_client

MESSAGES = "Messages.json"  # the operation, named as in Twilio's path
DEADLINES = {MESSAGES: timedelta(seconds=5)}


class Messaging:
    """Twilio Messaging. Its call raises UpstreamError. `sender` is a messaging service (MG...) or a number (E.164)."""

    def __init__(self, base_url: str, username: str, password: str, account_sid: str, sender: str) -> None:
        self._upstream = Upstream("twilio-messaging", base_url, DEADLINES, share=SHARE)
        self._messages = twilio_client(self._upstream, username, password, account_sid).messages
        self._sender = {"messaging_service_sid" if sender.startswith("MG") else "from_": sender}

    def send(self, to: str, body: str) -> None:
        """Hand a text to Twilio, which does not tell whether it arrives. Raises UpstreamError."""
        with self._upstream.call(MESSAGES, to):
            try:
                message = self._messages.create(to=to, body=body, **self._sender)
            except (AttributeError, TypeError, ValueError):  # from the package, for a date of the wrong JSON type
                raise Garbled("twilio-messaging", MESSAGES) from None
            if not is_number(message.to, to):
                raise Garbled("twilio-messaging", MESSAGES)


@cache
def messaging() -> Messaging:
    """Return the client of this process, made from the settings."""
    return Messaging(
        conf.TWILIO_MESSAGING_BASE_URL,
        *conf.twilio_credentials,
        conf.TWILIO_ACCOUNT_SID,
        conf.TWILIO_SENDER,
    )
