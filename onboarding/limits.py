"""Counts budgets in the database, before the act: one row (cell) per budget and subject, charged by one statement.

Generic cell rate algorithm (GCRA): a cell stores the time when it will be empty again (`tat`). A charge that would move
that time further ahead than the budget's burst allows is refused. The clock is the database's. Keys are keyed hashes:
no number or address is stored.
"""

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from onboarding.domain.budgets import Budget, Charge
from onboarding.domain.errors import Limited
from onboarding.models import Cell, Lease

Terms = dict[str, str | int]
log = logging.getLogger(__name__)

BROKEN_WAIT = timedelta(seconds=30)
TOO_SMALL_WAIT = timedelta(hours=1)  # for a budget that is smaller than the charge
# Milliseconds since 1970.
NOW = {
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS integer)",
}
# EXCLUDED.tat is the value of a cell that was empty: the clock plus the cost.
CHARGE = """
    INSERT INTO onboarding_cell (key, tat) SELECT %(key)s, {now} + %(cost)s WHERE %(cost)s <= %(most)s
    ON CONFLICT (key) DO UPDATE SET tat = CASE
        WHEN onboarding_cell.tat + %(cost)s > EXCLUDED.tat THEN onboarding_cell.tat + %(cost)s ELSE EXCLUDED.tat END
    WHERE onboarding_cell.tat + %(cost)s <= EXCLUDED.tat - %(cost)s + %(most)s
    RETURNING tat"""
WAIT = "SELECT tat + %(cost)s - %(most)s - {now} FROM onboarding_cell WHERE key = %(key)s AND %(cost)s <= %(most)s"
REFUND = "UPDATE onboarding_cell SET tat = tat - %(cost)s WHERE key = %(key)s"


def charge(charges: Iterable[Charge]) -> None:
    """Charge all budgets, or none and raise Limited. If the database cannot count them, Limited is raised too.

    Inside a transaction of the caller, the charges are committed together with the act.
    """
    try:
        with transaction.atomic():
            for charge in charges:
                _charge(charge)
    except DatabaseError as error:
        log.exception("A budget could not be counted.")
        raise Limited("broken", BROKEN_WAIT) from error


def _charge(charge: Charge) -> None:
    budget = in_force(charge.budget)
    terms = _terms(budget, charge)
    if _run(CHARGE, terms) is not None:
        return
    log.warning("%s %s", "Over" if budget.watch_only else "Refused by", budget.name)
    if not budget.watch_only:
        raise Limited(budget.name, _wait(budget, charge, terms))


def _wait(budget: Budget, charge: Charge, terms: Terms) -> timedelta:
    if charge.cost > budget.burst:
        return TOO_SMALL_WAIT
    return timedelta(milliseconds=_run(WAIT, terms) or 1000)  # no row: the cell was deleted meanwhile


def refund(charges: Iterable[Charge]) -> None:
    """Give charges back: the act surely did not happen, or it turned out well."""
    for charge in charges:
        _run(REFUND, _terms(in_force(charge.budget), charge))


def reset(charges: Iterable[Charge]) -> None:
    """Empty the cells, as if their subjects had never been charged."""
    Cell.objects.filter(key__in=[key(charge.budget, charge.subject) for charge in charges]).delete()


def expired() -> tuple[QuerySet[Cell], QuerySet[Lease]]:
    """Return the cells that are empty and the leases that have ended. They can be deleted."""
    now = RawSQL(NOW[connection.vendor], ())  # noqa: S611 - nobody's words but ours
    return Cell.objects.filter(tat__lte=now), Lease.objects.filter(ends_at__lte=Now())


def in_force(budget: Budget) -> Budget:
    """Return the budget with the changes of the settings LIMITS and LIMITS_WATCH_ONLY."""
    watch_only = budget.watch_only or settings.LIMITS_WATCH_ONLY
    return replace(budget, **{"watch_only": watch_only, **settings.LIMITS.get(budget.name, {})})


def key(budget: Budget, subject: str) -> str:
    """Return the HMAC-SHA-256 under a key derived from SECRET_KEY. A new SECRET_KEY resets all counts."""
    return salted_hmac("onboarding.limits", f"{budget.name}:{subject}", algorithm="sha256").hexdigest()


def _terms(budget: Budget, charge: Charge) -> Terms:
    """Return the parameters of the statements; times in ms."""
    every = round(budget.every_s * 1000)
    return {"key": key(budget, charge.subject), "cost": charge.cost * every, "most": budget.burst * every}


def _run(statement: str, terms: Terms) -> int | None:
    """Return the first column of the first row, or None."""
    with connection.cursor() as cursor:
        cursor.execute(statement.format(now=NOW[connection.vendor]), terms)
        row = cursor.fetchone() if cursor.description else None
    return row and int(row[0])
