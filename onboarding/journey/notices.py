"""Texts that are no codes. Only `flow` sends them, after the change that they tell of."""

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from onboarding import events
from onboarding.domain.errors import UpstreamError
from onboarding.events import Name
from onboarding.models import Binding
from onboarding.upstream.messaging import messaging


def tell_former(former: Binding) -> None:
    """To the number that a key has left, if the settings name a sender. One try: another could be a second text.

    In the language of whoever linked it: who moved it may be somebody else.
    """
    if not settings.TWILIO_SENDER:
        return
    with override(former.language or settings.LANGUAGE_CODE):
        text = _("Your number was unlinked from a device, which is now linked to another number. Not you? Contact us.")
    text = f"{settings.BRAND_NAME}: {text} {settings.SUPPORT_URL}".strip()
    try:
        messaging().send(former.number, text)
    except UpstreamError as error:
        events.record(Name.NOTICE_UNANSWERED, events.error_facts(error), binding=former)
    else:
        events.record(Name.NOTICE_SENT, {}, binding=former)
