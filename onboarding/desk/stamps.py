"""What a reviewer may do: for each act a permission, a page that says what will happen and asks why, and one verb."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext_lazy as _

from onboarding.desk import reviews
from onboarding.domain.errors import Limited, StaleState
from onboarding.domain.phone import Number
from onboarding.journey import unlinking

LONGEST_REASON = 200  # characters
LIKE_A_NUMBER = re.compile(r"(\d[\s().+/-]*){7}")


class ReasonForm(forms.Form):
    """Why. It goes into the diary, which may hold no number."""

    reason = forms.CharField(label=_("Reason"), max_length=LONGEST_REASON, widget=forms.TextInput({"size": 60}))

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"]
        if LIKE_A_NUMBER.search(reason):
            raise forms.ValidationError(_("Leave phone numbers out: the reason is kept."), code="number")
        return reason


@dataclass(frozen=True)
class Stamp:
    """`name` is the permission's and the path's. `fits`: whether it makes sense for a row as it stands."""

    name: str
    title: Any
    effect: Any
    verb: Callable[..., object]
    row: str  # what the verb calls it
    fits: Callable[[Any], bool]


APPROVE = Stamp(
    "approve",
    _("Let this number try again"),
    _(
        "For 24 hours this number is not held up for the same reasons. Nothing is linked by this: the person starts "
        "anew, and what Prove refuses stays refused."
    ),
    reviews.approve,
    "session",
    lambda session: session.waits_for_review,
)
DECLINE = Stamp(
    "decline",
    _("Decline"),
    _("The person is told that this number can't be linked to this device."),
    reviews.decline,
    "session",
    lambda session: session.waits_for_review,
)
REVOKE = Stamp(
    "revoke",
    _("Revoke"),
    _("The number is unlinked from the device at once, here and at Prove. A new code can link it again."),
    unlinking.unlink,
    "binding",
    lambda binding: binding.confirmed,
)
REVEAL = Stamp(
    "reveal",
    _("Show the whole number"),
    _("The number is shown once, to you. That you saw it is kept, with your reason."),
    reviews.reveal,
    "of",
    lambda _row: True,
)


class Stamped(admin.ModelAdmin):  # type: ignore[type-arg]
    """A reading room with a few acts on the row at hand."""

    stamps: Sequence[Stamp] = ()

    def get_urls(self) -> list[URLPattern | URLResolver]:  # type: ignore[override]
        acts: list[URLPattern | URLResolver] = [
            path(
                f"<path:object_id>/{stamp.name}/",
                self.admin_site.admin_view(partial(self.act, stamp=stamp)),
                name=f"{self.opts.app_label}_{self.opts.model_name}_{stamp.name}",
            )
            for stamp in self.stamps
        ]
        return acts + super().get_urls()

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **named: Any) -> Any:
        context["stamps"] = [s for s in self.stamps if self.may(request, s) and s.fits(context["original"])]
        return super().render_change_form(request, context, *args, **named)

    def may(self, request: HttpRequest, stamp: Stamp) -> bool:
        permission = f"{self.opts.app_label}.{stamp.name}_{self.opts.model_name}"
        return self.has_view_permission(request) and request.user.has_perm(permission)

    def act(self, request: HttpRequest, object_id: str, *, stamp: Stamp) -> HttpResponse:
        """GET asks why, POST does it."""
        if not self.may(request, stamp):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if not stamp.fits(row):
            return self._too_late(request, row)
        if not form.is_valid():
            return self._page(request, stamp, row, form=form)
        try:
            done = stamp.verb(**{stamp.row: row}, by=request.user, reason=form.cleaned_data["reason"])
        except StaleState:
            return self._too_late(request, row)
        except Limited:
            messages.error(request, _("That is all for now. Try again in some minutes."))
            return self._back(row)
        if isinstance(done, Number):
            return self._page(request, stamp, row, revealed=done.display)
        messages.success(request, _("Done: %(stamp)s.") % {"stamp": stamp.title})
        return self._back(row)

    def _page(self, request: HttpRequest, stamp: Stamp, row: Any, **context: object) -> HttpResponse:
        known = {"title": stamp.title, "opts": self.opts, "original": row, "stamp": stamp}
        context = {**self.admin_site.each_context(request), **known, **context}
        return TemplateResponse(request, "admin/onboarding/stamp.html", context)

    def _too_late(self, request: HttpRequest, row: Any) -> HttpResponse:
        messages.error(request, _("This can't be done any more: see below how it stands now."))
        return self._back(row)

    def _back(self, row: Any) -> HttpResponse:
        return HttpResponseRedirect(
            reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])
        )
