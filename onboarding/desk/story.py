"""What a session's page tells in words: a paragraph, the related sessions, and the timeline. Times are UTC."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import get_language_bidi, gettext
from django.utils.translation import gettext_lazy as _

from onboarding.domain.states import OPEN, PASSED, Review, State
from onboarding.domain.wording import EVENT_WORDS, REASON_WORDS, STATE_WORDS
from onboarding.models import HAS_ADDRESS, HAS_KEY, Event, OnboardingSession, of_same_account

COUNTED = 100  # related sessions of a kind


class ReadOnly:
    """Allows nobody to add, change or delete."""

    def has_add_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False


class Timeline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    """The events of one row, in the order in which they were written."""

    model = Event
    verbose_name_plural = _("Timeline")
    ordering = ("id",)
    fields = readonly_fields = ("in_words", "when", "since", "transition", "facts_in_words", "reviewer")

    @admin.display(description=_("what"))
    def in_words(self, event: Event) -> str:
        return str(EVENT_WORDS.get(event.name, event.name))

    @admin.display(description=_("when"))
    def when(self, event: Event) -> str:
        return time(event.at)

    @admin.display(description=_("since the beginning"))
    def since(self, event: Event) -> str:
        begun = event.session.created_at if event.session else event.at
        minutes, seconds = divmod(max(0, round((event.at - begun).total_seconds())), 60)
        return f"{minutes}:{seconds:02}"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return super().get_queryset(request).select_related("actor", "session")

    @admin.display(description=_("reviewer"))
    def reviewer(self, event: Event) -> str:
        return event.actor.get_username() if event.actor else ""

    @admin.display(description=_("moved"))
    def transition(self, event: Event) -> str:
        words = [str(STATE_WORDS.get(state, state)) for state in (event.from_state, event.to_state) if state]
        return (" ← " if get_language_bidi() else " → ").join(words)

    @admin.display(description=_("facts"))
    def facts_in_words(self, event: Event) -> str:
        return ", ".join(f"{name} {json.dumps(fact, ensure_ascii=False)}" for name, fact in event.facts.items())


def time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def moment(model: type[Model], column: str) -> Callable[[Any, Any], str]:
    """Return a column of an admin class that shows a time of the row in UTC."""

    @admin.display(description=model._meta.get_field(column).verbose_name)  # type: ignore[union-attr]
    def shown(of: Any, row: Any) -> str:
        at = getattr(row, column)
        return time(at) if at else str(of.get_empty_value_display())

    return shown


def told(session: OnboardingSession) -> str:
    """Return who began this and when, where it stands and why, and what will happen next."""
    begun = gettext("Begun on %(time)s with the number %(number)s (%(country)s).") % {
        "time": time(session.created_at),
        "number": session.masked,
        "country": session.country or "?",
    }
    stands = gettext("It stands at: %(state)s.") % {"state": STATE_WORDS[session.state]}
    why = [str(REASON_WORDS.get(code, text)) for code, text in session.failure_reasons.items()]
    because = gettext("Reasons: %(reasons)s.") % {"reasons": "; ".join(why)} if why else ""
    return " ".join(filter(None, (begun, stands, because, str(_next(session)))))


def _next(session: OnboardingSession) -> Any:
    """Return what will happen next, in words."""
    if session.review == Review.APPROVED:
        return _("A reviewer allowed another try: the person can link the number within 24 hours of that.")
    if session.review == Review.DECLINED or session.state == State.DECLINED:
        return _("The person was told that this number can't be linked to this device.")
    if session.state == State.IN_REVIEW:
        return _("The person waits until a reviewer decides; their page follows by itself.")
    if session.state in PASSED:
        return _("The person is done.")
    if session.state in OPEN:
        return _("The person has the next step, until the session ends.")
    return ""


def related(session: OnboardingSession) -> Iterator[tuple[str, object, str, bool]]:
    """Yield the other sessions of the same number, key, account, journey, address and block of numbers.

    Each is a filter's name and value, words, and whether there are any. The words say how many there are, and how many
    of these were held or declined.
    """
    others = OnboardingSession.objects.exclude(pk=session.pk).order_by()
    same_number = others.filter(number_hash=session.number_hash)
    yield _kind("same_number_as", session.pk, gettext("same number"), same_number)
    if session.device_id:
        same_key = others.filter(HAS_KEY, device_id=session.device_id)
        yield _kind("same_key_as", session.pk, gettext("same key"), same_key)
    same_account = others.filter(of_same_account(session))
    yield _kind("same_account_as", session.pk, gettext("same account"), same_account)
    same_journey = others.filter(journey=session.journey)
    yield _kind("same_journey_as", session.pk, gettext("same browser's journey"), same_journey)
    if session.address_hash:
        same_address = others.filter(HAS_ADDRESS, address_hash=session.address_hash)
        yield _kind("same_address_as", session.pk, gettext("same IP address"), same_address)
    if session.block_hash:
        same_block = others.filter(block_hash=session.block_hash)
        yield _kind("block", session.block_hash, gettext("same block of numbers"), same_block)


def _kind(name: str, value: object, title: str, rows: QuerySet[OnboardingSession]) -> tuple[str, object, str, bool]:
    states = list(rows.values_list("state", flat=True)[:COUNTED])
    count = f"{len(states)}+" if len(states) == COUNTED else str(len(states))
    words = [f"{title}: {count}"]
    if held := states.count(State.IN_REVIEW):
        words.append(gettext("held: %(count)s") % {"count": held})
    if declined := states.count(State.DECLINED):
        words.append(gettext("declined: %(count)s") % {"count": declined})
    return name, value, ", ".join(words), bool(states)
