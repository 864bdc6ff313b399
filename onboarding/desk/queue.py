"""The pages of the queue: what waits, oldest first, and the buttons that take a case. It is the desk's first page."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from onboarding.conf import conf
from onboarding.desk import cases
from onboarding.desk.access import history
from onboarding.desk.acts import ActsAdmin
from onboarding.domain.errors import Forbidden, StaleState
from onboarding.domain.wording import REASON_WORDS, WHY_WORDS
from onboarding.models import OnboardingSession

WORK = "proveflow.work_onboardingsession"


@dataclass(frozen=True)
class Row:
    """A case as the queue shows it. `before` is how many other sessions its number has."""

    session: OnboardingSession
    before: int
    holder: str

    @property
    def age(self) -> timedelta:
        return self.session.read_at - self.session.created_at

    @property
    def is_late(self) -> bool:
        return self.age > timedelta(hours=conf.REVIEW_HOURS)

    @property
    def is_escalated(self) -> bool:
        case = getattr(self.session, "case", None)
        return case is not None and case.escalated_at is not None

    @property
    def reasons(self) -> list[object]:
        return [REASON_WORDS.get(code, text) for code, text in self.session.failure_reasons.items()]

    @property
    def country(self) -> str:
        return str(self.session.country)


def rows() -> list[Row]:
    """Return the first cases of the queue, in three queries."""
    sessions = list(cases.queue()[: cases.SHOWN])
    counts = cases.earlier(sessions)
    return [Row(each, counts.get(each.number_hash, 1) - 1, _holder(each)) for each in sessions]


def _holder(session: OnboardingSession) -> str:
    case = getattr(session, "case", None)
    if case is None or case.reviewer is None or case.taken_until is None or case.taken_until <= session.read_at:
        return ""
    return str(case.reviewer.get_username())


class QueueViews(ActsAdmin):
    """The part of the sessions' admin that shows the queue and hands out its cases."""

    def get_urls(self) -> list[URLPattern | URLResolver]:  # type: ignore[override]
        def named(name: str) -> str:
            return f"{self.opts.app_label}_{self.opts.model_name}_{name}"

        wrap = self.admin_site.admin_view
        return [
            path("queue/", wrap(self.queue_view), name=named("queue")),
            path("queue/next/", require_POST(wrap(self.next_view)), name=named("next")),
            path("<uuid:pk>/take/", require_POST(wrap(self.take_view)), name=named("take")),
            *super().get_urls(),
        ]

    def queue_view(self, request: HttpRequest, extra_context: Mapping[str, object] | None = None) -> TemplateResponse:
        """Show what waits. Raises PermissionDenied."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": _("What waits for a reviewer"),
            "opts": self.opts,
            "queue": cases.status(),
            "rows": rows(),
            "finds_references": True,
            "may_work": request.user.has_perm(WORK),
            "target_hours": conf.REVIEW_HOURS,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/proveflow/queue.html", context)

    def next_view(self, request: HttpRequest) -> HttpResponse:
        """Give the reviewer the first case that nobody has."""
        self._may_work(request)
        session = cases.take_next(by=request.user)  # type: ignore[arg-type]
        if session is None:
            messages.info(request, _("No case is free now."))
            return HttpResponseRedirect(self.path_of("queue"))
        history.note(request.user, session, "take")
        return HttpResponseRedirect(self.path_of("change", session.pk))

    def take_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Give the reviewer this case."""
        self._may_work(request)
        try:
            session = cases.take(session=OnboardingSession(pk=pk), by=request.user)  # type: ignore[arg-type]
            history.note(request.user, session, "take")
        except StaleState:
            messages.error(request, _("This case does not wait any more."))
            return HttpResponseRedirect(self.path_of("queue"))
        except Forbidden as forbidden:
            messages.error(request, WHY_WORDS[forbidden.why])
        return HttpResponseRedirect(self.path_of("change", pk))

    def _may_work(self, request: HttpRequest) -> None:
        if not (self.has_view_permission(request) and request.user.has_perm(WORK)):
            raise PermissionDenied
