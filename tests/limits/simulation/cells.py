"""The cells of `onboarding.limits` in memory, with a clock of its own, for simulations of many days."""

from collections.abc import Iterable

from onboarding.domain import budgets
from onboarding.domain.budgets import Address, Charge

Cell = tuple[str, str]  # the budget's name and the subject


class Cells:
    """Counts as `onboarding.limits` does: test_simulation.py holds both to the same results."""

    def __init__(self) -> None:
        self.now = 0.0  # seconds
        self._tat: dict[Cell, float] = {}

    def charge(self, act: Iterable[Charge], address: Address) -> bool:
        """Charge all budgets, or none. Return whether they admitted the act."""
        charges = list(act)
        undo = [(charge, self._tat.get(_cell(charge))) for charge in charges]
        least = [budgets.LEAST_SHARE if charge.budget.shared else 1.0 for charge in charges]
        refused = [charge for charge, share in zip(charges, least, strict=True) if not self._charge(charge, share)]
        if refused:
            levels = self._levels(address, charges)
            refused = [charge for charge in refused if not self._charge(charge, budgets.share(levels, charge.budget))]
        if not refused:
            return True
        for charge, tat in undo:
            self._tat.pop(_cell(charge), None)
            if tat is not None:
                self._tat[_cell(charge)] = tat
        return False

    def refund(self, charges: Iterable[Charge]) -> None:
        for charge in charges:
            if _cell(charge) in self._tat:
                self._tat[_cell(charge)] -= charge.cost * charge.budget.every_s

    def _charge(self, charge: Charge, share: float) -> bool:
        budget, tat = charge.budget, max(self.now, self._tat.get(_cell(charge), self.now))
        units = 0 if charge.needs_empty else max(budget.burst * share, min(budget.burst, budgets.LEAST_UNITS))
        cost = charge.cost * budget.every_s
        if tat - self.now + cost > units * budget.every_s + 1e-6:
            return charge.forced or budget.watch_only
        self._tat[_cell(charge)] = tat + cost
        return True

    def _levels(self, address: Address, charges: list[Charge]) -> dict[str, float]:
        own = {_cell(charge): charge.cost for charge in charges}
        levels = {}
        for charge in budgets.standing(address):
            tat = self._tat.get(_cell(charge), 0.0)
            level = (tat - self.now) / charge.budget.every_s - own.get(_cell(charge), 0)
            if level > 1e-6:
                levels[charge.budget.name] = level
        return levels


def _cell(charge: Charge) -> Cell:
    return charge.budget.name, charge.subject
