"""The database models and their constraints. Only verbs write them."""

from onboarding.models.access import Invitation, RecoveryCode
from onboarding.models.announcement import Announcement
from onboarding.models.binding import Binding, ProveKey, of_same_account
from onboarding.models.case import Case, Proposal
from onboarding.models.checkpoint import Checkpoint
from onboarding.models.count import Cell, Lease
from onboarding.models.event import FAILED, NO_STEP, Event
from onboarding.models.figure import Figure, RollUp
from onboarding.models.handoff import Handoff
from onboarding.models.number import of_number
from onboarding.models.session import (
    HAS_ADDRESS,
    HAS_KEY,
    HAS_NOTICE,
    HAS_REASONS,
    ID_LENGTH,
    REVIEWED,
    WAITS,
    OnboardingSession,
)

__all__ = [
    "FAILED",
    "HAS_ADDRESS",
    "HAS_KEY",
    "HAS_NOTICE",
    "HAS_REASONS",
    "ID_LENGTH",
    "NO_STEP",
    "REVIEWED",
    "WAITS",
    "Announcement",
    "Binding",
    "Case",
    "Cell",
    "Checkpoint",
    "Event",
    "Figure",
    "Handoff",
    "Invitation",
    "Lease",
    "OnboardingSession",
    "Proposal",
    "ProveKey",
    "RecoveryCode",
    "RollUp",
    "of_number",
    "of_same_account",
]
