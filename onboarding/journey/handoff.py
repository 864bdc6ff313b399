"""From a computer to a phone: every function that moves a handoff, in the order of its stages.

A handoff carries nothing but leave to go on: no number, no session, no login. The phone starts the journey in its own
browser, under its own cookie, and the computer is told "done" and no more. So whoever steals the code, or lures
somebody into scanning theirs, gains nothing by it. Only the person can tell that it is their own phone which scanned:
the phone shows a number, and the computer goes on when it is typed there.
"""

import base64
import hashlib
import secrets
from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from onboarding import limits
from onboarding.domain import budgets
from onboarding.domain.budgets import Address
from onboarding.domain.states import Stage
from onboarding.models import Handoff

OFFER_LIFE = timedelta(minutes=5)  # from the code's show to the number typed
JOURNEY_LIFE = timedelta(minutes=45)  # longer than any session started meanwhile
KEPT = timedelta(hours=1)  # past its time, for the page that still shows it
TOKEN_LENGTH = 16  # bytes
LIVE = (Stage.OFFERED, Stage.SCANNED, Stage.CONFIRMED)


def offer(*, address: Address) -> Handoff:
    """A new code to scan. Those long past their time are forgotten. Raises Limited."""
    limits.take(budgets.handoffs(address))
    Handoff.objects.filter(expires_at__lte=Now() - KEPT).delete()
    handoff = Handoff(expires_at=Now() + OFFER_LIFE)
    handoff.token_hash = _hash(token(handoff))
    handoff.save(force_insert=True)
    return handoff


def token(handoff: Handoff) -> str:
    """What the code's link holds: 128 bits, made anew from the secret key for every show, so that none is kept."""
    mac = salted_hmac("onboarding.handoff", handoff.pk.hex, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(mac[:TOKEN_LENGTH]).rstrip(b"=").decode()


def accept(handoff: Handoff) -> bool:
    """The person at a phone says that it is theirs. The first phone has it: False for any other, or too late."""
    return _move(handoff, Stage.OFFERED, Stage.SCANNED, match_number=10 + secrets.randbelow(90))


def refuse(handoff: Handoff) -> None:
    """The person at a phone did not ask for this."""
    _move(handoff, Stage.OFFERED, Stage.OVER)


def confirm(handoff: Handoff, *, match_number: int) -> None:
    """The person at the computer typed the number that the phone shows. There is one try."""
    if match_number == handoff.match_number:
        _move(handoff, Stage.SCANNED, Stage.CONFIRMED, expires_at=Now() + JOURNEY_LIFE)
    else:
        _move(handoff, Stage.SCANNED, Stage.OVER)


def finish(handoff: Handoff) -> None:
    """The phone that accepted it has its number linked."""
    _move(handoff, Stage.CONFIRMED, Stage.DONE)


def find(**which: str | None) -> Handoff | None:
    """The handoff as it stands now, by the database's clock."""
    handoff = Handoff.objects.filter(**which).first()
    if handoff and handoff.stage in LIVE and not _in_time(handoff).exists():
        handoff.stage = Stage.OVER
    return handoff


def find_scanned(token: str) -> Handoff | None:
    """The handoff whose code was scanned."""
    return find(token_hash=_hash(token))


def _move(handoff: Handoff, origin: Stage, to: Stage, **changes: object) -> bool:
    """Compare-and-swap, in time. False: somebody else was faster, or it is too late."""
    return _in_time(handoff).filter(stage=origin).update(stage=to, **changes) == 1


def _in_time(handoff: Handoff) -> QuerySet[Handoff]:
    return Handoff.objects.filter(pk=handoff.pk, expires_at__gt=Now())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
