"""The sentences that pages say for values of closed sets: the notice of a session, and the channel of its code.

Reviewers read other words for them: `onboarding.domain.wording`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from onboarding.domain.states import CANNOT_SEND, Channel, Notice, State
from onboarding.journey import possession
from onboarding.models import OnboardingSession


@dataclass(frozen=True)
class ChannelSentences:
    """What pages say of one channel. The last three are the words on its button, the last after a code that ended."""

    sent: Any
    arrival: Any
    send: Any
    send_again: Any
    send_new: Any


CHANNELS: Mapping[Channel, ChannelSentences] = {
    Channel.SMS: ChannelSentences(
        sent=_('We texted a code to <bdi class="number">%(number)s</bdi>.'),
        arrival=_("A text can take a minute. Check that your phone has signal, and look in spam and blocked messages."),
        send=_("Send a code"),
        send_again=_("Send a code again"),
        send_new=_("Send a new code"),
    ),
    Channel.CALL: ChannelSentences(
        sent=_('We\'re calling <bdi class="number">%(number)s</bdi> to say a code.'),
        arrival=_("The call comes within a minute."),
        send=_("Get the code by phone call"),
        send_again=_("Get the code by phone call"),
        send_new=_("Get a new code by phone call"),
    ),
}

# STILL_CHECKING has none: it is an answer to the script of the page, which then asks again.
NOTICES: Mapping[str, Any] = {
    Notice.TRY_AGAIN: _("We couldn't reach the service. Nothing is lost: try again in a moment."),
    Notice.CODE_WRONG: _("That code isn't right. Check it and try again."),
    Notice.CODE_EXPIRED: _("That code has expired. Ask for a new one: you won't lose your place."),
    Notice.CODE_UNKNOWN: _("We couldn't tell whether that code was right. Ask for a new one."),
    Notice.TOO_MANY_GUESSES: _("That was the last try for this code. You need a new one."),
    Notice.SEND_UNKNOWN: _(
        "We couldn't tell whether the code was sent. If you have it, go on. If not, wait a moment, then ask for it "
        "again: it is the same code."
    ),
    Notice.SENT_ELSEWHERE: _(
        "This is the code that another browser has just asked for. If that was you, enter it here to go on in this one."
    ),
    Notice.SEND_FAILED: _("We couldn't send a code right now. Nothing is lost: try again in a moment."),
    Notice.CANNOT_TEXT: _("We can't text this number. Check it, let us call it, or use another one."),
    Notice.LANDLINE: _(
        "This is a landline: it can't receive texts. Get the code by phone call, or use another number."
    ),
    Notice.OPTED_OUT: _(
        "This number has stopped our texts. Send START to the number that they came from and ask for a code again, or "
        "get the code by phone call."
    ),
    Notice.TEXTS_BLOCKED: _(
        "Texts to this number are blocked for now. Get the code by phone call, or use another number."
    ),
    Notice.CANNOT_CALL: _("We can't call this number. Check it, let us text it, or use another one."),
    Notice.MOVED_LATELY: _(
        "This device or this number was moved only recently. For your safety it can't be moved again yet. "
        "Try again later."
    ),
    Notice.CHANNEL_OFF: _("We can't send a code this way. Get it another way, or use another number."),
    Notice.TOO_SOON: _("It is too soon for another code. You can ask for one in %(wait)s."),
    Notice.TOO_MANY_SENDS: _("We've sent as many codes as we can for now. Start again later, or use another number."),
    Notice.NOT_A_MOBILE: _(
        '<bdi class="number">%(number)s</bdi> doesn\'t seem to be a mobile number. Landlines, internet numbers and '
        "service numbers can't be used. Use the number of a mobile phone."
    ),
    Notice.NO_ANSWER: _(
        "The check of your device did not finish. Try again. If it happens again, use another browser or another "
        "device."
    ),
}

# Where no other channel is left.
WITHOUT_OTHERS: Mapping[str, Any] = {
    **dict.fromkeys(
        chain.from_iterable(CANNOT_SEND.values()),
        _("We can't send a code to this number. Check it, or use another one."),
    ),
    Notice.OPTED_OUT: _(
        "This number has stopped our texts. Send START to the number that they came from and ask for a code again, or "
        "use another number."
    ),
    Notice.CHANNEL_OFF: NOTICES[Notice.SEND_FAILED],
}


class Sentences:
    """What a page says about `session`, in the language of the request. Read when the page is rendered."""

    def __init__(self, session: OnboardingSession, wait: str = "") -> None:
        """`wait` is the time until another code may be sent, like 0:27."""
        self._session, self._wait = session, wait

    @property
    def notice(self) -> SafeString:
        """Return the sentence for the session's notice; empty if there is none."""
        notice = self._session.notice
        others = [channel for channel in self._session.channels if notice not in CANNOT_SEND[channel]]
        sentence = NOTICES.get(notice, "")
        return self._said(sentence if others else WITHOUT_OTHERS.get(notice, sentence))

    @property
    def no_answer(self) -> SafeString:
        """Return what is said when the device check was not finished."""
        return self._said(NOTICES[Notice.NO_ANSWER])

    @property
    def no_more(self) -> SafeString:
        """Return what is said once the session's codes are used up."""
        return self._said(NOTICES[Notice.TOO_MANY_SENDS])

    @property
    def sent(self) -> SafeString:
        """Return how and to which number the code was sent."""
        return self._said(CHANNELS[Channel(self._session.channel)].sent)

    @property
    def arrival(self) -> SafeString:
        """Return when a code that was sent arrives."""
        return self._said(CHANNELS[Channel(self._session.channel)].arrival)

    @property
    def code_is(self) -> str:
        """Return "same" or "new" if the code was sent again just before, else ""."""
        session = self._session
        if session.state != State.CODE_SENT or session.notice or session.code_sent_at is None:
            return ""
        latest_send = session.moved_at  # since there is no notice
        if latest_send - session.code_sent_at > possession.RESEND_WAITS[0] / 2:
            return "same"
        return "new" if session.sends > 1 else ""

    @property
    def send(self) -> list[tuple[Channel, SafeString]]:
        """Return each channel with the words of its button; the channel that Twilio has just refused comes last."""
        channels = sorted(self._session.channels, key=lambda channel: self._session.notice in CANNOT_SEND[channel])
        name = "send_new" if self._session.code_sent_at else "send"
        return [(channel, self._said(getattr(CHANNELS[channel], name))) for channel in channels]

    @property
    def send_look(self) -> str:
        """Return the class of the first of these buttons: quiet below one for a code that may have arrived."""
        return "quiet" if self._session.notice == Notice.SEND_UNKNOWN else ""

    @property
    def send_again(self) -> list[tuple[Channel, SafeString]]:
        """Return the same for another code, in a fixed order."""
        return [(channel, self._said(CHANNELS[channel].send_again)) for channel in self._session.channels]

    def _said(self, sentence: Any) -> SafeString:
        number = conditional_escape(self._session.shown_number)
        return mark_safe(str(sentence) % {"number": number, "wait": self._wait})  # noqa: S308 - our catalogues, and an escaped number
