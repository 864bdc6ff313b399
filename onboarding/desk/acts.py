"""The acts of reviewers. Each has a permission, a page that says what will happen and asks for a reason, and a verb."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.transaction import non_atomic_requests
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from onboarding.conf import conf
from onboarding.desk import cases, reviews
from onboarding.desk.access import history
from onboarding.desk.access.proof import ProofForm
from onboarding.desk.reviews import VendorIds
from onboarding.desk.site import is_reviewer
from onboarding.domain.errors import Forbidden, Limited, StaleState
from onboarding.domain.mentions import mentions_number
from onboarding.domain.phone import Number
from onboarding.domain.states import Outcome, State
from onboarding.domain.wording import ID_WORDS, OUTCOME_WORDS, WHY_WORDS
from onboarding.models import Proposal
from onboarding.models.encrypted import Undecryptable

LONGEST_REASON = 200  # characters
DECIDE, CASE, RECORD, LOOK_UP = _("Decide"), _("Case"), _("Record"), _("Look up")  # groups of acts


class ReasonForm(ProofForm):
    """The reason for an act. It is written to the event log, which must not contain a number."""

    field_order = ("reason", "code")
    reason = forms.CharField(label=_("Reason"), max_length=LONGEST_REASON, widget=forms.TextInput({"size": 60}))

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"]
        if mentions_number(reason, {conf.DEFAULT_REGION, *conf.ALLOWED_COUNTRIES}):
            raise forms.ValidationError(_("Leave phone numbers out: the reason is kept."), code="number")
        return reason


@dataclass(frozen=True)
class Act:
    """An act on one row. `name` is part of its permission and its path. `applies` returns whether a row allows it."""

    name: str
    title: Any
    effect: Any
    verb: Callable[..., object]
    parameter: str  # of the verb, for the row
    applies: Callable[[Any], bool]
    permission: str = ""  # where several acts share one
    group: Any = LOOK_UP  # what it has in common with its neighbours on the page
    steps_up: bool = False  # it needs a code, if the last one is older than STEP_UP

    @property
    def needs(self) -> str:
        """Return how the name of its permission begins."""
        return self.permission or self.name


APPROVE = Act(
    "approve",
    _("Let this person try again"),
    _(
        "The person's page says that they can link the number now. "
        "Within 24 hours, this person can try once more in the same browser, and is not stopped for the same reasons. "
        "Nothing is linked by this, and Prove can still refuse."
    ),
    reviews.approve,
    "session",
    lambda session: session.may_be_approved,
    group=DECIDE,
)
DECLINE = Act(
    "decline",
    _("Decline"),
    _("The person is told that this number can't be linked to this device."),
    reviews.decline,
    "session",
    lambda session: session.waits_for_review,
    group=DECIDE,
)
REVOKE = Act(
    "revoke",
    _("Revoke"),
    _("The number is unlinked from the device at once, here and at Prove. A new code can link it again."),
    reviews.revoke,
    "binding",
    lambda binding: binding.confirmed,
    steps_up=True,
    group=DECIDE,
)
REVEAL = Act(
    "reveal",
    _("Show the whole number"),
    _("The number is shown once, to you. That you saw it is kept, with your reason."),
    reviews.reveal,
    "of",
    lambda _row: True,
    steps_up=True,
)
VENDOR_IDS = Act(
    "ids",
    _("Vendors' ids"),
    _("The ids of the session at Prove and Twilio are shown once, for a ticket there. That you saw them is kept."),
    reviews.vendor_ids,
    "session",
    lambda _session: True,
    "work",
)
RELEASE = Act(
    "release",
    _("Put back"),
    _("The case goes back into the queue, and another reviewer can take it."),
    cases.release,
    "session",
    lambda session: session.waits_for_review,
    "work",
    group=CASE,
)
SNOOZE = Act(
    "snooze",
    _("Snooze"),
    _("The case is out of the queue for 24 hours. The person still waits."),
    cases.snooze,
    "session",
    lambda session: session.waits_for_review,
    "work",
    group=CASE,
)
ESCALATE = Act(
    "escalate",
    _("Escalate"),
    _("The case becomes the first of the queue, and only a lead can decide it."),
    cases.escalate,
    "session",
    lambda session: session.waits_for_review,
    "work",
    group=CASE,
)
NOTE = Act(
    "note",
    _("Add a note"),
    _("The note is kept in the timeline. Nothing else changes."),
    cases.note,
    "session",
    lambda _session: True,
    "work",
    group=RECORD,
)
LABELS = tuple(
    Act(
        f"label-{outcome.value}",
        format_lazy("{} {}", _("Label:"), OUTCOME_WORDS[outcome]),
        _("What the case turned out to be is kept. Nothing is decided by it."),
        partial(cases.label, outcome=outcome),
        "session",
        lambda session: session.state in (State.IN_REVIEW, State.DECLINED),
        "work",
        group=RECORD,
    )
    for outcome in Outcome
)


class ActsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A ModelAdmin with acts on single rows. On any admin site, it admits reviewers only."""

    acts: Sequence[Act] = ()

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return is_reviewer(request) and super().has_view_permission(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_reviewer(request) and super().has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_reviewer(request) and super().has_add_permission(request)

    def get_urls(self) -> list[URLPattern | URLResolver]:  # type: ignore[override]
        urls: list[URLPattern | URLResolver] = [
            path(
                f"<path:object_id>/{act.name}/",
                non_atomic_requests(self.admin_site.admin_view(partial(self.act_view, act=act))),
                name=f"{self.opts.app_label}_{self.opts.model_name}_{act.name}",
            )
            for act in self.acts
        ]
        return urls + super().get_urls()

    def path_of(self, page: str, *args: object) -> str:
        """Return the path of a page of this list, on the site that it is registered on."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}"
        return reverse(name, args=args, current_app=self.admin_site.name)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **named: Any) -> Any:
        row = context["original"]
        context["acts"] = [act for act in self.acts if self.may_act(request, act) and act.applies(row)]
        return super().render_change_form(request, context, *args, **named)

    def may_act(self, request: HttpRequest, act: Act) -> bool:
        """Return whether this reviewer has the permission."""
        permission = f"{self.opts.app_label}.{act.needs}_{self.opts.model_name}"
        return self.has_view_permission(request) and request.user.has_perm(permission)

    def act_view(self, request: HttpRequest, object_id: str, *, act: Act) -> HttpResponse:
        """Ask for the reason on GET; do it on POST. Raises PermissionDenied and Http404."""
        if not self.may_act(request, act):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        posted = request.POST if request.method == "POST" else None
        form = ReasonForm(posted, request=request, is_needed=act.steps_up)
        if not act.applies(row):
            return self._too_late(request, row)
        if not form.is_valid():
            return self._page(request, act, row, form=form)
        try:
            done = act.verb(**{act.parameter: row}, by=request.user, reason=form.cleaned_data["reason"])
        except StaleState:
            return self._too_late(request, row)
        except Forbidden as forbidden:
            messages.error(request, WHY_WORDS[forbidden.why])
            return self._back(row)
        except Undecryptable:
            messages.error(request, _("The number cannot be decrypted. Tell those who operate the server."))
            return self._back(row)
        except Limited:
            messages.error(request, _("Too many numbers shown. Try again in a few minutes."))
            return self._back(row)
        history.note(request.user, row, act.name)
        if isinstance(done, Number):
            return self._page(request, act, row, revealed=done.display)
        if isinstance(done, VendorIds):
            return self._page(
                request, act, row, ids=[(ID_WORDS[name], value) for name, value in done._asdict().items()]
            )
        if isinstance(done, Proposal):
            messages.warning(request, _("Asked for. It is done when another reviewer does the same within 24 hours."))
        else:
            messages.success(request, _("Done: %(stamp)s.") % {"stamp": act.title})
        return self._back(row)

    def _page(self, request: HttpRequest, act: Act, row: Any, **context: object) -> HttpResponse:
        request.current_app = self.admin_site.name
        known = {"title": act.title, "opts": self.opts, "original": row, "act": act, "queue": cases.status()}
        context = {**self.admin_site.each_context(request), **known, **context}
        return TemplateResponse(request, "admin/proveflow/act.html", context)

    def _too_late(self, request: HttpRequest, row: Any) -> HttpResponse:
        messages.error(request, _("This can't be done any more: see below how it stands now."))
        return self._back(row)

    def _back(self, row: Any) -> HttpResponse:
        return HttpResponseRedirect(self.path_of("change", row.pk))
