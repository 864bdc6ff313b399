"""Signals that not all receivers have returned from."""

from django.db import models
from django.db.models.functions import Now


class Announcement(models.Model):
    """A signal that not all receivers have returned from. Only `onboarding.signals` writes it."""

    kind = models.CharField(max_length=32)
    change = models.JSONField()
    at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        db_table = "proveflow_announcement"

    def __str__(self) -> str:
        return self.kind
