"""The reviewers' lists of sessions and bindings. Nothing can be added, changed or deleted, and numbers are masked.

A reviewer finds a number by POST, as a whole; the list's URL then names it by a row that has it. So no URL, log or
browser history contains a number.
"""

import json
import re
from collections.abc import Sequence
from functools import reduce
from itertools import starmap
from operator import or_
from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from onboarding import limits
from onboarding.conf import conf
from onboarding.desk import account, cases, people, story  # noqa: F401 - two add pages to the site
from onboarding.desk.acts import (
    APPROVE,
    DECLINE,
    ESCALATE,
    LABELS,
    NOTE,
    RELEASE,
    REVEAL,
    REVOKE,
    SNOOZE,
    VENDOR_IDS,
)
from onboarding.desk.dashboard.backtest import BacktestViews
from onboarding.desk.dashboard.export import ExportViews
from onboarding.desk.dashboard.page import DashboardViews
from onboarding.desk.filters import (
    AgeFilter,
    BegunFilter,
    BlockFilter,
    ConfirmedFilter,
    CountryFilter,
    FailedFilter,
    FailedOfLinkFilter,
    NoticeFilter,
    ReasonFilter,
    RebindFilter,
    ReviewFilter,
    SameAccountFilter,
    SameAddressFilter,
    SameJourneyFilter,
    SameKeyFilter,
    SameNumberFilter,
    StateFilter,
    StepFilter,
)
from onboarding.desk.keyset import KeysetChangeList
from onboarding.desk.queue import QueueViews
from onboarding.desk.site import site
from onboarding.desk.story import ReadOnly, Timeline
from onboarding.domain import budgets
from onboarding.domain.budgets import Charge
from onboarding.domain.errors import Limited
from onboarding.domain.phone import NotANumber, Number
from onboarding.domain.readings import read
from onboarding.domain.wording import NOTICE_WORDS, REVIEW_WORDS, STATE_WORDS, reason_in_words
from onboarding.models import Binding, OnboardingSession, of_number
from onboarding.operations.evidence.case import named

REFERENCE = re.compile("[0-9a-f]{4}-?[0-9a-f]{4}", re.IGNORECASE)
SESSION_PAGE = "admin:proveflow_onboardingsession_change"


class ReadOnlyAdmin(ReadOnly, ExportViews):
    """A list that stays fast with a million rows, and pages without an edit form."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would count the table
    actions = None
    list_per_page = 50
    sortable_by = ()
    inlines = (Timeline,)
    finds_references = False
    how_to_find: Any = _("Enter a whole phone number, like 201 555 0123.")
    not_found: Any = _("Nothing here has that number.")
    intro: Any  # what a row is
    media = Media()  # none: the admin's jQuery breaks Trusted Types, and there is no form that needs it

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:  # noqa: ARG002
        """Return whether `lookup` is a filter's. Any other, like `number__startswith`, could unmask a number."""
        return lookup in {entry.parameter_name for entry in self.list_filter}  # type: ignore[union-attr]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        known = {
            "title": capfirst(str(self.opts.verbose_name_plural)),
            "intro": self.intro,
            "queue": cases.status(),
            "may_reveal": self.may_reveal(request),
            "finds_references": self.finds_references,
        }
        return super().changelist_view(request, {**known, **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        return super().changeform_view(request, object_id, form_url, {"queue": cases.status(), **(extra_context or {})})

    def get_changelist(self, _request: HttpRequest, **_named: object) -> type[KeysetChangeList]:  # type: ignore[override]
        return KeysetChangeList

    def get_urls(self) -> list[URLPattern | URLResolver]:  # type: ignore[override]
        find = require_POST(self.admin_site.admin_view(self.find))
        return [path("find/", find, name=f"{self.opts.app_label}_{self.opts.model_name}_find"), *super().get_urls()]

    def find(self, request: HttpRequest) -> HttpResponse:
        """Redirect to the rows that have the number that was typed, or to the session of the reference."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        target, typed = self.path_of("changelist"), request.POST.get("number", "").strip()
        may_be_reference = self.finds_references and REFERENCE.fullmatch(typed)
        numbers = _numbers(typed)
        if not (numbers or may_be_reference):
            messages.error(request, self.how_to_find)
            return HttpResponseRedirect(target)
        try:
            # Without a limit, a masked number could be found by trying.
            limits.charge([Charge(budgets.FINDS, request.user.get_username())])
        except Limited:
            messages.error(request, _("Too many searches. Try again in a few minutes."))
            return HttpResponseRedirect(target)
        referred = named(typed) if may_be_reference else []
        if len(referred) == 1:
            return HttpResponseRedirect(self.path_of("change", referred[0].pk))
        if referred:
            messages.error(request, _("Several sessions have this reference. Search for the number."))
            return HttpResponseRedirect(target)
        conditions = [of_number(number.e164) for number in numbers]
        row = self.model.objects.filter(reduce(or_, conditions)).first() if conditions else None
        if row is None:
            messages.info(request, self.not_found)
            return HttpResponseRedirect(target)
        return HttpResponseRedirect(f"{target}?{SameNumberFilter.parameter_name}={row.pk}")

    @admin.display(description=_("number"))
    def masked(self, row: OnboardingSession | Binding) -> str:
        return row.masked


def _link(name: str, value: object, text: str, has_rows: bool) -> SafeString | str:
    """Return a link to the rows that a filter finds, or the text alone if there are none."""
    return format_html('<a href="../../?{}={}">{}</a>', name, value, text) if has_rows else text


def _numbers(text: str) -> Sequence[Number]:
    """Return all numbers that the text can mean, also those that no numbering plan has."""
    try:
        return read(text, conf.DEFAULT_REGION)
    except NotANumber as error:
        return error.possible


class SessionAdmin(DashboardViews, BacktestViews, QueueViews, ReadOnlyAdmin):
    """Sessions, with their state and Prove's evaluation."""

    finds_references = True
    how_to_find = _("Enter a whole phone number, like 201 555 0123, or a reference, like 3F2A-91C0.")
    not_found = _("Nothing here has that number or reference.")
    intro = _("Each row is one try to link a number to a device.")
    list_display = ("masked", "reference", "in_words", "reason_codes", "notice_in_words", "moves_a_key", "begun")
    acts = (APPROVE, DECLINE, ESCALATE, SNOOZE, RELEASE, NOTE, *LABELS, VENDOR_IDS, REVEAL)
    list_filter = (
        *(StateFilter, ReviewFilter, ReasonFilter, NoticeFilter, RebindFilter, AgeFilter, StepFilter, FailedFilter),
        *(BegunFilter, CountryFilter, BlockFilter, SameNumberFilter, SameKeyFilter),
        *(SameAccountFilter, SameJourneyFilter, SameAddressFilter),
    )
    ordering = ("-created_at", "-pk")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "story",
                    "related",
                    "masked",
                    "reference",
                    "in_words",
                    "notice_in_words",
                    "moves_a_key",
                    "previous",
                    "binding",
                )
            },
        ),
        (_("What Prove said"), {"fields": ("reasons", "evaluation_whole", "line_type", "status_calls")}),
        (_("The code"), {"fields": ("sends", "guesses", "code_sent", "sent_again", "was_right")}),
        (_("Times"), {"fields": ("begun", "moved", "ends")}),
    )

    begun, moved, ends = (story.moment(OnboardingSession, name) for name in ("created_at", "moved_at", "expires_at"))
    code_sent = story.moment(OnboardingSession, "code_sent_at")
    sent_again = story.moment(OnboardingSession, "send_again_at")
    was_right = story.moment(OnboardingSession, "approved_at")

    @admin.display(description=_("what happened"))
    def story(self, session: OnboardingSession) -> str:
        return story.told(session)

    @admin.display(description=_("related sessions"))
    def related(self, session: OnboardingSession) -> SafeString:
        return format_html_join(" · ", "{}", ([_link(*each)] for each in story.related(session)))

    @admin.display(description=_("state"))
    def in_words(self, session: OnboardingSession) -> str:
        words = [STATE_WORDS[session.state], REVIEW_WORDS.get(session.review)]
        return ": ".join(str(word) for word in words if word)

    @admin.display(description=_("reference"))
    def reference(self, session: OnboardingSession) -> str:
        return session.reference

    @admin.display(description=_("last notice"))
    def notice_in_words(self, session: OnboardingSession) -> str:
        return str(NOTICE_WORDS.get(session.notice, "")) or self.get_empty_value_display()

    @admin.display(description=_("moves a key"))
    def moves_a_key(self, session: OnboardingSession) -> str:
        return str(_("Yes")) if session.rebind else self.get_empty_value_display()

    @admin.display(description=_("failure reasons"))
    def reason_codes(self, session: OnboardingSession) -> str:
        return "; ".join(starmap(reason_in_words, session.failure_reasons.items()))

    @admin.display(description=_("failure reasons"))
    def reasons(self, session: OnboardingSession) -> SafeString:
        items = session.failure_reasons.items()
        return format_html_join("\n", '<p><a href="../../?reason={0}">{0}</a> {1}</p>', items)

    @admin.display(description=_("evaluation"))
    def evaluation_whole(self, session: OnboardingSession) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(session.evaluation, indent=2, ensure_ascii=False))


class BindingAdmin(ReadOnlyAdmin):
    """Bindings, with the time when they were made and revoked."""

    intro = _(
        "Each row is a number that was linked to a device. To unlink a lost phone, open its row and press Revoke."
    )
    list_display = ("masked", "in_force", "linked", "revoked")
    acts = (REVOKE, REVEAL)
    list_filter = (ConfirmedFilter, FailedOfLinkFilter, SameNumberFilter)
    ordering = ("-pk",)
    fields = ("masked", "in_force", "linked", "revoked", "moved_from", "last_session")

    linked, revoked = (story.moment(Binding, name) for name in ("created_at", "revoked_at"))

    @admin.display(description=_("in force"), boolean=True)
    def in_force(self, binding: Binding) -> bool:
        return binding.confirmed

    @admin.display(description=_("last session"))
    def last_session(self, binding: Binding) -> SafeString | str:
        session = binding.sessions.first()
        if session is None:
            return ""
        path = reverse(SESSION_PAGE, args=[session.pk], current_app=self.admin_site.name)
        return format_html('<a href="{}">{}</a>', path, session)


def register(admin_site: admin.AdminSite) -> None:
    """Put the desk on an admin site: a host project's own one, too. It admits reviewers only, wherever it is."""
    admin_site.register(OnboardingSession, SessionAdmin)
    admin_site.register(Binding, BindingAdmin)
    if apps.is_installed("onboarding.api"):
        from onboarding.desk.keys import PublishableKeyAdmin  # its table is in the app of the API

        admin_site.register(apps.get_model("proveflow_api", "PublishableKey"), PublishableKeyAdmin)


register(site)
