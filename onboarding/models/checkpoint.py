"""Checkpoints of the event log."""

from django.db import models


class Checkpoint(models.Model):
    """Seals the events with ids above `after` up to `last`. `onboarding.operations.evidence` alone writes them.

    `mac` covers all but the last four columns, which `state_mac` covers: what erasure and retention removed since. A
    digest is the sum of the HMACs of the events, modulo 2^256, in hex.
    """

    number = models.BigIntegerField(primary_key=True, help_text="1, 2, 3 ...")
    previous = models.CharField(max_length=64, blank=True, help_text="The MAC of the one before.")
    after = models.BigIntegerField()
    last = models.BigIntegerField(unique=True)
    count = models.PositiveIntegerField(help_text="Of the events.")
    digest = models.CharField(max_length=64)
    total = models.BigIntegerField(help_text="Events that were ever sealed, these included.")
    unsigned_to = models.BigIntegerField(help_text="Up to this id, events may have no MAC: of earlier releases.")
    oldest = models.BigIntegerField(help_text="The first checkpoint that was kept.")
    removed_in_all = models.BigIntegerField(help_text="Events that were removed until then, of all that were sealed.")
    at = models.DateTimeField()
    mac = models.CharField(max_length=64)

    removed = models.PositiveIntegerField(default=0)
    removed_digest = models.CharField(max_length=64, default="0" * 64)
    is_last = models.BooleanField(default=True, help_text="No later one was written.")
    state_mac = models.CharField(max_length=64)

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return str(self.number)
