"""The admin site of the reviewers' desk, and its log-in."""

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import UsernameField
from django.core.exceptions import ValidationError
from django.forms import CharField, PasswordInput
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _
from django_otp.admin import OTPAdminSite
from django_otp.forms import OTPAuthenticationFormMixin
from django_otp.plugins.otp_totp.models import TOTPDevice

from onboarding import events, limits
from onboarding.desk.access import recovery
from onboarding.domain import budgets
from onboarding.domain.errors import Limited
from onboarding.events import Name
from onboarding.models import OnboardingSession
from onboarding.web import address
from onboarding.web.forms import code_in
from onboarding.web.responses import too_many_requests

WRONG_LOGIN = _(
    "You are not logged in: the name, the password or the code is wrong, or the last try was a moment ago. "
    "Wait a few seconds, then enter all three again."
)


class Unechoed(PasswordInput):
    """A text field that is empty again on the next page."""

    input_type = "text"


class ReviewerLoginForm(OTPAuthenticationFormMixin, AdminAuthenticationForm):
    """Name, password and authenticator code in one form. There is no device to choose, since a reviewer has one.

    A wrong log-in does not say what was wrong, and no field is filled in again.
    """

    request: HttpRequest  # never None here, unlike in the base class
    username = UsernameField(widget=Unechoed(attrs={"autofocus": True, "autocomplete": "username"}))
    otp_token = CharField(
        label=_("Code from your authenticator app, or a recovery code"),
        widget=Unechoed(attrs={"autocomplete": "one-time-code"}),
    )

    def clean_otp_token(self) -> str:
        """Return the digits, or a recovery code as it was typed."""
        typed: str = self.cleaned_data["otp_token"]
        return code_in(typed) or typed

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        device = TOTPDevice.objects.filter(user=user, confirmed=True).last()
        self.cleaned_data["otp_device"] = device.persistent_id if device else ""

    def clean(self) -> dict[str, Any]:
        """Charge the budgets, then compare password and code. Raises ValidationError and Limited."""
        if self.errors:  # a field is missing: comparing the others would say whether they are right
            return self.cleaned_data
        account, client = self.cleaned_data["username"], address.of(self.request)
        limits.charge(budgets.logins(account, client))
        try:
            self._compare()
        except ValidationError:
            events.record(Name.LOGIN_FAILED, {"account": events.account_hash(account)})
            raise ValidationError(WRONG_LOGIN, code="invalid_login") from None
        events.record(Name.LOGIN_PASSED, {"account": events.account_hash(account)}, actor=self.get_user())
        limits.refund(budgets.logins_from(client), reset=budgets.logins_of(account))
        return self.cleaned_data

    def _compare(self) -> None:
        super().clean()
        self.clean_otp(self.get_user())

    def _verify_token(self, user: Any, token: str, device: Any = None) -> Any:
        """Return the authenticator, of which this is a code, or which a recovery code stands in for."""
        if device is not None and recovery.use(user, token):
            return device
        return super()._verify_token(user, token, device)

    def _update_form(self, user: Any) -> None:
        """Do not show the password again after a wrong code, as the base class does."""


def is_reviewer(request: HttpRequest) -> bool:
    """Return whether the user is verified by an authenticator app."""
    return isinstance(getattr(request.user, "otp_device", None), TOTPDevice)


class ReviewersSite(OTPAdminSite):
    """Admits staff verified by an authenticator app. A binding is a django-otp device too, but is not enough here."""

    site_title = site_header = _("Reviewers' desk")
    index_title = _("What waits for a reviewer")
    enable_nav_sidebar = False  # the lists of sessions need its place, and every page has links to the lists
    pages: tuple[URLPattern, ...] = ()  # that other modules of the desk add
    login_form = ReviewerLoginForm
    login_template = "admin/proveflow/login.html"

    def get_urls(self) -> list[Any]:
        return [*self.pages, *super().get_urls()]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the lists in the order in which they were registered, which is the same in every language."""
        order = list(self._registry)
        apps: list[Any] = super().get_app_list(request, app_label)
        for app in apps:
            app["models"].sort(key=lambda each: order.index(each["model"]))
        return sorted(apps, key=lambda app: order.index(app["models"][0]["model"]))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        try:
            return super().login(request, extra_context)
        except Limited as limited:
            return too_many_requests(request, limited, back=request.path)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show the queue, and links to the lists, to those who may view sessions."""
        sessions: Any = self._registry.get(OnboardingSession)
        if sessions is None or not sessions.has_view_permission(request):
            return super().index(request, extra_context)
        context = {"title": self.index_title, "app_list": self.get_app_list(request), **(extra_context or {})}
        page: TemplateResponse = sessions.queue_view(request, context)
        return page

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and is_reviewer(request)


site = ReviewersSite("reviewers")


def page_of(
    request: HttpRequest, template: str, title: object, *, status: int = 200, **context: object
) -> TemplateResponse:
    """Return a page of the desk that belongs to no list. Before a log-in, it has no links to others."""
    request.current_app = site.name
    known = {**site.each_context(request), "title": title, "is_popup": not is_reviewer(request)}
    return TemplateResponse(request, f"admin/proveflow/{template}", {**known, **context}, status=status)
