"""Reads a proposal: a file, JSON or TOML, that maps reason codes to verdicts, or names budgets with other figures.

    {"9133": "decline"}
    {"verdicts": {"9133": "decline"}, "budgets": {"sends_number_day": {"burst": 3, "every_s": 86400}}}

What it does not name stays as it is.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from onboarding.backtest.acts import ACTS
from onboarding.domain.budgets import BUDGETS, Budget
from onboarding.domain.policy import VERDICTS, Verdict
from onboarding.limits import in_force

FIGURES = ("burst", "every_s")
LEAST = {"burst": 0, "every_s": 1}


class BadProposal(ValueError):
    """The text is no proposal; the message says why."""


@dataclass(frozen=True)
class Proposal:
    """A whole verdict table, and the budgets to compare with those in force."""

    verdicts: Mapping[str, Verdict]
    budgets: tuple[Budget, ...]


def read(text: str) -> Proposal:
    """Return what the text proposes. Raises BadProposal."""
    if not text.strip():
        raise BadProposal("This is neither a JSON object nor TOML: it is empty.")
    found = _parsed(text)
    if not found.keys() <= {"verdicts", "budgets"}:
        found = {"verdicts": found}
    verdicts, budgets = found.get("verdicts", {}), found.get("budgets", {})
    if not (isinstance(verdicts, dict) and isinstance(budgets, dict)):
        raise BadProposal("verdicts and budgets have to be tables.")
    named = {code: _verdict(code, verdict) for code, verdict in verdicts.items()}
    return Proposal({**VERDICTS, **named}, tuple(_budget(name, figures) for name, figures in budgets.items()))


def _parsed(text: str) -> dict[str, Any]:
    for parse in (json.loads, tomllib.loads):
        try:
            found = parse(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    raise BadProposal("This is neither a JSON object nor TOML.")


def _verdict(code: str, verdict: object) -> Verdict:
    try:
        return Verdict(str(verdict))
    except ValueError:
        known = ", ".join(Verdict)
        raise BadProposal(f"The verdict of {code[:40]!r} has to be one of: {known}.") from None


def _budget(name: str, figures: object) -> Budget:
    if name not in ACTS:
        raise BadProposal(f"The log can replay these budgets only: {', '.join(ACTS)}.")
    if not isinstance(figures, dict) or not figures.keys() <= set(FIGURES):
        raise BadProposal(f"{name} may have burst and every_s.")
    for figure, value in figures.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not LEAST[figure] <= value < 1e12:
            raise BadProposal(f"{figure} of {name} has to be a number, at least {LEAST[figure]}.")
    return replace(in_force(BUDGETS[name]), **figures)
