"""Counts budgets in the database, before the act: one row (cell) per budget and subject.

Generic cell rate algorithm (GCRA): a cell stores the time when it will be empty again (`tat`). A charge that would move
that time further ahead than the budget's burst allows is refused. One statement charges all budgets of an act, in the
order of their keys; the clock is the database's. Keys are keyed hashes: no number or address is stored.
"""

import json
import logging
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from onboarding.conf import conf
from onboarding.domain import budgets
from onboarding.domain.budgets import BROKEN, Address, Budget, Charge
from onboarding.domain.errors import Limited
from onboarding.domain.phone import Number
from onboarding.hashes import former_hashes, keyed_hash, secrets
from onboarding.models import Cell, Lease
from onboarding.telemetry import observation

log = logging.getLogger(__name__)

BROKEN_WAIT = timedelta(seconds=30)
ALL = 1 << 50  # ms; more than any cell holds
TOO_SMALL_WAIT = timedelta(hours=1)  # for a budget that is smaller than the charge
# Milliseconds since 1970.
NOW = {
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS integer)",
}
# The charges of a statement: key, cost, and how far ahead of the clock the cell may be after it; in ms.
CHARGES = {
    "postgresql": "SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS charge (key, cost, most)",
    "sqlite": """SELECT json_extract(value, '$[0]') AS key, json_extract(value, '$[1]') AS cost,
        json_extract(value, '$[2]') AS most FROM json_each(%s)""",
}
LATER_OF = {"postgresql": "greatest", "sqlite": "max"}
FOR_UPDATE = {"postgresql": "FOR UPDATE", "sqlite": ""}
CHARGE = """
    WITH clock (ms) AS (SELECT {now}), charge AS ({charges})
    INSERT INTO onboarding_cell (key, tat)
    SELECT key, ms + cost FROM charge, clock WHERE cost <= most ORDER BY key
    ON CONFLICT (key) DO UPDATE
    SET tat = {later}(onboarding_cell.tat, (SELECT ms FROM clock))
        + (SELECT cost FROM charge WHERE charge.key = onboarding_cell.key)
    WHERE {later}(onboarding_cell.tat - (SELECT ms FROM clock), 0)
        <= (SELECT most - cost FROM charge WHERE charge.key = onboarding_cell.key)
    RETURNING key"""
REFUND = """
    WITH charge AS ({charges}),
    locked AS MATERIALIZED (
        SELECT key FROM onboarding_cell WHERE key IN (SELECT key FROM charge) ORDER BY key {lock})
    UPDATE onboarding_cell SET tat = tat - (SELECT cost FROM charge WHERE charge.key = onboarding_cell.key)
    WHERE key IN (SELECT key FROM locked) RETURNING key"""
LEVELS = """
    WITH charge AS ({charges})
    SELECT onboarding_cell.key, tat - {now} FROM onboarding_cell JOIN charge ON charge.key = onboarding_cell.key"""


PAIRS = {
    "postgresql": "SELECT * FROM unnest(%s::text[], %s::text[]) AS pair (old, new)",
    "sqlite": "SELECT json_extract(value, '$[0]') AS old, json_extract(value, '$[1]') AS new FROM json_each(%s)",
}
# A cell that an old process has filled meanwhile is added.
MERGE = """
    ON CONFLICT (key) DO UPDATE
    SET tat = {later}(onboarding_cell.tat, {now}) + {later}(excluded.tat - {now}, 0)"""
MOVE = """
    WITH pair AS ({pairs}),
    locked AS MATERIALIZED (SELECT key FROM onboarding_cell JOIN pair ON key = old ORDER BY key FOR UPDATE),
    gone AS (DELETE FROM onboarding_cell USING pair WHERE key = old AND key IN (SELECT key FROM locked)
        RETURNING new, tat)
    INSERT INTO onboarding_cell (key, tat) SELECT new, max(tat) FROM gone GROUP BY new ORDER BY new {merge}"""
COPY = """
    INSERT INTO onboarding_cell (key, tat)
    SELECT new, tat FROM (WITH pair AS ({pairs}) SELECT new, tat FROM onboarding_cell JOIN pair ON key = old)
    WHERE true {merge}"""
DELETE = "DELETE FROM onboarding_cell WHERE key IN (WITH pair AS ({pairs}) SELECT old FROM pair)"
CARRY_OVER = {"postgresql": (MOVE,), "sqlite": (COPY, DELETE)}


@dataclass(frozen=True)
class Row:
    """A charge, as the statements take it; times in ms."""

    charge: Charge
    budget: Budget
    key: str
    cost: int
    most: int


def charge(charges: Iterable[Charge], address: Address | None = None) -> None:
    """Charge all budgets, or none and raise Limited. If the database cannot count them, Limited is raised too.

    `address` is whose standing decides on its share of shared budgets. Call this outside of a transaction: all acts
    share some cells, and each cell is locked until its statement is committed.
    """
    rows = [_row(each, budgets.LEAST_SHARE if each.budget.shared else 1.0) for each in charges]
    try:
        carry_over([row.charge for row in rows])
        charged = _charge(rows)
        refused = _refused(rows, charged)
        if refused and address is not None:
            levels = _levels(budgets.standing(address), without=[row for row in rows if row.key in charged])
            refused = [_row(row.charge, budgets.share(levels, row.charge.budget)) for row in refused]
            charged |= _charge(refused)
            refused = _refused(refused, charged)
        if refused:
            _run(REFUND, [row for row in rows if row.key in charged])
            wait = _wait(refused[0])
            observation.refused(refused[0].budget.name, wait)
            raise Limited(refused[0].budget.name, wait)
    except DatabaseError as error:
        log.exception("A budget could not be counted.")
        observation.refused(BROKEN, BROKEN_WAIT)
        raise Limited(BROKEN, BROKEN_WAIT) from error


def carry_over(charges: Iterable[Charge]) -> None:
    """Let counts under former secrets go on under the one in use. Does nothing unless there are fallbacks."""
    if len(secrets()) == 1:
        return
    subjects = {(each.budget, each.subject): key(each.budget, each.subject) for each in charges}
    pairs = [(old, new) for (budget, subject), new in subjects.items() for old in former_keys(budget, subject)]
    if not pairs:
        return
    vendor, columns = connection.vendor, [list(column) for column in zip(*pairs, strict=True)]
    parameters = columns if vendor == "postgresql" else [json.dumps(pairs)]
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in CARRY_OVER[vendor]:
            merge = MERGE.format(now=NOW[vendor], later=LATER_OF[vendor])
            cursor.execute(statement.format(pairs=PAIRS[vendor], merge=merge), parameters)


def former_keys(budget: Budget, subject: str) -> list[str]:
    """Return what `key` returned under former secrets."""
    return former_hashes("onboarding.limits", f"{budget.name}:{subject}")


def _charge(rows: Sequence[Row]) -> set[str]:
    """Charge what fits, and return its keys."""
    return {key for (key,) in _run(CHARGE, rows)}


def _refused(rows: Sequence[Row], charged: Container[str]) -> list[Row]:
    """Return what is refused of what did not fit."""
    over = [row for row in rows if row.key not in charged and not row.charge.forced]
    for row in over:
        if row.budget.watch_only:
            log.warning("Over %s", row.budget.name)
    return [row for row in over if not row.budget.watch_only]


@contextmanager
def refusals_counted(number: Number, address: Address) -> Iterator[None]:
    """Count a refusal inside the block."""
    try:
        yield
    except Limited as limited:
        if limited.limit != BROKEN:
            charge(budgets.refusals(number, address))
        raise


def _wait(row: Row) -> timedelta:
    """Return the time until the charge fits."""
    if row.cost > row.most:
        return TOO_SMALL_WAIT
    level = next((level for _key, level in _run(LEVELS, [row])), None)
    return timedelta(milliseconds=1000 if level is None else level + row.cost - row.most)  # None: it was deleted


def _levels(charges: Iterable[Charge], *, without: Iterable[Row]) -> Mapping[str, float]:
    """Return how many units each cell has in use besides those of `without`, by budget. Empty cells are left out."""
    own = {row.key: row.cost for row in without}
    rows = {row.key: row for row in (_row(each, 1.0) for each in charges)}
    levels = ((rows[key], level - own.get(key, 0)) for key, level in _run(LEVELS, list(rows.values())))
    return {row.budget.name: level / row.cost for row, level in levels if level > 0}


def used(charges: Iterable[Charge]) -> Iterator[tuple[Charge, float]]:
    """Return what share of its budget each cell has in use: 0 if it has no cell, 1 if the budget has no burst."""
    rows = [_row(each, 1.0) for each in charges]
    carry_over([row.charge for row in rows])
    levels = dict(_run(LEVELS, rows))
    for row in rows:
        whole = row.budget.burst * row.budget.every_s * 1000
        yield row.charge, max(0, levels.get(row.key, 0)) / whole if whole else 1.0


def refund(charges: Iterable[Charge], *, reset: Iterable[Charge] = ()) -> None:
    """Give charges back: the act surely did not happen, or it turned out well. Empty the cells of `reset`."""
    owed: dict[str, Row] = {}
    for row in [_row(each, 1.0) for each in charges] + [replace(_row(each, 1.0), cost=ALL) for each in reset]:
        owed[row.key] = replace(row, cost=row.cost + (owed[row.key].cost if row.key in owed else 0))
    carry_over([row.charge for row in owed.values()])
    _run(REFUND, list(owed.values()))


def give_back(number: Number, charges: Iterable[Charge], *, reset: Iterable[Charge] = ()) -> None:
    """Refund what a success of `number` gives back, unless the number has succeeded too often; empty `reset` anyway."""
    owed = list(charges)
    try:
        charge(budgets.successes(number))
    except Limited:
        owed = []
    refund(owed, reset=reset)


def expired() -> tuple[QuerySet[Cell], QuerySet[Lease]]:
    """Return the cells that are empty and the leases that have ended. They can be deleted."""
    now = RawSQL(NOW[connection.vendor], ())  # noqa: S611 - a constant
    return Cell.objects.filter(tat__lte=now), Lease.objects.filter(ends_at__lte=Now())


def in_force(budget: Budget) -> Budget:
    """Return the budget with the changes of the settings LIMITS and LIMITS_WATCH_ONLY."""
    watch_only = budget.watch_only or conf.LIMITS_WATCH_ONLY
    return replace(budget, **{"watch_only": watch_only, **conf.LIMITS.get(budget.name, {})})


def key(budget: Budget, subject: str) -> str:
    """Return the key of the cell or lease: a keyed hash."""
    return keyed_hash("onboarding.limits", f"{budget.name}:{subject}")


def _row(charge: Charge, share: float) -> Row:
    budget = in_force(charge.budget)
    every = budget.every_s * 1000
    most = 0 if charge.needs_empty else max(budget.burst * share, min(budget.burst, budgets.LEAST_UNITS))
    return Row(charge, budget, key(budget, charge.subject), round(charge.cost * every), round(most * every))


def _run(statement: str, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Return the rows that the statement returns."""
    if not rows:
        return []
    columns = [(row.key, row.cost, row.most) for row in rows]
    vendor = connection.vendor
    words = {"now": NOW[vendor], "charges": CHARGES[vendor], "later": LATER_OF[vendor], "lock": FOR_UPDATE[vendor]}
    parameters = (
        [json.dumps(columns)] if vendor == "sqlite" else [list(column) for column in zip(*columns, strict=True)]
    )
    with connection.cursor() as cursor:
        cursor.execute(statement.format(**words), parameters)
        return list(cursor.fetchall())
