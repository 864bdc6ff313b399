"""The filters of the reviewers' lists. No filter takes a number: it could unmask one digit by digit."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet, Subquery
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from onboarding.domain.policy import VERDICTS
from onboarding.domain.wording import CALL_WORDS, NOTICE_WORDS, REVIEW_WORDS, STATE_WORDS, STEP_WORDS, reason_in_words
from onboarding.figures.tally import CALLS, REACHED, STEP, Call, Step
from onboarding.models import (
    FAILED,
    HAS_ADDRESS,
    HAS_KEY,
    HAS_NOTICE,
    HAS_REASONS,
    REVIEWED,
    WAITS,
    Event,
    OnboardingSession,
    of_same_account,
)

LONGEST_CODE = 40  # characters, of a failure reason
LATEST = 2_000  # failed calls that a filter finds the rows of


class DeskFilter(admin.SimpleListFilter):
    """A filter that has an index in the order of the list: see `onboarding.desk.keyset`."""

    rank: int  # of several filters, the one with the lowest is expected to match the fewest rows
    is_range = False  # of the order itself: it narrows any index
    has_index = True
    index = Q()  # the condition of its partial index, which is stated where that index is to be used
    template = "admin/proveflow/filter.html"
    is_open = False  # before it is in use: those that reviewers use most

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
    is_open = True


class NoticeFilter(ChoiceFilter):
    title, parameter_name, words, rank = _("last notice"), "notice", NOTICE_WORDS, 4
    index = HAS_NOTICE


class ReviewFilter(ChoiceFilter):
    title, parameter_name, rank, is_open = _("review"), "review", 2, True
    words = {"waiting": _("waiting"), **REVIEW_WORDS}

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value == "waiting":
            return rows.filter(WAITS)
        return rows.filter(REVIEWED, review=value)


class RebindFilter(ChoiceFilter):
    title, parameter_name, rank = _("moves a key"), "rebind", 5
    words = {"True": _("Yes"), "False": _("No")}


class ConfirmedFilter(ChoiceFilter):
    title, parameter_name, rank, is_open = _("in force"), "confirmed", 5, True
    words = {"True": _("Yes"), "False": _("Revoked")}


class AgeFilter(ChoiceFilter):
    """Filters by age, by the database's clock."""

    title, parameter_name, rank, is_range = _("age"), "age", 0, True
    is_open = True
    words = {"hour": _("Past hour"), "day": _("Past 24 hours"), "week": _("Past 7 days"), "older": _("Older")}
    ages = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value == "older":
            return rows.filter(created_at__lt=Now() - self.ages["week"])
        return rows.filter(created_at__gte=Now() - self.ages[value])


class BegunFilter(DeskFilter):
    """Filters by the days (UTC) on which sessions began: one, or the first and the last one."""

    title, parameter_name, rank, is_range = _("begun on"), "begun", 0, True

    @staticmethod
    def name(first: date, last: date) -> str:
        """Return the value of the filter."""
        return str(first) if first == last else f"{first}~{last}"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:
        value = self.value()
        return [(value, " - ".join(map(str, self._days(value))))] if value else []

    def queryset(self, _request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value:
            return rows
        first, *_more, last = (datetime.combine(day, time(), UTC) for day in self._days(value) * 2)
        return rows.filter(created_at__gte=first, created_at__lt=last + timedelta(days=1))

    @staticmethod
    def _days(value: str) -> list[date]:
        try:
            first, *last = (date.fromisoformat(day) for day in value.split("~"))
        except ValueError:
            raise IncorrectLookupParameters from None
        if len(last) > 1 or max(first, *last, first) == date.max:
            raise IncorrectLookupParameters
        return [first, *last]


class StepFilter(ChoiceFilter):
    """Filters by the steps that sessions reached; with "-last", by those that they did not go beyond."""

    title, parameter_name, rank, has_index = _("step reached"), "step", 9, False
    words = {step: STEP_WORDS[step] for step in Step} | {f"{step}-last": STEP_WORDS[step] for step in Step}

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        steps: list[tuple[str, Any]] = [(step, STEP_WORDS[step]) for step in Step]
        step, _dash, last = str(self.value()).partition("-")
        if last and step in STEP_WORDS:
            steps.append((f"{step}-last", format_lazy("{}, {}", STEP_WORDS[step], _("and no further"))))
        return steps

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        step, _dash, last = value.partition("-")
        reached: QuerySet[Any] = rows.annotate(step=STEP)
        return reached.filter(step__in=[step] if last else REACHED[Step(step)])


class CountryFilter(DeskFilter):
    """Filters by the country of the number. It is shown only while it is in use, as the next."""

    title, parameter_name, rank = _("country"), "country", 6
    column = "country"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:
        value = self.value()
        return [(value, value[:8])] if value else []

    def queryset(self, _request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return rows.filter(**{self.column: value}) if value else rows


class BlockFilter(CountryFilter):
    """Filters by the hash of a number without its last digits: the hash unmasks none."""

    title, parameter_name, rank, column = _("block of numbers"), "block", 3, "block_hash"


class FailedFilter(ChoiceFilter):
    """Filters by calls to vendors that failed: the latest of a kind."""

    title, parameter_name, rank = _("failed call"), "failed", 3
    words = {call: CALL_WORDS[call] for call in Call if call not in (Call.REVOKE, Call.TEXT)}
    column = "session"  # of the event

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        failed = Event.objects.filter(FAILED, name=CALLS[Call(value)][1], **{f"{self.column}__isnull": False})
        return rows.filter(pk__in=failed.order_by("-pk").values(self.column)[:LATEST])


class FailedOfLinkFilter(FailedFilter):
    words = {call: CALL_WORDS[call] for call in (Call.REVOKE, Call.TEXT)}
    column = "binding"


class ReasonFilter(DeskFilter):
    """Filters by a failure reason's code. It offers the policy's codes; a link on a session's page may name another."""

    title, parameter_name = _("failure reason"), "reason"
    rank, index = 7, HAS_REASONS  # an index in no order: all rows of a common code would be read

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:
        codes = list(VERDICTS) + ([value] if (value := self.value()) and value not in VERDICTS else [])
        return [(code, reason_in_words(code)) for code in codes]

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
        return [(str(value), row.masked)] if row else []

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
    title, parameter_name, column = _("number"), "same_number_as", "number_hash"


class SameKeyFilter(SameFilter):
    title, parameter_name, column = _("key"), "same_key_as", "device_id"
    index = HAS_KEY


class SameJourneyFilter(SameFilter):
    title, parameter_name, column = _("browser's journey"), "same_journey_as", "journey"


class SameAddressFilter(SameFilter):
    title, parameter_name, column = _("IP address"), "same_address_as", "address_hash"
    index = HAS_ADDRESS


class SameAccountFilter(SameFilter):
    title, parameter_name = _("account"), "same_account_as"

    def queryset(self, _request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        session = OnboardingSession.objects.filter(pk=value).first() if value else None
        return rows.filter(of_same_account(session)) if session else rows
