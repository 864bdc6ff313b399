"""The list of publishable keys at the desk: made there, and revoked there. Nothing of a key can be changed."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Now
from django.forms import Media, ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from onboarding import events
from onboarding.api.models import PublishableKey
from onboarding.desk.access import history
from onboarding.desk.acts import Act, ActsAdmin
from onboarding.desk.story import moment
from onboarding.domain.errors import StaleState
from onboarding.events import Name


def revoke_key(*, key: PublishableKey, by: AbstractBaseUser, reason: str) -> None:
    """Let nobody begin a verification by the key. Raises StaleState if it was revoked before."""
    with transaction.atomic():
        if not PublishableKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now()):
            raise StaleState
        events.record(Name.KEY_REVOKED, {"key": key.key, "reason": reason}, actor=by)


REVOKE_KEY = Act(
    "revoke",
    _("Revoke"),
    _("No app or site can begin a verification by this key any more. What has begun goes on."),
    revoke_key,
    "key",
    lambda key: key.revoked_at is None,
    steps_up=True,
)


class PublishableKeyAdmin(ActsAdmin):
    """Keys with what they allow. A new one has a form of its own, without Django's scripts."""

    list_display = ("name", "key", "in_force", "starts_per_hour", "texts_per_hour", "made")
    fields = (
        *("name", "key", "in_force", "origins", "app_ids", "starts_per_hour", "texts_per_hour", "needs_proof"),
        *("made", "revoked"),
    )
    asked = ("name", "origins", "app_ids", "starts_per_hour", "texts_per_hour", "needs_proof")
    acts = (REVOKE_KEY,)
    actions = None
    sortable_by = ()
    media = Media()
    change_list_template = "admin/proveflow/keys.html"
    change_form_template = "admin/proveflow/key.html"

    made, revoked = (moment(PublishableKey, name) for name in ("created_at", "revoked_at"))

    @admin.display(description=_("in force"), boolean=True)
    def in_force(self, key: PublishableKey) -> bool:
        return key.revoked_at is None

    def has_change_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:  # noqa: ARG002
        """Ask what the key allows on GET; make it on POST, and show it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        kind: type[ModelForm[PublishableKey]] = self.get_form(request, fields=self.asked)
        form = kind(request.POST if request.method == "POST" else None)
        if form.is_valid():
            with transaction.atomic():
                key = form.save()
                history.note(request.user, key, "make")
                events.record(Name.KEY_MADE, {"key": key.key}, actor=request.user)
            here = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
            return HttpResponseRedirect(reverse(here, args=[key.pk], current_app=self.admin_site.name))
        context = {**self.admin_site.each_context(request), "title": _("New key"), "opts": self.opts, "form": form}
        return TemplateResponse(request, "admin/proveflow/new_key.html", context)
