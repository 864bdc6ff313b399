"""A binding links a number to a Prove Key; what is remembered of keys."""

import uuid
from datetime import datetime
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.db.models.functions import Now
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device

from onboarding.domain.regions import ProveRegion
from onboarding.models.encrypted import EncryptedField
from onboarding.models.number import LONGEST, HasNumber
from onboarding.models.session import HAS_KEY, ID_LENGTH, OnboardingSession

MOST_LINKS = 100  # of an account: the latest


class RandomUUID(models.Func):
    """A random UUID, made by the database."""

    function = "gen_random_uuid"
    arity = 0
    output_field = models.UUIDField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_more: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template="lower(hex(randomblob(16)))")


class Binding(HasNumber, Device):
    """A number linked to the Prove Key on one device. It is the person's django-otp device, without a token to type.

    `confirmed` off means revoked.
    """

    public_id = models.UUIDField(
        unique=True,
        default=uuid.uuid4,
        db_default=RandomUUID(),
        editable=False,
        help_text="What cookies name it by: no restore reuses it.",
    )
    number = EncryptedField(row="public_id", max_length=LONGEST, db_index=True)
    prove_id = models.CharField(max_length=ID_LENGTH, db_index=True)
    device_id = models.CharField(max_length=ID_LENGTH, blank=True)
    moved_from = models.ForeignKey(
        "self",
        models.SET_NULL,
        verbose_name=_("moved from"),
        null=True,
        related_name="+",
        help_text=_("The binding that its key had before."),
    )
    language = models.CharField(
        max_length=16, blank=True, db_default="", help_text="Of the pages that it was linked on."
    )
    created_at = models.DateTimeField(_("linked"), db_default=Now())
    revoked_at = models.DateTimeField(_("revoked"), null=True)
    seen_at: datetime  # of bindings that `devices_of` lists

    class Meta:
        db_table = "onboarding_binding"
        verbose_name, verbose_name_plural = _("binding"), _("bindings")
        ordering = ["-created_at"]
        permissions = [
            ("revoke_binding", "Can revoke a binding"),
            ("reveal_binding", "Can see a binding's whole number"),
        ]
        indexes = [
            models.Index(name="binding_by_number_hash", fields=["number_hash"]),
            models.Index(name="binding_revoked", fields=["-id"], condition=Q(confirmed=False)),
            models.Index(name="binding_by_revoke", fields=["revoked_at"], condition=Q(confirmed=False)),
        ]
        constraints = [
            models.UniqueConstraint(
                "device_id", name="one_number_a_key", condition=Q(confirmed=True) & ~Q(device_id="")
            ),
            models.UniqueConstraint(
                fields=["user", "number_hash"],
                name="one_binding_without_a_key",
                condition=Q(confirmed=True, device_id=""),
            ),
            models.CheckConstraint(
                name="revoked_is_not_confirmed", condition=Q(confirmed=True) ^ Q(revoked_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.masked

    def is_interactive(self) -> bool:
        return False


class ProveKey(models.Model):
    """What is remembered of a Prove Key beyond its bindings. A revoked key verifies nobody until a code is passed."""

    device_id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    prove_region = models.CharField(
        max_length=3,
        db_default=ProveRegion.ALL.value,
        default=ProveRegion.ALL.value,
        help_text="Whose host knows the key.",
    )
    revoked_at = models.DateTimeField(null=True, help_text="Not trusted since then.")
    tell_prove_at = models.DateTimeField(null=True, help_text="Prove has yet to be asked to revoke it: when to ask.")

    class Meta:
        db_table = "onboarding_provekey"
        indexes = [
            models.Index(name="key_by_revoke", fields=["revoked_at"], condition=Q(revoked_at__isnull=False)),
            models.Index(name="key_to_tell", fields=["tell_prove_at"], condition=Q(tell_prove_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return "revoked" if self.revoked_at else "trusted"

    def was_revoked_since(self, time: datetime) -> bool:
        return self.revoked_at is not None and self.revoked_at >= time


def of_same_account(session: OnboardingSession) -> Q:
    """Return the condition of the sessions that linked a number to the account of this session, or of its key."""
    own = Q(pk=session.binding_id) | (HAS_KEY & Q(confirmed=True, device_id=session.device_id))
    accounts = Binding.objects.filter(own).values("user")
    links = Binding.objects.filter(user__in=accounts).order_by("-pk").values_list("pk", flat=True)
    return Q(binding__in=list(links[:MOST_LINKS]))
