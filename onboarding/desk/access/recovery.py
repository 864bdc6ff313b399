"""Recovery codes: each stands in for the authenticator app once. They are shown when they are made, and never again."""

import hashlib
import re
import secrets
from base64 import b32encode
from typing import Any

from django.db import transaction

from onboarding import events
from onboarding.events import Name
from onboarding.models import RecoveryCode

CODES = 10
CODE_BYTES = 15  # 120 bits, so that a plain hash is enough: OWASP ASVS 5.0, 6.5.2


@transaction.atomic
def new_codes(user: Any) -> list[str]:
    """Return new codes. Those of before end."""
    codes = [b32encode(secrets.token_bytes(CODE_BYTES)).decode() for _ in range(CODES)]
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, code_hash=_hash(code)) for code in codes)
    return ["-".join(re.findall("....", code)) for code in codes]


def left(user: Any) -> int:
    """Return how many codes the user has not used."""
    return RecoveryCode.objects.filter(user=user).count()


def use(user: Any, typed: str) -> bool:
    """Return whether the text is a recovery code of the user. From then on, it is none."""
    code = re.sub("[^A-Z2-7]", "", typed.upper())
    with transaction.atomic():
        found, _ = RecoveryCode.objects.filter(user=user, code_hash=_hash(code)).delete()
        if found:
            facts = {"account": events.account_hash(user.get_username()), "change": "recovery code used"}
            events.record(Name.REVIEWER_CHANGED, facts, actor=user)
    return bool(found)


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
