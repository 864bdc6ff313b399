"""Text messages that are no codes. Only verbs send them, after the change that they tell of."""

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from onboarding import events, limits
from onboarding.conf import conf
from onboarding.domain import budgets
from onboarding.domain.errors import UpstreamError
from onboarding.domain.states import Review
from onboarding.events import Name
from onboarding.models import Binding, OnboardingSession
from onboarding.upstream.messaging import messaging


def send_moved_away(binding: Binding) -> None:
    """Tell the number of `binding` that its key has another number now, if the settings name a sender.

    The language is that of the person who linked it, since somebody else may have moved it. There is one try: a second
    could arrive as a second text. A failure is recorded, not raised.
    """
    with override(binding.language or settings.LANGUAGE_CODE):
        text = _("Your number was unlinked from a device, which is now linked to another number. Not you? Contact us.")
    _send(binding, text)


def send_new_device(binding: Binding) -> None:
    """Tell the person's other devices that `binding` is new, if the settings want that: one text for each number."""
    if not conf.NEW_DEVICE_NOTICE:
        return
    others = Binding.objects.filter(user=binding.user_id, confirmed=True).exclude(pk=binding.pk).order_by("pk")
    for other in {each.number: each for each in others}.values():
        with override(other.language or settings.LANGUAGE_CODE):
            _send(other, _("A new device was linked to your account. Not you? Contact us."))


def send_decision(session: OnboardingSession) -> None:
    """Tell the session's number what a reviewer decided, if its person asked for that."""
    if not session.told_in:
        return
    with override(session.told_in):
        if session.review == Review.APPROVED:
            text = _("We have looked at your number. Go on within 24 hours, in the browser in which you began.")
        else:
            text = _("We have looked at your number, and can't link it to your device.")
        _send(session, text)


def _send(about: Binding | OnboardingSession, text: str) -> None:
    """Text the number that the row has, if the settings name a sender.

    It is counted as money while there is some, and sent in any case.
    """
    if not conf.TWILIO_SENDER:
        return
    row: dict[str, object] = {"binding" if isinstance(about, Binding) else "session": about}
    limits.charge(budgets.security_texts(cents=conf.TEXT_PRICE_CENTS))
    try:
        messaging().send(about.number, f"{conf.BRAND_NAME}: {text} {conf.SUPPORT_URL}".strip())
    except UpstreamError as error:
        events.record(Name.NOTICE_UNANSWERED, events.error_facts(error), **row)
    else:
        events.record(Name.NOTICE_SENT, {}, **row)
