"""What is counted for each subject, and who gets the codes for a number."""

from django.db import models


class Cell(models.Model):
    """How much of one budget one subject has used. Only `onboarding.limits` writes it."""

    key = models.CharField(max_length=64, primary_key=True, help_text="Keyed hash of budget and subject.")
    tat = models.BigIntegerField(
        db_index=True, help_text="Theoretical arrival time: empty from then on. ms since 1970."
    )

    class Meta:
        db_table = "onboarding_cell"

    def __str__(self) -> str:
        return self.key


class Lease(models.Model):
    """The journey that gets the codes for a number, and the state of its latest code across the journey's sessions."""

    key = models.CharField(max_length=64, primary_key=True, help_text="Keyed hash of the number.")
    journey = models.UUIDField()
    ends_at = models.DateTimeField(db_index=True)
    verification_sid = models.CharField(max_length=34, blank=True, db_default="")
    code_sent_at = models.DateTimeField(null=True)
    guesses = models.PositiveSmallIntegerField(db_default=0)

    class Meta:
        db_table = "onboarding_lease"

    def __str__(self) -> str:
        return self.key
