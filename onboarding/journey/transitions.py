"""Changes a session's state by compare-and-swap, and writes the events of it. Only verbs call this."""

import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, cast

from django.db import connection, transaction
from django.db.models import Expression, F, Field, Model, QuerySet
from django.db.models.functions import Now
from django.db.models.sql import UpdateQuery

from onboarding import events, signals
from onboarding.domain.errors import StaleState
from onboarding.domain.states import Notice, State, may_transition
from onboarding.models import Event, OnboardingSession

# PostgreSQL changes the row, writes the events and returns the row in one statement: each saved one is a round trip.
MOVE_AND_LOG = """
    WITH moved AS (
        UPDATE onboarding_onboardingsession SET {changes}, version = %s, moved_at = statement_timestamp()
        WHERE id = %s AND state = %s AND version = %s RETURNING *),
    entry AS (SELECT * FROM unnest(
        %s::text[], %s::bigint[], %s::text[], %s::text[], %s::integer[], %s::jsonb[], %s::text[])
        AS entry (name, binding_id, from_state, to_state, version, facts, mac)),
    logged AS (
        INSERT INTO onboarding_event (session_id, name, binding_id, from_state, to_state, version, facts, mac)
        SELECT id, entry.* FROM moved, entry ORDER BY entry.version NULLS FIRST)
    SELECT {columns} FROM moved"""


@dataclass(frozen=True)
class Step:
    """A state to set, and its event. `changes` are further columns."""

    to: State
    name: events.Name
    facts: events.Facts = field(default_factory=dict)
    changes: Mapping[str, object] = field(default_factory=dict)


def transition(
    session: OnboardingSession, to: State, name: events.Name, facts: events.Facts | None = None, **changes: object
) -> OnboardingSession:
    """Set the state `to` and the columns `changes` if state and version are still those of `session`; write the event.

    Returns `session`, refreshed. Raises StaleState.
    """
    return take(session, [Step(to, name, facts or {}, changes)])


def take(session: OnboardingSession, steps: list[Step], *, also: Sequence[Event] = ()) -> OnboardingSession:
    """Take several steps at once, with an event for each, or none of them. The events `also` are written with them.

    Returns and raises as `transition` does.
    """
    origin = State(session.state)
    path = [origin, *(step.to for step in steps)]
    if not all(may_transition(before, after) for before, after in pairwise(path)):
        raise StaleState
    columns: dict[str, object] = {"notice": ""}
    for step in steps:
        columns |= {**step.changes, "state": step.to}
    entries = list(also) + [
        events.entry(step.name, step.facts, from_state=before, to_state=step.to, version=session.version + n)
        for n, (before, step) in enumerate(zip(path, steps, strict=False), start=1)
    ]
    for each in entries:
        each.session = session
    columns["head"] = events.chain(entries, events.head_of(session))
    with transaction.atomic() if path[-1] is State.IN_REVIEW else nullcontext():
        return _taken(session, columns, entries)


def _taken(session: OnboardingSession, columns: Mapping[str, object], entries: list[Event]) -> OnboardingSession:
    move = _move_and_log if connection.vendor == "postgresql" else _move_then_log
    moved = move(session, columns, entries)
    for column in OnboardingSession._meta.concrete_fields:
        setattr(session, column.attname, vars(moved)[column.attname])  # encrypted as it is
    session.read_at = moved.read_at
    if session.state == State.IN_REVIEW:
        signals.announce(signals.ReviewWanted(session=str(session.pk), reference=session.reference))
    return session


def _move_and_log(session: OnboardingSession, columns: Mapping[str, object], entries: list[Event]) -> OnboardingSession:
    changes, parameters = _changes(columns)
    statement = MOVE_AND_LOG.format(changes=changes, columns=OnboardingSession.timed.columns)
    logged = [
        (each.name, each.binding_id, each.from_state, each.to_state, each.version, json.dumps(each.facts), each.mac)
        for each in entries
    ]
    parameters += [entries[-1].version, session.pk, session.state, session.version]
    parameters += [list(column) for column in zip(*logged, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row = cursor.fetchone()
    if row is None:
        raise StaleState
    return OnboardingSession.timed.of_row(row)


def _changes(columns: Mapping[str, object]) -> tuple[str, list[Any]]:
    """Return the assignments of an UPDATE, and their parameters. Only expressions are compiled, since that is slow."""
    query = UpdateQuery(OnboardingSession)
    compiler = query.get_compiler(connection=connection)
    assignments, parameters = [], list[Any]()
    for name, value in columns.items():
        field = cast("Field[Any, Any]", OnboardingSession._meta.get_field(name))
        if isinstance(value, Expression | F):
            sql, values = compiler.compile(value.resolve_expression(query, allow_joins=False, for_save=True))
        else:
            sql, values = "%s", [field.get_db_prep_save(value.pk if isinstance(value, Model) else value, connection)]
        assignments.append(f"{field.column} = {sql}")
        parameters += values
    return ", ".join(assignments), parameters


def _move_then_log(
    session: OnboardingSession, columns: Mapping[str, object], entries: list[Event]
) -> OnboardingSession:
    with transaction.atomic():
        moved = {"version": entries[-1].version, "moved_at": Now()}
        if not _unchanged(session).update(**columns, **moved):
            raise StaleState
        Event.objects.bulk_create(entries)
        return OnboardingSession.timed.get(pk=session.pk)


def _unchanged(session: OnboardingSession) -> QuerySet[OnboardingSession]:
    """Return the query of the row, if its state and version are those of `session`."""
    return OnboardingSession._base_manager.filter(pk=session.pk, state=session.state, version=session.version)


def set_notice(session: OnboardingSession, notice: Notice) -> OnboardingSession:
    """Set what the next page tells the person, unless the session has changed meanwhile."""
    OnboardingSession.objects.filter(pk=session.pk, version=session.version).update(notice=notice)
    session.notice = notice
    return session
