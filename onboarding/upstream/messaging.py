"""A text that is no code: Twilio Programmable Messaging, through Twilio's own package.

https://www.twilio.com/docs/messaging/api/message-resource
"""

from datetime import timedelta
from functools import cache

from django.conf import settings

from onboarding.domain.errors import Garbled
from onboarding.upstream.http import Upstream
from onboarding.upstream.twilio import client_of

MESSAGES = "Messages.json"  # the operation, named as in Twilio's path
DEADLINES = {MESSAGES: timedelta(seconds=5)}


class Messaging:
    """One call; raises the errors of `domain.errors`. `sender`: a messaging service (MG...) or a number (E.164)."""

    def __init__(self, base_url: str, username: str, password: str, account_sid: str, sender: str) -> None:
        client = client_of(Upstream("twilio-messaging", base_url, DEADLINES), username, password, account_sid)
        self._messages = client.messages
        self._sender = {"messaging_service_sid" if sender.startswith("MG") else "from_": sender}

    def send(self, to: str, body: str) -> None:
        """Hand a text over to Twilio; whether it arrives is another matter."""
        try:
            message = self._messages.create(to=to, body=body, **self._sender)
        except (AttributeError, TypeError, ValueError):  # the package reads dates whatever their JSON type
            raise Garbled("twilio-messaging", MESSAGES) from None
        if message.to != to:
            raise Garbled("twilio-messaging", MESSAGES)


@cache
def messaging() -> Messaging:
    """The one that settings name, for the whole process."""
    return Messaging(
        settings.TWILIO_MESSAGING_BASE_URL,
        settings.TWILIO_USERNAME,
        settings.TWILIO_PASSWORD,
        settings.TWILIO_ACCOUNT_SID,
        settings.TWILIO_SENDER,
    )
