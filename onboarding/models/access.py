"""What lets somebody into the desk who has no authenticator yet, or lost it. Only hashes are stored."""

from django.conf import settings
from django.db import models


class Invitation(models.Model):
    """A link that works once: it gives access to the desk, or a new authenticator if `role` is empty."""

    token_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 of what the link holds.")
    name = models.CharField(max_length=150, help_text="What the person logs in with.")
    role = models.CharField(max_length=16, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.name


class RecoveryCode(models.Model):
    """A code that stands in for the authenticator app, once: its row is deleted when it is used."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    code_hash = models.CharField(max_length=64, help_text="SHA-256 of 120 random bits.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "code_hash"], name="one_row_a_recovery_code")]

    def __str__(self) -> str:
        return str(self.pk)
