"""What reviewers do with a session that waits for them."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from onboarding.domain.states import Outcome
from onboarding.models.binding import Binding
from onboarding.models.session import OnboardingSession


class Case(models.Model):
    """What reviewers do with a session that waits for them: who has it, and what they asked of others."""

    session = models.OneToOneField(OnboardingSession, models.CASCADE, primary_key=True, related_name="case")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    taken_until = models.DateTimeField(null=True, help_text="Until then, nobody else works on it.")
    snoozed_until = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, blank=True, choices=[(o.value, o.value) for o in Outcome])

    def __str__(self) -> str:
        return str(self.pk)


class Proposal(models.Model):
    """An act that a first reviewer asked for, and that a second one has to repeat: see `TWO_REVIEWERS`."""

    act = models.CharField(max_length=16)
    session = models.ForeignKey(OnboardingSession, models.CASCADE, null=True, related_name="proposals")
    binding = models.ForeignKey(Binding, models.CASCADE, null=True, related_name="proposals")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["act", "session"], name="one_proposal_a_session"),
            models.UniqueConstraint(fields=["act", "binding"], name="one_proposal_a_binding"),
        ]

    def __str__(self) -> str:
        return self.act
