"""Text messages that are no codes. Only verbs send them, after the change that they tell of."""

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from onboarding import events
from onboarding.domain.errors import UpstreamError
from onboarding.events import Name
from onboarding.models import Binding
from onboarding.upstream.messaging import messaging


def send_moved_away(binding: Binding) -> None:
    """Tell the number of `binding` that its key has another number now, if the settings name a sender.

    The language is that of the person who linked it, since somebody else may have moved it. There is one try: a second
    could arrive as a second text. A failure is recorded, not raised.
    """
    if not settings.TWILIO_SENDER:
        return
    with override(binding.language or settings.LANGUAGE_CODE):
        text = _("Your number was unlinked from a device, which is now linked to another number. Not you? Contact us.")
    text = f"{settings.BRAND_NAME}: {text} {settings.SUPPORT_URL}".strip()
    try:
        messaging().send(binding.number, text)
    except UpstreamError as error:
        events.record(Name.NOTICE_UNANSWERED, events.error_facts(error), binding=binding)
    else:
        events.record(Name.NOTICE_SENT, {}, binding=binding)
