"""Histories of the event log, made by visitors, reviewers and operators, at random but by a seed."""

from random import Random
from typing import Any

from django.contrib.auth.models import User

from onboarding.domain.phone import Number
from onboarding.models import OnboardingSession
from onboarding.operations import subjects
from onboarding.operations.evidence import checkpoints
from onboarding.operations.evidence.audit import findings
from onboarding.operations.evidence.faults import Finding, Seen
from onboarding.operations.recovery import recover
from tests.deep.any_order import desk
from tests.journey.visitor import Visitor, wrong

HELD = "202 555 0137"
NUMBERS = [f"201555010{last}" for last in range(10)]


def faults() -> list[Finding]:
    """Return what the audit finds."""
    return list(findings(None, Seen()))


class History:
    """Acts that write, seal and remove events. The sandbox and the settings are the test's."""

    def __init__(self, random: Random, settings: Any, monkeypatch: Any) -> None:
        self.random, self.settings = random, settings
        settings.LIMITS_WATCH_ONLY = True
        monkeypatch.setattr(checkpoints, "SETTLED", checkpoints.SETTLED * 0)  # as no other transaction runs
        self.desk = desk.reviewer()
        self.reviewer = User.objects.get(username="ada")

    def acts(self) -> None:
        """Do one thing."""
        self.random.choice(
            [self.links, self.links, self.guesses_wrong, self.is_held, self.unlinks, self.logs_in_wrong, self.seals]
            + [self.seals, self.seals, self.erases, self.forgets]
        )()

    def runs_for(self, acts: int) -> None:
        """Do so many things, of which the first and the last write and seal events."""
        self.links()
        self.is_held()
        self.seals()
        for _ in range(acts):
            self.acts()
        self.links()
        self.unlinks()
        self.logs_in_wrong()
        self.seals()

    def _number(self) -> str:
        return self.random.choice(NUMBERS)

    def links(self) -> None:
        number = self._number()
        Visitor().links(number, f"+1{number}")

    def guesses_wrong(self) -> None:
        visitor, number = Visitor(), self._number()
        if visitor.starts(number).path == "/code/" and visitor.messages(f"+1{number}"):
            visitor.types_code(wrong(visitor.code(f"+1{number}")))

    def is_held(self) -> None:
        Visitor().starts(HELD)
        for act in self.random.sample(["take", "note", "release", "approve", "decline", "label-fraud"], 3):
            desk.act(self.desk, act, OnboardingSession.objects.latest("created_at"))

    def unlinks(self) -> None:
        number = self._number()
        (visitor := Visitor()).links(number, f"+1{number}")
        visitor.submits("/unlink/")

    def logs_in_wrong(self) -> None:
        desk.log_in(self.desk, "ada", "wrong")

    def seals(self) -> None:
        recover()

    def erases(self) -> None:
        subjects.erase(Number(f"+1{self._number()}"))

    def forgets(self) -> None:
        """Remove, as retention does, what is over."""
        self.settings.RETENTION_DAYS = 0
        recover()
        self.settings.RETENTION_DAYS = 90
