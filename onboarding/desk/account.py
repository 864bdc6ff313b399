"""The pages by which reviewers set up and renew what they log in with: by invitation, and for their own account."""

import secrets
import time
from typing import Any

import segno
from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from onboarding import limits
from onboarding.desk.access import history, invitations, recovery, roles
from onboarding.desk.access.proof import WRONG, ProofForm
from onboarding.desk.access.roles import ForeignGroup
from onboarding.desk.site import page_of, site
from onboarding.domain import budgets
from onboarding.domain.errors import Limited, StaleState
from onboarding.models import Invitation
from onboarding.web import address
from onboarding.web.forms import code_in
from onboarding.web.responses import too_many_requests

JOIN_KEY = "proveflow_join"  # of the Django session: the hash of the link's token, and the new authenticator's key
KEY_BYTES = 20  # RFC 4226, 4
PASSWORD = {"autocomplete": "new-password"}


class JoinForm(forms.Form):
    """A password, twice if it is a new one, and the first code of the new authenticator."""

    password = forms.CharField(label=_("Password"), widget=forms.PasswordInput(PASSWORD))
    again = forms.CharField(label=_("The same password again"), widget=forms.PasswordInput(PASSWORD))
    code = forms.CharField(
        label=_("Code from your authenticator app"),
        max_length=64,
        widget=forms.TextInput({"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, invitation: Invitation, key: str, **named: Any) -> None:
        super().__init__(*args, **named)
        self.invitation, self.key, self.step = invitation, key, 0
        if not invitation.role:
            del self.fields["again"]
            self.fields["password"].label = _("Your present password")

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        name = self.invitation.name
        if self.invitation.role:
            validate_password(password, get_user_model()(**roles.named(name)))
        elif (user := invitations.invited(self.invitation)) is None or not user.check_password(password):
            raise forms.ValidationError(_("The password is wrong."), code="wrong")
        return password

    def clean_again(self) -> str:
        if self.cleaned_data["again"] != self.cleaned_data.get("password"):
            raise forms.ValidationError(_("The two passwords differ."), code="differ")
        return str(self.cleaned_data["again"])

    def clean_code(self) -> str:
        code = code_in(self.cleaned_data["code"])
        totp = TOTP(bytes.fromhex(self.key))
        totp.time = time.time()  # the clock that codes are compared by
        if not code or not totp.verify(int(code), tolerance=1):
            raise forms.ValidationError(WRONG, code="wrong")
        self.step = totp.t()
        return code


@never_cache
def invited_view(request: HttpRequest, token: str) -> HttpResponse:
    """Keep the hash of the link's token, so that no further URL and no row has it, and show the page."""
    request.session[JOIN_KEY] = [invitations.hashed(token), secrets.token_hex(KEY_BYTES)]
    return HttpResponseRedirect(reverse("admin:join", current_app=site.name))


@never_cache
def join_view(request: HttpRequest) -> HttpResponse:
    """Set up the account, or the new authenticator, of who was invited; show the recovery codes."""
    token_hash, key = request.session.get(JOIN_KEY, ("", ""))
    invitation = invitations.find(token_hash)
    if invitation is None:
        return page_of(request, "join.html", _("This link was used, or has ended. Ask for another one."), status=404)
    form = JoinForm(request.POST or None, invitation=invitation, key=key)
    try:
        if request.method == "POST":
            limits.charge(budgets.logins(invitation.name, address.of(request)))
        if form.is_valid():
            codes = invitations.accept(invitation, password=form.cleaned_data["password"], key=key, step=form.step)
            request.session.flush()
            return page_of(request, "codes.html", _("Recovery codes"), codes=codes, joined=True)
    except Limited as limited:
        return too_many_requests(request, limited, back=request.path)
    except StaleState:
        return HttpResponseRedirect(request.path)
    except (ValidationError, ForeignGroup) as error:
        form.add_error(None, " ".join(getattr(error, "messages", [str(error)])))
    qr_code = _qr_code(invitation, key)
    return page_of(request, "join.html", _("Set up your access"), form=form, qr_code=qr_code, invitation=invitation)


def account_view(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes, or begin with a new authenticator, after a code."""
    form = ProofForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        if "authenticator" in request.POST:
            name: str = request.user.get_username()
            return invited_view(request, invitations.invite(name, None, by=request.user))
        codes = recovery.new_codes(request.user)
        roles.record(request.user.get_username(), "new recovery codes", by=request.user)
        history.note(request.user, request.user, "new recovery codes")
        return page_of(request, "codes.html", _("Recovery codes"), codes=codes)
    return page_of(request, "account.html", _("Your access"), form=form, left=recovery.left(request.user))


def _qr_code(invitation: Invitation, key: str) -> SafeString:
    """Return what an authenticator app scans, as SVG."""
    user = get_user_model()(**roles.named(invitation.name))
    url = TOTPDevice(user=user, key=key).config_url
    return mark_safe(segno.make(url).svg_inline(omitsize=True, light="#fff"))  # noqa: S308 - segno draws our own text


site.pages += (
    path("invited/<str:token>/", invited_view, name="invited"),
    path("join/", join_view, name="join"),
    path("account/", site.admin_view(account_view), name="account"),
)
