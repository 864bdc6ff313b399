"""Budgets, counted before the act: each is a cell, one row, charged by one statement, on the database's clock.

The generic cell rate algorithm: a cell remembers when it will be empty again (`tat`), and a charge that would put that
further off than the budget's burst allows is refused. Keys are keyed hashes: no number or address is stored.
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
SHUT_WAIT = timedelta(hours=1)  # of a budget too small for the charge, such as one of 0
# Milliseconds since 1970.
NOW = {
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS integer)",
}
# EXCLUDED.tat is what an empty cell would hold: the clock plus the cost.
CHARGE = """
    INSERT INTO onboarding_cell (key, tat) SELECT %(key)s, {now} + %(cost)s WHERE %(cost)s <= %(most)s
    ON CONFLICT (key) DO UPDATE SET tat = CASE
        WHEN onboarding_cell.tat + %(cost)s > EXCLUDED.tat THEN onboarding_cell.tat + %(cost)s ELSE EXCLUDED.tat END
    WHERE onboarding_cell.tat + %(cost)s <= EXCLUDED.tat - %(cost)s + %(most)s
    RETURNING tat"""
WAIT = "SELECT tat + %(cost)s - %(most)s - {now} FROM onboarding_cell WHERE key = %(key)s AND %(cost)s <= %(most)s"
REFUND = "UPDATE onboarding_cell SET tat = tat - %(cost)s WHERE key = %(key)s"


def take(charges: Iterable[Charge]) -> None:
    """All of them, or none and Limited. A budget that cannot be counted is refused.

    Part of the caller's transaction, if there is one: then act and count are committed together.
    """
    try:
        with transaction.atomic():
            for charge in charges:
                _take(charge)
    except DatabaseError as error:
        log.exception("A budget could not be counted.")
        raise Limited("broken", BROKEN_WAIT) from error


def _take(charge: Charge) -> None:
    budget = in_force(charge.budget)
    terms = _terms(budget, charge)
    if _run(CHARGE, terms) is not None:
        return
    log.warning("%s %s", "Over" if budget.watch_only else "Refused by", budget.name)
    if not budget.watch_only:
        raise Limited(budget.name, _wait(budget, charge, terms))


def _wait(budget: Budget, charge: Charge, terms: Terms) -> timedelta:
    if charge.cost > budget.burst:
        return SHUT_WAIT
    return timedelta(milliseconds=_run(WAIT, terms) or 1000)  # none: the cell was swept just now


def give_back(charges: Iterable[Charge]) -> None:
    """What surely did not happen, or turned out well."""
    for charge in charges:
        _run(REFUND, _terms(in_force(charge.budget), charge))


def forget(charges: Iterable[Charge]) -> None:
    """As if their subjects had never done it."""
    Cell.objects.filter(key__in=[key(charge.budget, charge.subject) for charge in charges]).delete()


def over() -> tuple[QuerySet[Cell], QuerySet[Lease]]:
    """The cells that are empty again and the leases that are over: they say the same as none."""
    now = RawSQL(NOW[connection.vendor], ())  # noqa: S611 - nobody's words but ours
    return Cell.objects.filter(tat__lte=now), Lease.objects.filter(ends_at__lte=Now())


def in_force(budget: Budget) -> Budget:
    """The budget as the settings LIMITS and LIMITS_WATCH_ONLY have it."""
    watch_only = budget.watch_only or settings.LIMITS_WATCH_ONLY
    return replace(budget, **{"watch_only": watch_only, **settings.LIMITS.get(budget.name, {})})


def key(budget: Budget, subject: str) -> str:
    """HMAC-SHA-256 under a key derived from SECRET_KEY: a new one forgets all counts."""
    return salted_hmac("onboarding.limits", f"{budget.name}:{subject}", algorithm="sha256").hexdigest()


def _terms(budget: Budget, charge: Charge) -> Terms:
    """What the statements need; times in ms."""
    every = round(budget.every_s * 1000)
    return {"key": key(budget, charge.subject), "cost": charge.cost * every, "most": budget.burst * every}


def _run(statement: str, terms: Terms) -> int | None:
    """The first column of the first row, if there is one."""
    with connection.cursor() as cursor:
        cursor.execute(statement.format(now=NOW[connection.vendor]), terms)
        row = cursor.fetchone() if cursor.description else None
    return row and int(row[0])
