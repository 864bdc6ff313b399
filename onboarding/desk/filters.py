"""The filters of the reviewers' lists. No filter takes a number: it could unmask one digit by digit."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet, Subquery
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from onboarding.domain.policy import VERDICTS
from onboarding.domain.wording import NOTICE_WORDS, REVIEW_WORDS, STATE_WORDS
from onboarding.models import HAS_KEY, HAS_NOTICE, HAS_REASONS, REVIEWED, WAITS

LONGEST_CODE = 40  # characters, of a failure reason


class DeskFilter(admin.SimpleListFilter):
    """A filter that has an index in the order of the list: see `onboarding.desk.keyset`."""

    rank: int  # of several filters, the one with the lowest is expected to match the fewest rows
    is_range = False  # of the order itself: it narrows any index
    index = Q()  # the condition of its partial index, which is stated where that index is to be used

    @abstractmethod
    def queryset(self, _request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return those of the rows that match. Raises IncorrectLookupParameters."""


class ChoiceFilter(DeskFilter):
    """Filters by one of a closed set of values, which are shown in words."""

    words: Mapping[str, Any]  # by value

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


class StateFilter(ChoiceFilter):
    title, parameter_name, words, rank = _("state"), "state", STATE_WORDS, 6


class NoticeFilter(ChoiceFilter):
    title, parameter_name, words, rank = _("last notice"), "notice", NOTICE_WORDS, 4
    index = HAS_NOTICE


class ReviewFilter(ChoiceFilter):
    title, parameter_name, rank = _("review"), "review", 2
    words = {"waiting": _("waiting"), **REVIEW_WORDS}

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value == "waiting":
            return rows.filter(WAITS)
        return rows.filter(REVIEWED, review=value)


class RebindFilter(ChoiceFilter):
    title, parameter_name, rank = _("moves a key"), "rebind", 5
    words = {"True": _("Yes"), "False": _("No")}


class ConfirmedFilter(ChoiceFilter):
    title, parameter_name, rank = _("in force"), "confirmed", 5
    words = {"True": _("Yes"), "False": _("Revoked")}


class AgeFilter(ChoiceFilter):
    """Filters by age, by the database's clock."""

    title, parameter_name, rank, is_range = _("age"), "age", 0, True
    words = {"hour": _("Past hour"), "day": _("Past 24 hours"), "week": _("Past 7 days"), "older": _("Older")}
    ages = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value == "older":
            return rows.filter(created_at__lt=Now() - self.ages["week"])
        return rows.filter(created_at__gte=Now() - self.ages[value])


class ReasonFilter(DeskFilter):
    """Filters by a failure reason's code. It offers the policy's codes; a link on a session's page may name another."""

    title, parameter_name = _("failure reason"), "reason"
    rank, index = 7, HAS_REASONS  # an index in no order: all rows of a common code would be read

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:
        codes = list(VERDICTS) + ([value] if (value := self.value()) and value not in VERDICTS else [])
        return [(code, code) for code in codes]

    def queryset(self, _request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None:
            return rows
        if not value.isprintable() or len(value) > LONGEST_CODE:
            raise IncorrectLookupParameters
        return rows.filter(failure_reasons__has_key=value)


class SameFilter(DeskFilter):
    """Filters by a column of a given row. It is shown only while it is in use."""

    column: str
    rank = 1

    def lookups(self, _request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        value = self.value()
        row = model_admin.model.objects.filter(pk=self._key(value, model_admin)).first() if value else None
        return [(str(value), row.phone.masked)] if row else []

    def queryset(self, _request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value:
            return rows
        same = rows.model.objects.filter(pk=value).order_by().values(self.column)
        return rows.filter(**{self.column: Subquery(same)})

    @staticmethod
    def _key(value: str, model_admin: Any) -> Any:
        try:
            return model_admin.opts.pk.to_python(value)
        except ValidationError:
            raise IncorrectLookupParameters from None


class SameNumberFilter(SameFilter):
    title, parameter_name, column = _("number"), "same_number_as", "number"


class SameKeyFilter(SameFilter):
    title, parameter_name, column = _("key"), "same_key_as", "device_id"
    index = HAS_KEY


class SameJourneyFilter(SameFilter):
    title, parameter_name, column = _("browser's journey"), "same_journey_as", "journey"
