"""The verbs of a handoff from a computer to a phone, in the order of its stages.

A handoff carries no number, no session and no log-in. The phone starts the journey in its own browser, under its own
cookie; the computer only hears that it is done. So a stolen QR code, or one that a stranger was lured into scanning,
gives access to nothing. To show that the right phone scanned it, the phone displays a number that the person types on
the computer.
"""

import base64
import hashlib
import secrets
from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now

from onboarding import limits
from onboarding.domain import budgets
from onboarding.domain.budgets import Address
from onboarding.domain.states import Stage
from onboarding.hashes import digest
from onboarding.hashes import secrets as secrets_in_use
from onboarding.models import Handoff
from onboarding.telemetry.observation import verb

OFFER_LIFE = timedelta(minutes=5)  # from the QR code to the typed number
JOURNEY_LIFE = timedelta(minutes=45)  # longer than a session lasts
KEPT = timedelta(hours=1)  # after the end, for pages that still show it
TOKEN_LENGTH = 16  # bytes
LIVE = (Stage.OFFERED, Stage.SCANNED, Stage.CONFIRMED)


@verb
def offer(*, address: Address) -> Handoff:
    """Return a new handoff, and delete those that ended more than KEPT ago. Raises Limited."""
    limits.charge(budgets.handoffs(address))
    Handoff.objects.filter(expires_at__lte=Now() - KEPT).delete()
    handoff = Handoff(expires_at=Now() + OFFER_LIFE)
    handoff.token_hash = _hash(token(handoff))
    handoff.save(force_insert=True)
    return handoff


def token(handoff: Handoff) -> str:
    """Return the token of the QR code's link: 128 bits, derived from a secret, so that only its hash is stored.

    The secret is the one that a stored handoff was made with, if it is still among the fallbacks.
    """
    made = [_token(handoff, secret) for secret in secrets_in_use()]
    return next((each for each in made if _hash(each) == handoff.token_hash), made[0])


def _token(handoff: Handoff, secret: str) -> str:
    mac = digest("onboarding.handoff", handoff.pk.hex, secret)
    return base64.urlsafe_b64encode(mac[:TOKEN_LENGTH]).rstrip(b"=").decode()


@verb
def accept(handoff: Handoff) -> bool:
    """Give the handoff to this phone, whose person says that they started it. Return False if it is taken or over."""
    return _move(handoff, Stage.OFFERED, Stage.SCANNED, match_number=10 + secrets.randbelow(90))


@verb
def refuse(handoff: Handoff) -> None:
    """End the handoff: the person at the phone did not start it."""
    _move(handoff, Stage.OFFERED, Stage.OVER)


@verb
def confirm(handoff: Handoff, *, match_number: int) -> None:
    """Compare the number typed on the computer with the phone's. A wrong one ends the handoff: there is one try."""
    if match_number == handoff.match_number:
        _move(handoff, Stage.SCANNED, Stage.CONFIRMED, expires_at=Now() + JOURNEY_LIFE)
    else:
        _move(handoff, Stage.SCANNED, Stage.OVER)


@verb
def finish(handoff: Handoff) -> None:
    """Mark the handoff as done: the phone's number is linked."""
    _move(handoff, Stage.CONFIRMED, Stage.DONE)


def find(**which: str | None) -> Handoff | None:
    """Return the handoff, with stage OVER if its time has passed by the database's clock; or None."""
    handoff = Handoff.objects.filter(**which).first()
    if handoff and handoff.stage in LIVE and not _in_time(handoff).exists():
        handoff.stage = Stage.OVER
    return handoff


def find_scanned(token: str) -> Handoff | None:
    """Return the handoff of a scanned token, or None."""
    return find(token_hash=_hash(token))


def _move(handoff: Handoff, origin: Stage, to: Stage, **changes: object) -> bool:
    """Change the stage by compare-and-swap. Return False if the stage has changed or the time has passed."""
    return _in_time(handoff).filter(stage=origin).update(stage=to, **changes) == 1


def _in_time(handoff: Handoff) -> QuerySet[Handoff]:
    return Handoff.objects.filter(pk=handoff.pk, expires_at__gt=Now())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
