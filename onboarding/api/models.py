"""The tables of the API: what a client of a session holds, and the keys of apps that may begin one."""

import re
import secrets
import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from onboarding.models import OnboardingSession

TEAM_ID = re.compile(r"^[A-Z0-9]{10}\.")
HASH_LENGTH = 64  # of SHA-256, in hexadecimal


def new_key() -> str:
    return f"pk_{secrets.token_hex(16)}"


class PublishableKey(models.Model):
    """Names an app or a site that may begin verifications. It is in every copy of the app, so it is no secret."""

    key = models.CharField(_("key"), max_length=40, unique=True, default=new_key, editable=False)
    name = models.CharField(_("name"), max_length=80)
    origins = models.TextField(
        _("allowed origins"), blank=True, help_text=_("Of sites, one a line: https://app.example.com")
    )
    app_ids = models.TextField(
        _("allowed apps"), blank=True, help_text=_("TEAMID.bundle ids or package names, one a line. Empty: any app.")
    )
    starts_per_hour = models.PositiveIntegerField(_("verifications an hour"), default=600)
    texts_per_hour = models.PositiveIntegerField(_("codes an hour"), default=600)
    needs_proof = models.BooleanField(
        _("needs App Attest or Play Integrity"), default=False, help_text=_("Of every app that begins a verification.")
    )
    created_at = models.DateTimeField(_("made"), db_default=Now())
    revoked_at = models.DateTimeField(_("revoked"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("publishable key"), _("publishable keys")
        ordering = ["-created_at"]
        permissions = [("revoke_publishablekey", "Can revoke a publishable key")]

    def __str__(self) -> str:
        return self.name

    def allows_origin(self, origin: str) -> bool:
        return origin in self.origins.split()

    def allows_app(self, app_id: str) -> bool:
        """Return whether the app may use the key. Apple's ids are listed with the team's id, and sent without it."""
        allowed = self.app_ids.split()
        return not allowed or app_id in allowed or app_id in [TEAM_ID.sub("", each) for each in allowed]


class ApiVerification(models.Model):
    """What the API keeps of a session: hashes of what its client sent and holds. The `id` is the client's name of it.

    It is written before its session, which it names by the session's `start_key`; so a repeated request finds it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.OneToOneField(
        OnboardingSession, models.CASCADE, to_field="start_key", db_constraint=False, related_name="+"
    )
    idempotency_hash = models.CharField(max_length=HASH_LENGTH, unique=True)
    request_hash = models.CharField(max_length=HASH_LENGTH)
    secret_hash = models.CharField(max_length=HASH_LENGTH)
    sealed_auth_token = models.TextField(
        blank=True, db_default="", help_text="Encrypted under a key that is derived from the Idempotency-Key."
    )
    key = models.ForeignKey(PublishableKey, models.SET_NULL, null=True, related_name="+")
    device = models.CharField(max_length=HASH_LENGTH, blank=True, help_text="Keyed hash of what the app calls itself.")
    app_hash = models.CharField(max_length=11, blank=True, db_default="", help_text="Of the app, for the first code.")
    created_at = models.DateTimeField(db_default=Now(), db_index=True)
    used_at = models.DateTimeField(null=True, help_text="When the session token was last used.")
    ended_at = models.DateTimeField(null=True, help_text="When the person logged out.")

    class Meta:
        indexes = [
            models.Index(name="api_by_device", fields=["device"], condition=~Q(device="")),
            models.Index(name="sealed_tokens", fields=["created_at"], condition=~Q(sealed_auth_token="")),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class AttestedKey(models.Model):
    """A key that Apple's App Attest vouched for: it is in the Secure Enclave of a device, and in an allowed app."""

    key_id = models.CharField(max_length=HASH_LENGTH, primary_key=True)
    public_key = models.CharField(max_length=130, help_text="The uncompressed point of P-256, in hexadecimal.")
    app_id = models.CharField(max_length=200)
    counter = models.PositiveBigIntegerField(default=0, help_text="Of its latest signature; it never goes down.")
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.app_id
