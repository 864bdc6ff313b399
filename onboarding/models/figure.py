"""What the dashboard shows of each day, so that no page counts the event log."""

from django.db import models


class Figure(models.Model):
    """How often something happened to the sessions that began on a day (UTC). Only `onboarding.figures` writes it."""

    measure = models.CharField(max_length=12)
    day = models.DateField()
    label = models.CharField(max_length=64)
    count = models.BigIntegerField()
    good = models.BigIntegerField(help_text="How many of these turned out well.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["measure", "day", "label"], name="one_figure_a_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.measure} {self.label}"


class RollUp(models.Model):
    """Until when the event log is counted in the figures: one row."""

    until = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.until)
