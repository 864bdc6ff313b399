"""Step-up: an act that shows a whole number or ends something needs a code, unless one was right within STEP_UP."""

from datetime import datetime
from typing import Any

import django_otp
from django import forms
from django.contrib import auth
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from onboarding import events, limits
from onboarding.conf import conf
from onboarding.desk.access import recovery
from onboarding.domain import budgets
from onboarding.domain.errors import Limited
from onboarding.events import Name
from onboarding.web import address, logins
from onboarding.web.forms import code_in
from onboarding.web.responses import limit_message

PROVED_KEY = "proveflow_proved"  # of the Django session: when a code was right, by the database's clock
WRONG = _("The code is wrong, or was used before. Wait for the next one.")


class ProofForm(forms.Form):
    """A code of the authenticator app, or a recovery code. If one was right within STEP_UP, there is no field."""

    code = forms.CharField(
        label=_("Code from your authenticator app, or a recovery code"),
        max_length=64,
        widget=forms.TextInput({"autocomplete": "one-time-code", "autofocus": True}),
    )

    def __init__(self, *args: Any, request: HttpRequest, is_needed: bool = True, **named: Any) -> None:
        super().__init__(*args, **named)
        self.request = request
        if not is_needed or is_fresh(request):
            del self.fields["code"]

    def clean_code(self) -> str:
        typed: str = self.cleaned_data["code"]
        try:
            if not _is_right(self.request, typed):
                raise forms.ValidationError(WRONG, code="wrong")
        except Limited as limited:
            raise forms.ValidationError(limit_message(limited), code="limited") from None
        note(self.request)
        return typed


def is_fresh(request: HttpRequest) -> bool:
    """Return whether the reviewer's code was right within STEP_UP, at the log-in or later."""
    proved: str = request.session.get(PROVED_KEY, "")
    return bool(proved) and logins.now_of(request.user) - datetime.fromisoformat(proved) <= conf.STEP_UP


def note(request: HttpRequest) -> None:
    """Note that a code was right just now."""
    request.session[PROVED_KEY] = logins.now_of(request.user).isoformat()


@receiver(auth.user_logged_in)
def _note_log_in(request: HttpRequest, user: Any, **_signal: object) -> None:
    """A log-in at the desk had a code. Any other log-in in this browser ends what was noted."""
    request.session.pop(PROVED_KEY, None)
    if isinstance(getattr(user, "otp_device", None), TOTPDevice):
        note(request)


def _is_right(request: HttpRequest, typed: str) -> bool:
    """Return whether the code is right. It counts as a log-in. Raises Limited."""
    user: Any = request.user
    account, client = user.get_username(), address.of(request)
    limits.charge(budgets.logins(account, client))
    device = user.otp_device.persistent_id
    if not recovery.use(user, typed) and django_otp.verify_token(user, device, code_in(typed)) is None:
        events.record(Name.LOGIN_FAILED, {"account": events.account_hash(account)})
        return False
    limits.refund(budgets.logins_from(client), reset=budgets.logins_of(account))
    return True
