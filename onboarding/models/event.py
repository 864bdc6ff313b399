"""The event log."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from onboarding.models.binding import Binding
from onboarding.models.session import OnboardingSession

FAILED = Q(name__endswith="unanswered")  # calls to vendors; the condition of a partial index
NO_STEP = Q(version=None) & ~Q(mac="")  # likewise


class Event(models.Model):
    """An entry of the event log, written in the transaction of the change that it records.

    The database refuses to change or delete one, unless it is told that this is an erasure: see
    `onboarding.operations.evidence.removal`.
    """

    at = models.DateTimeField(db_default=Now(), db_index=True)
    name = models.CharField(max_length=40)
    session = models.ForeignKey(OnboardingSession, models.CASCADE, null=True, related_name="events")
    binding = models.ForeignKey(Binding, models.CASCADE, null=True, related_name="events")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    from_state = models.CharField(max_length=24, blank=True)
    to_state = models.CharField(max_length=24, blank=True)
    version = models.PositiveIntegerField(null=True)
    facts = models.JSONField(default=dict)
    mac = models.CharField(
        max_length=48, blank=True, db_default="", default="", help_text="Empty: by a release that made none."
    )
    before: str | None  # of events that the audit reads, as the next two
    before_id: int | None
    session_known: uuid.UUID | None

    class Meta:
        db_table = "onboarding_event"
        ordering = ["id"]
        indexes = [
            models.Index(name="event_failed", fields=["name", "-id"], condition=FAILED),
            models.Index(name="event_of_no_step", fields=["mac"], condition=NO_STEP),
        ]
        constraints = [
            models.UniqueConstraint(fields=["session", "version"], name="one_line_a_version"),
        ]

    def __str__(self) -> str:
        return self.name
