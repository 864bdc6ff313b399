"""A session: one Prove flow of one browser."""

import uuid
from datetime import datetime

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from onboarding.conf import conf
from onboarding.domain.policy import NO_POSSESSION, NOT_ALLOWED, RELINK
from onboarding.domain.regions import ProveRegion
from onboarding.domain.states import CLAIMS, FINAL, OPEN, PASSED, Channel, Notice, Review, State
from onboarding.domain.wording import STATE_WORDS
from onboarding.models.encrypted import EncryptedField
from onboarding.models.number import LONGEST, HasNumber
from onboarding.timed import TimedManager

# The conditions of partial indexes. A query that uses such an index states its condition.
WAITS = Q(state=State.IN_REVIEW.value, review="")
REVIEWED = ~Q(review="")
HAS_NOTICE = ~Q(notice="")
HAS_KEY = ~Q(device_id="")
HAS_ADDRESS = ~Q(address_hash="")
HAS_REASONS = ~Q(failure_reasons={})

ID_LENGTH = 128  # characters, for Prove's ids; Prove documents no limit


class OnboardingSession(HasNumber):
    """One Prove flow: one correlationId. A rebind or another number is a new row that refers to the previous one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    start_key = models.UUIDField(unique=True, help_text="The phone page that asked for it: one page, one start.")
    previous = models.ForeignKey(
        "self", models.SET_NULL, verbose_name=_("previous session"), null=True, blank=True, related_name="next_ones"
    )
    journey = models.UUIDField(default=uuid.uuid4, help_text="Handed on from session to session of one browser.")
    number = EncryptedField(row="id", max_length=LONGEST, help_text="E.164, written once.")
    recalled = models.BooleanField(default=False, help_text="Not typed: this browser was asked to remember it.")
    notices_version = models.CharField(max_length=32, blank=True, help_text="Of the words accepted by going on.")
    notices_accepted_at = models.DateTimeField(null=True)
    address_hash = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        default="",
        editable=False,
        help_text="Keyed hash of the address that began it; in IPv6, of its /64.",
    )
    prove_region = models.CharField(
        max_length=3,
        db_default=ProveRegion.ALL.value,
        default=ProveRegion.ALL.value,
        help_text="Whose host has the flow.",
    )
    rebind = models.BooleanField(default=False)
    moves_from = models.ForeignKey(
        "Binding", models.SET_NULL, null=True, related_name="+", help_text="A rebind: what the browser is verified by."
    )

    state = models.CharField(max_length=24, choices=[(s.value, s.value) for s in State], default=State.STARTING)
    version = models.PositiveIntegerField(default=1)
    head = models.CharField(
        max_length=48, blank=True, db_default="", default="", help_text="The version, and the MAC of its event."
    )
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
    told_in = models.CharField(
        max_length=16,
        blank=True,
        db_default="",
        default="",
        help_text="Language of the text with the decision.",
    )
    clearance_used_at = models.DateTimeField(null=True, help_text="When the approved journey linked its number.")

    channel = models.CharField(max_length=8, choices=[(c.value, c.value) for c in Channel], default=Channel.SMS)
    channels_off = models.CharField(
        max_length=24,
        blank=True,
        db_default="",
        default="",
        help_text="Not offered: the Verify service does not have them, or they did not reach the number.",
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
            models.Index(name="session_by_number_hash", fields=["number_hash", "-created_at"]),
            models.Index(name="session_by_block", fields=["block_hash", "-created_at"]),
            models.Index(name="session_by_country", fields=["country", "-created_at"]),
            models.Index(name="session_by_journey", fields=["journey"]),
            models.Index(name="session_waiting", fields=["created_at"], condition=WAITS),
            models.Index(name="session_reviewed", fields=["review", "-created_at"], condition=REVIEWED),
            models.Index(name="session_by_notice", fields=["notice", "-created_at"], condition=HAS_NOTICE),
            models.Index(name="session_rebinds", fields=["-created_at"], condition=Q(rebind=True)),
            GinIndex(name="session_by_reason", fields=["failure_reasons"], condition=HAS_REASONS),
            models.Index(name="session_by_address", fields=["address_hash", "-created_at"], condition=HAS_ADDRESS),
            models.Index(name="session_by_key", fields=["device_id"], condition=HAS_KEY),
        ]
        permissions = [
            ("approve_onboardingsession", "Can lift a hold"),
            ("decline_onboardingsession", "Can decline what is held"),
            ("reveal_onboardingsession", "Can see a session's whole number"),
            ("work_onboardingsession", "Can take cases, note, snooze, escalate and label them"),
            ("lead_onboardingsession", "Can decide escalated cases"),
            ("backtest_onboardingsession", "Can replay proposed verdicts and budgets"),
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
        return f"{self.masked} · {STATE_WORDS[self.state]}"

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

    def channels_off_with(self, channel: str) -> str:
        """Return `channels_off` with this channel, too."""
        return " ".join(sorted({*self.channels_off.split(), channel}))

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
        """Whether it was declined only because the device check was not finished: another try may succeed.

        Not after a right code: a declined bind keeps the number declined for HOLD_DAYS.
        """
        is_unfinished = not self.failure_reasons.keys() - {NO_POSSESSION}
        return self.state == State.DECLINED and self.approved_at is None and is_unfinished

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
