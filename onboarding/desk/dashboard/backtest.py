"""The page that replays proposed verdicts or budgets over the latest answers. It changes nothing."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from onboarding.backtest import acts, answers
from onboarding.backtest.answers import Effect
from onboarding.backtest.proposal import BadProposal, Proposal, read
from onboarding.desk import cases
from onboarding.desk.acts import ActsAdmin
from onboarding.domain.wording import EFFECT_WORDS

MAY_BACKTEST = "proveflow.backtest_onboardingsession"
DAYS = 30
MOST = 60_000  # events that the page looks at; the command looks at all
BUDGETS = 3  # of a proposal on the page
LONGEST = 8_000  # characters


class ProposalForm(forms.Form):
    """The text of a proposal."""

    proposal = forms.CharField(
        label=_("Proposal"),
        max_length=LONGEST,
        widget=forms.Textarea({"rows": 8, "cols": 60, "spellcheck": "false"}),
        help_text=_("JSON or TOML. What it does not name stays as it is."),
    )

    def clean_proposal(self) -> Proposal:
        try:
            found = read(self.cleaned_data["proposal"])
        except BadProposal as bad:
            raise forms.ValidationError(str(bad)) from None
        if len(found.budgets) > BUDGETS:
            raise forms.ValidationError(_("The command takes more budgets at once than this page."))
        return found


class BacktestViews(ActsAdmin):
    """The part of the sessions' admin that replays a proposal."""

    def get_urls(self) -> list[URLPattern | URLResolver]:  # type: ignore[override]
        name = f"{self.opts.app_label}_{self.opts.model_name}_backtest"
        return [path("backtest/", self.admin_site.admin_view(self.backtest_view), name=name), *super().get_urls()]

    def backtest_view(self, request: HttpRequest) -> TemplateResponse:
        """Ask for a proposal on GET; replay it on POST. Raises PermissionDenied."""
        if not (self.has_view_permission(request) and request.user.has_perm(MAY_BACKTEST)):
            raise PermissionDenied
        request.current_app = self.admin_site.name
        form = ProposalForm(request.POST if request.method == "POST" else None)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Backtest"),
            "opts": self.opts,
            "queue": cases.status(),
            "form": form,
            "example": '{"9133": "decline", "9137": "go_on"}',
            "days": DAYS,
            "most": MOST,
            **(_replayed(form.cleaned_data["proposal"]) if form.is_valid() else {}),
        }
        status = 400 if form.errors else 200
        return TemplateResponse(request, "admin/proveflow/backtest.html", context, status=status)


def _replayed(proposed: Proposal) -> dict[str, Any]:
    """Return what the page tells of the proposal."""
    found = answers.replay(proposed.verdicts, days=DAYS, most=MOST)
    return {
        "found": found,
        "effects": [(EFFECT_WORDS[effect], f"{found.more(effect):+}") for effect in Effect],
        "changes": [
            (EFFECT_WORDS[before], EFFECT_WORDS[after], n, found.false_alarms[before, after])
            for (before, after), n in sorted(found.changes.items())
        ],
        "budgets": [acts.replay(budget, days=DAYS, most=MOST) for budget in proposed.budgets],
    }
