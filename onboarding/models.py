"""The database models and their constraints. Only verbs write them."""

import uuid
from datetime import datetime

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device

from onboarding.conf import conf
from onboarding.domain.phone import Number
from onboarding.domain.policy import NO_POSSESSION, NOT_ALLOWED, RELINK
from onboarding.domain.states import CLAIMS, FINAL, OPEN, PASSED, Channel, Notice, Outcome, Review, Stage, State
from onboarding.domain.wording import STATE_WORDS
from onboarding.timed import TimedManager

# The conditions of partial indexes. A query that uses such an index states its condition.
WAITS = Q(state=State.IN_REVIEW.value, review="")
REVIEWED = ~Q(review="")
HAS_NOTICE = ~Q(notice="")
HAS_KEY = ~Q(device_id="")
HAS_REASONS = ~Q(failure_reasons={})

ID_LENGTH = 128  # characters, for Prove's ids; Prove documents no limit


class OnboardingSession(models.Model):
    """One Prove flow: one correlationId. A rebind or another number is a new row that refers to the previous one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    start_key = models.UUIDField(unique=True, help_text="The phone page that asked for it: one page, one start.")
    previous = models.ForeignKey(
        "self", models.SET_NULL, verbose_name=_("previous session"), null=True, blank=True, related_name="next_ones"
    )
    journey = models.UUIDField(default=uuid.uuid4, help_text="Handed on from session to session of one browser.")
    number = models.CharField(max_length=16, help_text="E.164, written once.")
    recalled = models.BooleanField(default=False, help_text="Not typed: this browser was asked to remember it.")
    notices_version = models.CharField(max_length=32, blank=True, help_text="Of the words accepted by going on.")
    notices_accepted_at = models.DateTimeField(null=True)
    rebind = models.BooleanField(default=False)
    moves_from = models.ForeignKey(
        "Binding", models.SET_NULL, null=True, related_name="+", help_text="A rebind: what the browser is verified by."
    )

    state = models.CharField(max_length=24, choices=[(s.value, s.value) for s in State], default=State.STARTING)
    version = models.PositiveIntegerField(default=1)
    notice = models.CharField(max_length=24, blank=True, choices=[(n.value, n.value) for n in Notice])
    created_at = models.DateTimeField(_("begun"), db_default=Now(), db_index=True)
    moved_at = models.DateTimeField(_("last moved"), db_default=Now())
    expires_at = models.DateTimeField(_("ends"))

    client_request_id = models.UUIDField(unique=True, default=uuid.uuid4)
    correlation_id = models.CharField(max_length=ID_LENGTH, unique=True, null=True)  # noqa: DJ001 - absent until Prove answers
    status_calls = models.PositiveSmallIntegerField(_("times that Prove was asked"), default=0)
    evaluation = models.JSONField(default=dict, help_text="Prove's words, whole.")
    failure_reasons = models.JSONField(default=dict, help_text="Code to text, verbatim.")
    device_name = models.CharField(max_length=64, blank=True, db_default="", default="", help_text="As people read it.")
    line_type = models.CharField(
        _("kind of line"), max_length=24, blank=True, help_text=_("Value from Twilio; empty if it was not asked.")
    )

    device_id = models.CharField(max_length=ID_LENGTH, blank=True, db_default="", help_text="Prove's id of the key.")

    review = models.CharField(max_length=8, blank=True, choices=[(r.value, r.value) for r in Review])
    reviewed_at = models.DateTimeField(null=True)
    clearance_used_at = models.DateTimeField(null=True, help_text="When the approved journey linked its number.")

    channel = models.CharField(max_length=8, choices=[(c.value, c.value) for c in Channel], default=Channel.SMS)
    channels_off = models.CharField(
        max_length=24, blank=True, db_default="", default="", help_text="Those that the Verify service does not have."
    )
    verification_sid = models.CharField(max_length=34, blank=True)
    sends = models.PositiveSmallIntegerField(_("codes sent"), default=0)
    guesses = models.PositiveSmallIntegerField(_("codes tried"), default=0, help_text=_("Of the latest code."))
    code_sent_at = models.DateTimeField(_("code sent"), null=True, help_text=_("When the latest code was first sent."))
    send_again_at = models.DateTimeField(_("may be sent again"), null=True)
    approved_at = models.DateTimeField(_("code was right"), null=True)

    binding = models.ForeignKey(
        "Binding", models.SET_NULL, verbose_name=_("binding"), null=True, related_name="sessions"
    )

    objects = models.Manager["OnboardingSession"]()
    timed = TimedManager["OnboardingSession"]()
    read_at: datetime  # of sessions read by `timed`

    class Meta:
        db_table = "onboarding_onboardingsession"
        verbose_name, verbose_name_plural = _("onboarding session"), _("onboarding sessions")
        ordering = ["-created_at"]
        indexes = [
            models.Index(name="session_by_state", fields=["state", "-created_at"]),
            models.Index(name="session_by_number", fields=["number", "-created_at"]),
            models.Index(name="session_by_journey", fields=["journey"]),
            models.Index(name="session_waiting", fields=["created_at"], condition=WAITS),
            models.Index(name="session_reviewed", fields=["review", "-created_at"], condition=REVIEWED),
            models.Index(name="session_by_notice", fields=["notice", "-created_at"], condition=HAS_NOTICE),
            models.Index(name="session_rebinds", fields=["-created_at"], condition=Q(rebind=True)),
            GinIndex(name="session_by_reason", fields=["failure_reasons"], condition=HAS_REASONS),
            models.Index(name="session_by_key", fields=["device_id"], condition=HAS_KEY),
        ]
        permissions = [
            ("approve_onboardingsession", "Can lift a hold"),
            ("decline_onboardingsession", "Can decline what is held"),
            ("reveal_onboardingsession", "Can see a session's whole number"),
            ("work_onboardingsession", "Can take cases, note, snooze, escalate and label them"),
            ("lead_onboardingsession", "Can decide escalated cases"),
        ]
        constraints = [
            models.CheckConstraint(name="session_state_is_known", condition=Q(state__in=[s.value for s in State])),
            models.CheckConstraint(
                name="session_binds_only_what_was_approved",
                condition=~Q(state__in=["possession_passed", "binding", "bound", "bind_unknown"])
                | Q(approved_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.phone.masked} · {STATE_WORDS[self.state]}"

    @property
    def phone(self) -> Number:
        return Number(self.number)

    @property
    def reference(self) -> str:
        """Return what names the session to people, like 3F2A-91C0."""
        return f"{self.pk.hex[:4]}-{self.pk.hex[4:8]}".upper()

    @property
    def shown_number(self) -> str:
        """Return the whole number for the person who typed it, or its last digits where the browser remembered it."""
        return (
            gettext("your number ending in %(digits)s") % {"digits": self.phone.ending}
            if self.recalled
            else self.phone.display
        )

    @property
    def channels(self) -> list[Channel]:
        """Return the channels that can deliver a code, the usual one first; none if Verify has none of ours."""
        return [Channel(channel) for channel in conf.CODE_CHANNELS if channel not in self.channels_off.split()]

    @property
    def usual_channel(self) -> Channel:
        return next(iter(self.channels), Channel.SMS)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_claimed(self) -> bool:
        return self.state in CLAIMS

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def waits_for_review(self) -> bool:
        return self.state == State.IN_REVIEW and not self.review

    @property
    def may_be_approved(self) -> bool:
        """Whether a reviewer may lift what keeps the number from being linked."""
        return not self.review and self.state in (State.IN_REVIEW, State.DECLINED)

    @property
    def lacks_proof(self) -> bool:
        """Whether it was declined only because the device check was not finished: another try may succeed."""
        return self.state == State.DECLINED and not self.failure_reasons.keys() - {NO_POSSESSION}

    @property
    def refusal(self) -> str:
        """Return why the host project does not allow the link, as the person reads it, or ""."""
        return str(self.failure_reasons.get(NOT_ALLOWED, "")) if self.state == State.DECLINED else ""

    @property
    def relinks(self) -> bool:
        """Whether the rebind links a key again that was unlinked, rather than moving it from another number."""
        return not RELINK.isdisjoint(self.failure_reasons)

    @property
    def has_passed(self) -> bool:
        return self.state in PASSED


class Binding(Device):
    """A number linked to the Prove Key on one device. It is the person's django-otp device, without a token to type.

    `confirmed` off means revoked.
    """

    public_id = models.UUIDField(
        unique=True, default=uuid.uuid4, editable=False, help_text="What cookies name it by: no restore reuses it."
    )
    number = models.CharField(max_length=16, db_index=True)
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
            models.Index(name="binding_revoked", fields=["-id"], condition=Q(confirmed=False)),
            models.Index(name="binding_by_revoke", fields=["revoked_at"], condition=Q(confirmed=False)),
        ]
        constraints = [
            models.UniqueConstraint(
                "device_id", name="one_number_a_key", condition=Q(confirmed=True) & ~Q(device_id="")
            ),
            models.UniqueConstraint(
                fields=["user", "number"],
                name="one_binding_without_a_key",
                condition=Q(confirmed=True, device_id=""),
            ),
            models.CheckConstraint(
                name="revoked_is_not_confirmed", condition=Q(confirmed=True) ^ Q(revoked_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.phone.masked

    @property
    def phone(self) -> Number:
        return Number(self.number)

    def is_interactive(self) -> bool:
        return False


class ProveKey(models.Model):
    """What is remembered of a Prove Key beyond its bindings. A revoked key verifies nobody until a code is passed."""

    device_id = models.CharField(max_length=ID_LENGTH, primary_key=True)
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


class Event(models.Model):
    """An entry of the event log, written in the transaction of the change that it records."""

    at = models.DateTimeField(db_default=Now(), db_index=True)
    name = models.CharField(max_length=40)
    session = models.ForeignKey(OnboardingSession, models.CASCADE, null=True, related_name="events")
    binding = models.ForeignKey(Binding, models.CASCADE, null=True, related_name="events")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    from_state = models.CharField(max_length=24, blank=True)
    to_state = models.CharField(max_length=24, blank=True)
    version = models.PositiveIntegerField(null=True)
    facts = models.JSONField(default=dict)

    class Meta:
        db_table = "onboarding_event"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["session", "version"], name="one_line_a_version"),
        ]

    def __str__(self) -> str:
        return self.name


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


class Announcement(models.Model):
    """A signal that not all receivers have returned from. Only `onboarding.signals` writes it."""

    kind = models.CharField(max_length=32)
    change = models.JSONField()
    at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        db_table = "proveflow_announcement"

    def __str__(self) -> str:
        return self.kind


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
