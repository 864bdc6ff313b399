"""Lists of the desk that page by key: any page of a million rows costs the same few indexed reads, and nothing counts.

A page is named by the row before it (`?p=`). Each filter has an index in the order of the list. Of several filters, the
narrowest reads up to SCANNED rows from its index, and the others choose among these: the page says if it looked no
further.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from onboarding.desk.filters import DeskFilter

SCANNED = 2_000  # rows that one page reads at most, where several filters are combined
SEPARATOR = "~"


class KeysetChangeList(ChangeList):
    """A page of rows, newest first, and the links to the first and the next page."""

    order: Sequence[str]  # of the ModelAdmin: the columns of the key, the newest first
    newest: str  # the query string of the first page
    older: str | None  # that of the next page
    looked_no_further: bool  # because the filters together match too few of the rows that were read
    is_first: bool
    candidates: QuerySet[Any] | None = None  # the rows that several filters choose among

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:  # noqa: ARG002
        """Return the rows of this page and all that follow. Raises IncorrectLookupParameters."""
        self.order = [column.removeprefix("-") for column in self.model_admin.ordering or ()]
        self.filter_specs, self.has_filters, unknown, _, self.has_active_filters = self.get_filters(request)
        self.clear_all_filters_qs = self.get_query_string(remove=self.get_filters_params())
        if unknown:
            raise IncorrectLookupParameters
        in_order = self.root_queryset.order_by(*(f"-{column}" for column in self.order))
        after = request.GET.get(PAGE_VAR, "")
        self.is_first = not after
        rows = in_order.filter(self._after(after)) if after else in_order
        filters = cast(Sequence[DeskFilter], self.filter_specs)
        chosen = sorted((each for each in filters if each.value() is not None), key=lambda each: each.rank)
        for n, each in enumerate(chosen):
            narrows_an_index = n > 0 and not chosen[n - 1].is_range
            if self.candidates is None and (narrows_an_index or not each.has_index):
                self.candidates = rows
                rows = in_order.filter(pk__in=rows.values("pk")[:SCANNED])
            index = each.index if self.candidates is None else Q()
            rows = each.queryset(request, rows.filter(index))
        return rows

    def get_results(self, request: HttpRequest) -> None:  # noqa: ARG002
        """Read the page, and one row more to know whether another one follows."""
        found = list(self.queryset[: self.list_per_page + 1])
        self.result_list = found[: self.list_per_page]
        self.result_count = len(self.result_list)
        self.full_result_count = self.paginator = None
        self.show_full_result_count = self.can_show_all = self.show_admin_actions = False
        self.multi_page = len(found) > self.list_per_page
        last = self.result_list[-1] if self.multi_page else self._last_candidate()
        self.looked_no_further = last is not None and not self.multi_page
        self.newest = self.get_query_string()
        self.older = self.get_query_string({PAGE_VAR: self._name(last)}) if last else None

    def _last_candidate(self) -> Model | None:
        """Return the last row that several filters chose among, or None if these were all rows."""
        if self.candidates is None:
            return None
        rows: list[Model] = list(self.candidates.only(*self.order)[SCANNED - 1 : SCANNED])
        return rows[0] if rows else None

    def _name(self, row: Model) -> str:
        return SEPARATOR.join(str(getattr(row, column)) for column in self.order)

    def _after(self, name: str) -> Q:
        """Return the condition of the rows after the one that is named. Raises IncorrectLookupParameters."""
        try:
            *times, pk = name.split(SEPARATOR)
            key: Any = self.opts.pk.to_python(pk)
            begun = [datetime.fromisoformat(time) for time in times]
        except (ValidationError, ValueError):
            raise IncorrectLookupParameters from None
        if len(begun) != len(self.order) - 1 or any(time.tzinfo is None for time in begun):
            raise IncorrectLookupParameters
        if not begun:
            return Q(pk__lt=key)
        column = self.order[0]  # the first condition, which the second implies, is the one that an index can use
        return Q(**{f"{column}__lte": begun[0]}) & (Q(**{f"{column}__lt": begun[0]}) | Q(pk__lt=key))
