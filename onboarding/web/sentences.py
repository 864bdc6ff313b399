"""The sentences that pages say for values of closed sets: the notice of a session, and the channel of its code.

Reviewers read other words for them: `onboarding.domain.wording`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from onboarding.domain.states import CANNOT_SEND, Channel, Notice
from onboarding.models import OnboardingSession


@dataclass(frozen=True)
class ChannelSentences:
    """What pages say of one channel. `send` and `send_again` are the words on its button."""

    sent: Any
    arrival: Any
    send: Any
    send_again: Any


CHANNELS: Mapping[Channel, ChannelSentences] = {
    Channel.SMS: ChannelSentences(
        sent=_('We texted a code to <bdi class="number">%(number)s</bdi>.'),
        arrival=_("A text can take a minute. Check that your phone has signal, and look among blocked messages."),
        send=_("Send a code"),
        send_again=_("Send a code again"),
    ),
    Channel.CALL: ChannelSentences(
        sent=_('We\'re calling <bdi class="number">%(number)s</bdi> to say a code.'),
        arrival=_("The call comes within a minute."),
        send=_("Call me and say the code"),
        send_again=_("Call me and say the code"),
    ),
}

# STILL_CHECKING has none: it is an answer to the script of the page, which then asks again.
NOTICES: Mapping[str, Any] = {
    Notice.TRY_AGAIN: _("We couldn't reach the service. Nothing is lost: try again in a moment."),
    Notice.CODE_WRONG: _("That code isn't right. Check it and try again."),
    Notice.CODE_EXPIRED: _("That code has expired. Send a new one: you won't lose your place."),
    Notice.CODE_UNKNOWN: _("We couldn't tell whether that code was right. Send a new one."),
    Notice.TOO_MANY_GUESSES: _("That was the last try for this code. You can get a new one in a few minutes."),
    Notice.SEND_UNKNOWN: _("We couldn't tell whether the code was sent. Wait a moment, then ask for it again."),
    Notice.SEND_FAILED: _("We couldn't send a code right now. Nothing is lost: try again in a moment."),
    Notice.CANNOT_TEXT: _("We can't text this number. Check it, let us call it, or use another one."),
    Notice.CANNOT_CALL: _("We can't call this number. Check it, let us text it, or use another one."),
    Notice.MOVED_LATELY: _(
        "This device or this number was moved only recently. For your safety it can't be moved again yet. "
        "Try again later."
    ),
    Notice.CHANNEL_OFF: _("We can't send a code this way. Get it another way, or use another number."),
    Notice.TOO_SOON: _("Please wait a little before you ask for another code."),
    Notice.TOO_MANY_SENDS: _("We've sent as many codes as we can for now. Start again later, or use another number."),
    Notice.NOT_A_MOBILE: _(
        '<bdi class="number">%(number)s</bdi> doesn\'t seem to be a mobile number. Landlines, internet numbers and '
        "service numbers can't be used. Use the number of a mobile phone."
    ),
}

# Where no other channel is left.
WITHOUT_OTHERS: Mapping[str, Any] = {
    **dict.fromkeys(CANNOT_SEND.values(), _("We can't send a code to this number. Check it, or use another one.")),
    Notice.CHANNEL_OFF: NOTICES[Notice.SEND_FAILED],
}


class Sentences:
    """What a page says about `session`, in the language of the request. Read when the page is rendered."""

    def __init__(self, session: OnboardingSession) -> None:
        self._session = session

    @property
    def notice(self) -> SafeString:
        """Return the sentence for the session's notice; empty if there is none."""
        notice = self._session.notice
        others = [channel for channel in self._session.channels if CANNOT_SEND[channel] != notice]
        sentence = NOTICES.get(notice, "")
        return self._said(sentence if others else WITHOUT_OTHERS.get(notice, sentence))

    @property
    def sent(self) -> SafeString:
        """Return how and to which number the code was sent."""
        return self._said(CHANNELS[Channel(self._session.channel)].sent)

    @property
    def arrival(self) -> SafeString:
        """Return when a code that was sent arrives."""
        return self._said(CHANNELS[Channel(self._session.channel)].arrival)

    @property
    def send(self) -> list[tuple[Channel, SafeString]]:
        """Return each channel with the words of its button; the channel that Twilio has just refused comes last."""
        channels = sorted(self._session.channels, key=lambda channel: CANNOT_SEND[channel] == self._session.notice)
        return [(channel, self._said(CHANNELS[channel].send)) for channel in channels]

    @property
    def send_again(self) -> list[tuple[Channel, SafeString]]:
        """Return the same for another code, in a fixed order."""
        return [(channel, self._said(CHANNELS[channel].send_again)) for channel in self._session.channels]

    def _said(self, sentence: Any) -> SafeString:
        number = conditional_escape(self._session.shown_number)
        return mark_safe(str(sentence) % {"number": number})  # noqa: S308 - our catalogues, and an escaped number
