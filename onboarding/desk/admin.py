"""The reviewers' desk: a reading room with a few stamps. Nothing can be added, changed or deleted; numbers are masked.

A number that a reviewer asks for comes by POST and is looked up exactly; the URLs name it by a row that has it. So no
number is in a URL, a log or a browser's history, and no filter narrows a masked one down digit by digit.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.forms import CharField, Media, TextInput
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from django_otp.admin import OTPAdminSite
from django_otp.forms import OTPAuthenticationFormMixin
from django_otp.plugins.otp_totp.models import TOTPDevice

from onboarding import limits
from onboarding.desk.stamps import APPROVE, DECLINE, REVEAL, REVOKE, Stamped
from onboarding.domain import budgets, phone
from onboarding.domain.budgets import Charge
from onboarding.domain.errors import Limited
from onboarding.domain.policy import VERDICTS
from onboarding.domain.states import State
from onboarding.domain.wording import NOTICE_WORDS, REVIEW_WORDS, STATE_WORDS
from onboarding.models import Binding, Event, OnboardingSession
from onboarding.web import address
from onboarding.web.responses import too_many_requests

COUNTED = 1_000  # rows; a table of millions is not counted for a page of a hundred
LONGEST_REASON = 40  # characters


# --- The door ------------------------------------------------------------------------------------------------------


class ReviewerLoginForm(OTPAuthenticationFormMixin, AdminAuthenticationForm):
    """Name, password and the authenticator's code, all at once: there is one device, so none to choose."""

    request: HttpRequest  # the desk's log-in always has one
    otp_token = CharField(
        label=_("Code from your authenticator app"),
        widget=TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        device = TOTPDevice.objects.filter(user=user, confirmed=True).last()
        self.cleaned_data["otp_device"] = device.persistent_id if device else ""

    def clean(self) -> dict[str, Any]:
        """Counted before it is compared. Raises Limited."""
        account, client = self.cleaned_data.get("username", ""), address.of(self.request)
        limits.charge(budgets.logins(account, client))
        cleaned = super().clean()
        self.clean_otp(self.get_user())
        limits.reset(budgets.logins_of(account))
        limits.refund(budgets.logins_from(client))
        return cleaned


class ReviewersSite(OTPAdminSite):
    """Staff verified by an authenticator app. A Prove Key is a django-otp device too and opens nothing here."""

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


# --- The lists -----------------------------------------------------------------------------------------------------


class WordsFilter(admin.SimpleListFilter):
    """One of a closed set of values, in words."""

    words: Mapping[str, Any]

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        return list(self.words.items())

    def queryset(self, _request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None:
            return rows
        if value not in self.words:
            raise IncorrectLookupParameters
        return self.narrow(rows, value)

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(**{str(self.parameter_name): value})


class StateFilter(WordsFilter):
    title, parameter_name, words = _("state"), "state", STATE_WORDS


class NoticeFilter(WordsFilter):
    title, parameter_name, words = _("last notice"), "notice", NOTICE_WORDS


class ReviewFilter(WordsFilter):
    title, parameter_name = _("review"), "review"
    words = {"waiting": _("waiting"), **REVIEW_WORDS}

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(state=State.IN_REVIEW, review="" if value == "waiting" else value)


class RebindFilter(WordsFilter):
    title, parameter_name = _("moves a key"), "rebind"
    words = {"True": _("Yes"), "False": _("No")}


class ConfirmedFilter(WordsFilter):
    title, parameter_name = _("in force"), "confirmed"
    words = {"True": _("Yes"), "False": _("Revoked")}


class AgeFilter(WordsFilter):
    """By the database's clock, like everything else."""

    title, parameter_name = _("age"), "age"
    words = {"hour": _("Past hour"), "day": _("Past 24 hours"), "week": _("Past 7 days"), "older": _("Older")}
    ages = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value == "older":
            return rows.filter(created_at__lt=Now() - self.ages["week"])
        return rows.filter(created_at__gte=Now() - self.ages[value])


class ReasonFilter(admin.SimpleListFilter):
    """A failure reason's code: those of the policy by name, any other through the link on a session's page."""

    title, parameter_name = _("failure reason"), "reason"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:
        codes = list(VERDICTS) + ([value] if (value := self.value()) and value not in VERDICTS else [])
        return [(code, code) for code in codes]

    def queryset(self, _request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None:
            return rows
        if not value.isprintable() or len(value) > LONGEST_REASON:
            raise IncorrectLookupParameters
        return rows.filter(failure_reasons__has_key=value)


class SameNumberFilter(admin.SimpleListFilter):
    """Rows of the number that one row has. Shown only when asked for."""

    title, parameter_name = _("number"), "same_number_as"

    def lookups(self, _request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        value = self.value()
        row = model_admin.model.objects.filter(pk=self._key(value, model_admin)).first() if value else None
        return [(str(value), row.phone.masked)] if row else []

    def queryset(self, _request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return rows.filter(number__in=rows.model.objects.filter(pk=value).values("number")) if value else rows

    @staticmethod
    def _key(value: str, model_admin: Any) -> Any:
        try:
            return model_admin.opts.pk.to_python(value)
        except ValidationError:
            raise IncorrectLookupParameters from None


class CappedPaginator(Paginator):  # type: ignore[type-arg]  # not subscriptable at run time
    """Counts no further than COUNTED rows: whoever needs more of them needs a filter."""

    cap = COUNTED

    @cached_property
    def count(self) -> int:
        assert isinstance(self.object_list, QuerySet)  # noqa: S101 - the admin pages query sets only
        return self.object_list.order_by()[: self.cap].count()


class ReadOnly:
    """Look, don't touch."""

    def has_add_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False


class Timeline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    """The diary's lines about one row, in the order they were written."""

    model = Event
    verbose_name_plural = _("Timeline")
    ordering = ("id",)
    fields = readonly_fields = ("when", "move", "told", "who")  # Django heads each row with its name

    @admin.display(description=_("when"))
    def when(self, event: Event) -> str:
        return f"{event.at:%Y-%m-%d %H:%M:%S} UTC"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return super().get_queryset(request).select_related("actor")

    @admin.display(description=_("reviewer"))
    def who(self, event: Event) -> str:
        return event.actor.get_username() if event.actor else ""

    @admin.display(description=_("moved"))
    def move(self, event: Event) -> str:
        words = [str(STATE_WORDS.get(state, state)) for state in (event.from_state, event.to_state) if state]
        return " → ".join(words)

    @admin.display(description=_("facts"))
    def told(self, event: Event) -> str:
        return ", ".join(f"{name} {json.dumps(fact, ensure_ascii=False)}" for name, fact in event.facts.items())


class ReadingRoom(ReadOnly, Stamped):
    """A list that stays quick at a million rows, and pages without a form."""

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they count the table once for every choice
    actions = None
    inlines = (Timeline,)
    media = Media()  # jQuery and Trusted Types do not go together, and nobody types here

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:  # noqa: ARG002
        """Filters only: `?number__startswith=` would unmask."""
        return lookup in {entry.parameter_name for entry in self.list_filter}  # type: ignore[union-attr]

    def get_urls(self) -> list[URLPattern | URLResolver]:  # type: ignore[override]
        find = require_POST(self.admin_site.admin_view(self.find))
        return [path("find/", find, name=f"{self.opts.app_label}_{self.opts.model_name}_find"), *super().get_urls()]

    def find(self, request: HttpRequest) -> HttpResponse:
        """From a number typed to the rows that have it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        target = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        try:
            number = phone.parse(request.POST.get("number", ""), region=settings.DEFAULT_REGION)
        except phone.NotANumber:
            messages.error(request, _("Enter a whole phone number, like 201 555 0123."))
            return HttpResponseRedirect(target)
        try:
            # Or a masked number could be found by trying.
            limits.charge([Charge(budgets.FINDS, request.user.get_username())])
        except Limited:
            messages.error(request, _("That is all for now. Try again in some minutes."))
            return HttpResponseRedirect(target)
        row = self.model.objects.filter(number=number.e164).first()
        if row is None:
            messages.info(request, _("Nothing here has that number."))
            return HttpResponseRedirect(target)
        return HttpResponseRedirect(f"{target}?{SameNumberFilter.parameter_name}={row.pk}")

    @admin.display(description=_("number"))
    def masked(self, row: OnboardingSession | Binding) -> str:
        return row.phone.masked


# --- What lies on the desk -----------------------------------------------------------------------------------------


@admin.register(OnboardingSession, site=site)
class SessionAdmin(ReadingRoom):
    """Where each session stands, and what Prove said, verbatim."""

    list_display = ("masked", "in_words", "reason_codes", "notice_in_words", "moves_a_key", "created_at")
    stamps = (APPROVE, DECLINE, REVEAL)
    list_filter = (StateFilter, ReviewFilter, ReasonFilter, NoticeFilter, RebindFilter, AgeFilter, SameNumberFilter)
    sortable_by = ("created_at",)
    fieldsets = (
        (None, {"fields": ("masked", "in_words", "notice_in_words", "moves_a_key", "previous", "binding")}),
        (_("What Prove said"), {"fields": ("reasons", "evaluation_whole", "line_type", "status_calls")}),
        (_("The code"), {"fields": ("sends", "guesses", "code_sent_at", "send_again_at", "approved_at")}),
        (_("Clock"), {"fields": ("created_at", "moved_at", "expires_at")}),
    )

    @admin.display(description=_("state"))
    def in_words(self, session: OnboardingSession) -> str:
        words = [STATE_WORDS[session.state], REVIEW_WORDS.get(session.review)]
        return ": ".join(str(word) for word in words if word)

    @admin.display(description=_("last notice"))
    def notice_in_words(self, session: OnboardingSession) -> str:
        return str(NOTICE_WORDS.get(session.notice, ""))

    @admin.display(description=_("moves a key"))
    def moves_a_key(self, session: OnboardingSession) -> str:
        return str(_("Yes")) if session.rebind else ""

    @admin.display(description=_("failure reasons"))
    def reason_codes(self, session: OnboardingSession) -> str:
        return ", ".join(session.failure_reasons)

    @admin.display(description=_("failure reasons"))
    def reasons(self, session: OnboardingSession) -> SafeString:
        items = session.failure_reasons.items()
        return format_html_join("\n", '<p><a href="../../?reason={0}">{0}</a> {1}</p>', items)

    @admin.display(description=_("evaluation"))
    def evaluation_whole(self, session: OnboardingSession) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(session.evaluation, indent=2, ensure_ascii=False))


@admin.register(Binding, site=site)
class BindingAdmin(ReadingRoom):
    """Which numbers are tied to a key, and since when."""

    list_display = ("masked", "in_force", "created_at", "revoked_at")
    stamps = (REVOKE, REVEAL)
    list_filter = (ConfirmedFilter, SameNumberFilter)
    sortable_by = ()
    ordering = ("-pk",)
    fields = ("masked", "in_force", "created_at", "revoked_at", "moved_from", "last_session")

    @admin.display(description=_("in force"), boolean=True)
    def in_force(self, binding: Binding) -> bool:
        return binding.confirmed

    @admin.display(description=_("last session"))
    def last_session(self, binding: Binding) -> SafeString | str:
        session = binding.sessions.first()
        if session is None:
            return ""
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:onboarding_onboardingsession_change", args=[session.pk]), session
        )
