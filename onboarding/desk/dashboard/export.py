"""Lists of the desk as CSV, with the filters that are in use: streamed, bounded, and written to the event log."""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from onboarding import events, limits
from onboarding.conf import conf
from onboarding.desk import cases
from onboarding.desk.acts import ActsAdmin, ReasonForm
from onboarding.domain.budgets import EXPORTS, Charge
from onboarding.domain.errors import Limited
from onboarding.domain.mentions import mentions_number
from onboarding.events import Name
from onboarding.models.number import UNKNOWN

MOST_ROWS = 10_000
MOST_PAGES = 250  # that are read, where filters match few rows
HASH = re.compile("[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What spreadsheets take for the beginning of a formula. https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = tuple("=+-@\t\r\n＝＋－＠")
NUMBER_COLUMN = "masked"


def safe(value: object) -> str:
    """Return the text of a cell that no spreadsheet computes."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


class _Line:
    """A file that returns what is written to it."""

    def write(self, line: str) -> str:
        return line


class ExportViews(ActsAdmin):
    """A list that can be downloaded. Numbers are masked, unless they are asked for by who may see them."""

    def get_urls(self) -> list[URLPattern | URLResolver]:  # type: ignore[override]
        export = require_POST(self.admin_site.admin_view(self.export_view))
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export/", export, name=name), *super().get_urls()]

    def may_reveal(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.reveal_{self.opts.model_name}")

    def export_view(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Send the rows that the query string filters, at most MOST_ROWS. Raises PermissionDenied."""
        is_whole = request.POST.get("numbers") == "whole"
        if not self.has_view_permission(request) or (is_whole and not self.may_reveal(request)):
            raise PermissionDenied
        form = ReasonForm(request.POST if "reason" in request.POST else None, request=request)
        if is_whole and not form.is_valid():
            return self._ask(request, form)
        filters = QueryDict(request.GET.urlencode(), mutable=True)
        filters.pop(PAGE_VAR, None)
        request.GET = QueryDict(filters.urlencode())
        try:
            first = self.get_changelist_instance(request)
            limits.charge([Charge(EXPORTS, request.user.get_username())])
        except IncorrectLookupParameters:
            return HttpResponseRedirect(self.path_of("changelist"))
        except Limited:
            messages.error(request, _("Too many lists downloaded. Try again in a few minutes."))
            return HttpResponseRedirect(self.path_of("changelist"))
        facts = {"list": self.opts.model_name, "filters": _filters(request), "whole": is_whole}
        facts |= {"reason": form.cleaned_data["reason"]} if is_whole else {}
        events.record(Name.LIST_EXPORTED, facts, actor=request.user)
        headers = {
            "Content-Disposition": f'attachment; filename="{self.opts.model_name}.csv"',
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",  # by nginx
        }
        request.META.pop("HTTP_ACCEPT_ENCODING", None)  # compressed, the first lines would wait for many more
        lines = self._lines(request, first, is_whole=is_whole)
        return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)

    def _ask(self, request: HttpRequest, form: ReasonForm) -> TemplateResponse:
        """Ask for a reason, and a code if the last one was a while ago, before whole numbers are sent."""
        context = {"title": _("Download as CSV"), "opts": self.opts, "form": form, "queue": cases.status()}
        request.current_app = self.admin_site.name
        context = {**self.admin_site.each_context(request), **context}
        return TemplateResponse(request, "admin/proveflow/export.html", context)

    def _lines(self, request: HttpRequest, first: Any, *, is_whole: bool) -> Iterator[str]:
        """Yield the lines, and write to the event log how many rows were sent, even if the client goes away."""
        writer, sent = csv.writer(_Line(), quoting=csv.QUOTE_ALL), 0
        columns: Sequence[str] = [str(each) for each in self.list_display]
        try:
            heads = [capfirst(str(label_for_field(column, self.model, self))) for column in columns]
            yield "\N{ZERO WIDTH NO-BREAK SPACE}" + str(writer.writerow([safe(head) for head in heads]))
            for row in self._rows(request, first):
                sent += 1
                yield str(writer.writerow([safe(self._cell(row, column, is_whole=is_whole)) for column in columns]))
        finally:
            events.record(Name.LIST_SENT, {"list": self.opts.model_name, "rows": sent}, actor=request.user)

    def _rows(self, request: HttpRequest, page: Any) -> Iterator[Any]:
        """Yield the rows of this page and of those that follow."""
        sent = 0
        for _page in range(MOST_PAGES):
            for row in page.result_list:
                yield row
                sent += 1
                if sent >= MOST_ROWS:
                    return
            if not page.older:
                return
            request.GET = QueryDict(page.older.removeprefix("?"))
            page = self.get_changelist_instance(request)

    def _cell(self, row: Any, column: str, *, is_whole: bool) -> object:
        if column == NUMBER_COLUMN and is_whole and row.masked != UNKNOWN:
            return row.phone.e164
        shown = getattr(self, column, None)
        value = shown(row) if shown else getattr(row, column)
        return "" if value == self.get_empty_value_display() else value


def _filters(request: HttpRequest) -> dict[str, str]:
    """Return the filters in use. One that reads like a phone number is left out: the log has none."""
    regions = {conf.DEFAULT_REGION, *conf.ALLOWED_COUNTRIES}
    given = {name: str(value) for name, value in request.GET.items()}
    return {
        name: value if HASH.fullmatch(value) or not mentions_number(value, regions) else "?"
        for name, value in given.items()
    }
