"""A handoff from a computer to a phone."""

import uuid

from django.db import models

from onboarding.domain.states import Stage


class Handoff(models.Model):
    """A handoff of a journey from a computer to a phone. It refers to no person and no session: it gives no access."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 of what the scanned link holds.")
    stage = models.CharField(max_length=12, choices=[(s.value, s.value) for s in Stage], default=Stage.OFFERED)
    match_number = models.PositiveSmallIntegerField(null=True, help_text="Shown by the phone, typed on the computer.")
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "onboarding_handoff"

    def __str__(self) -> str:
        return self.stage
