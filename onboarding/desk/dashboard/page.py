"""The page of the dashboard, for everybody who may view sessions. It shows counts, and no number of a person."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.db.models.functions import Now
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext_lazy as _

from onboarding import limits
from onboarding.desk import cases
from onboarding.desk.acts import ActsAdmin
from onboarding.desk.dashboard.sections import Queue, Sections
from onboarding.domain.budgets import MONEY, Charge
from onboarding.figures import report
from onboarding.figures.tally import HOURS
from onboarding.models import WAITS, OnboardingSession

PERIODS: Mapping[str, object] = {"1": _("Today"), "30": _("30 days")}


class DashboardViews(ActsAdmin):
    """The part of the sessions' admin that shows the figures."""

    def get_urls(self) -> list[URLPattern | URLResolver]:  # type: ignore[override]
        name = f"{self.opts.app_label}_{self.opts.model_name}_figures"
        return [path("figures/", self.admin_site.admin_view(self.figures_view), name=name), *super().get_urls()]

    def figures_view(self, request: HttpRequest) -> TemplateResponse:
        """Show the figures of `?days=`, by default today's. Raises PermissionDenied, and Http404 for other days."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        days = request.GET.get("days", "1")
        if days not in PERIODS:
            raise Http404
        request.current_app = self.admin_site.name
        found = report.read(int(days))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Figures"),
            "opts": self.opts,
            "queue": cases.status(),
            "may_backtest": request.user.has_perm("proveflow.backtest_onboardingsession"),
            "periods": PERIODS.items(),
            "days": days,
            "report": found,
            "sections": list(self._sections(found)) if found else [],
        }
        return TemplateResponse(request, "admin/proveflow/figures.html", context)

    def _sections(self, found: report.Report) -> Sections:
        bindings = reverse("admin:proveflow_binding_changelist", current_app=self.admin_site.name)
        ((_money, used),) = limits.used([Charge(MONEY, "")])
        queue = Queue(_waiting(), self.path_of("queue"))
        return Sections(found, self.path_of("changelist"), bindings, queue, used)


def _waiting() -> dict[int, int]:
    """Return how many cases have waited for how long, by HOURS, in one query."""
    bounds = [hours for hours in HOURS if hours]
    young = {str(n): Count("pk", filter=Q(created_at__gte=Now() - timedelta(hours=n))) for n in bounds}
    found = OnboardingSession.objects.filter(WAITS).order_by().aggregate(all=Count("pk"), **young)
    sums = [0, *(found[str(n)] for n in bounds), found["all"]]
    return {bound: after - before for bound, (before, after) in zip(HOURS, pairwise(sums), strict=True)}
