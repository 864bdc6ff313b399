"""The admin site of the reviewers' desk, and its log-in."""

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.forms import CharField, TextInput
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django_otp.admin import OTPAdminSite
from django_otp.forms import OTPAuthenticationFormMixin
from django_otp.plugins.otp_totp.models import TOTPDevice

from onboarding import limits
from onboarding.domain import budgets
from onboarding.domain.errors import Limited
from onboarding.web import address
from onboarding.web.responses import too_many_requests


class ReviewerLoginForm(OTPAuthenticationFormMixin, AdminAuthenticationForm):
    """Name, password and authenticator code in one form. There is no device to choose, since a reviewer has one."""

    request: HttpRequest  # never None here, unlike in the base class
    otp_token = CharField(
        label=_("Code from your authenticator app"),
        widget=TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        device = TOTPDevice.objects.filter(user=user, confirmed=True).last()
        self.cleaned_data["otp_device"] = device.persistent_id if device else ""

    def clean(self) -> dict[str, Any]:
        """Charge the budgets, then compare password and code. Raises ValidationError and Limited."""
        account, client = self.cleaned_data.get("username", ""), address.of(self.request)
        limits.charge(budgets.logins(account, client))
        cleaned = super().clean()
        self.clean_otp(self.get_user())
        limits.reset(budgets.logins_of(account))
        limits.refund(budgets.logins_from(client))
        return cleaned


class ReviewersSite(OTPAdminSite):
    """Admits staff verified by an authenticator app. A binding is a django-otp device too, but is not enough here."""

    site_title = site_header = _("Reviewers' desk")
    index_title = _("Who linked which number, and how it went")
    login_form = ReviewerLoginForm
    login_template = "admin/onboarding/login.html"

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        try:
            return super().login(request, extra_context)
        except Limited as limited:
            return too_many_requests(request, limited, back=request.path)

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and isinstance(getattr(request.user, "otp_device", None), TOTPDevice)


site = ReviewersSite("reviewers")
