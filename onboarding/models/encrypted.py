"""Texts that are stored encrypted, under keys that are outside the database: the setting DATA_KEYS.

The cipher is AES-256-GCM. What is stored is `aes1`, the name of the key, and the nonce with the ciphertext in base64.
It is bound to its table, column and row: copied to another place, it is not decrypted. A text that an earlier release
stored plain is read as it is.
"""

import logging
import os
from base64 import b64decode, b64encode
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import DatabaseError, models
from django.db.models.query_utils import DeferredAttribute

from onboarding.conf import PLAIN, conf
from onboarding.hashes import digest

VERSION = "aes1"
NONCE = 12  # bytes
PURPOSE = "encrypted columns"
log = logging.getLogger(__name__)


class Undecryptable(DatabaseError):
    """What is stored was encrypted under a key that DATA_KEYS lacks, or for another row or column, or was changed."""


def encrypt(text: str, about: str) -> str:
    """Return what to store of `text` at the place `about`: the text itself while DATA_KEYS has no key in front."""
    if not (prefix := _prefix()):
        return text
    nonce = os.urandom(NONCE)
    _, cipher = _named_cipher(conf.DATA_KEYS[0])
    return prefix + b64encode(nonce + cipher.encrypt(nonce, text.encode(), about.encode())).decode()


def decrypt(stored: str, about: str) -> str:
    """Return the text that is stored at the place `about`. Raises Undecryptable, and logs it for the operator."""
    if not is_encrypted(stored):
        return stored
    try:
        _, name, sealed = stored.split(":")
        raw = b64decode(sealed)
        cipher = dict(_named_cipher(key) for key in conf.DATA_KEYS if key != PLAIN)[name]
        return cipher.decrypt(raw[:NONCE], raw[NONCE:], about.encode()).decode()
    except (ValueError, KeyError, InvalidTag):
        log.error("%s cannot be decrypted: DATA_KEYS lacks its key, or it was stored for another place.", about)  # noqa: TRY400
        raise Undecryptable("A stored text cannot be decrypted.") from None


def is_encrypted(stored: str) -> bool:
    return stored.startswith(f"{VERSION}:")


def is_current(stored: str) -> bool:
    """Return whether it was encrypted under the first key; without one, whether it is plain."""
    prefix = _prefix()
    return stored.startswith(prefix) if prefix else not is_encrypted(stored)


def _prefix() -> str:
    """Return how all that is encrypted now begins; "" if nothing is encrypted now."""
    first = next(iter(conf.DATA_KEYS), PLAIN)
    return "" if first == PLAIN else f"{VERSION}:{_named_cipher(first)[0]}:"


@lru_cache(maxsize=16)
def _named_cipher(secret: str) -> tuple[str, AESGCM]:
    """Return the name of a key of DATA_KEYS, which tells nothing about it, and its cipher."""
    return digest(PURPOSE, "name", secret).hex()[:8], AESGCM(digest(PURPOSE, "key", secret))


class _Decrypted(DeferredAttribute):
    """Decrypts the value that was read from the database when it is first asked for."""

    field: "EncryptedField"

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if isinstance(value, str) and is_encrypted(value):
            value = vars(instance)[self.field.attname] = decrypt(value, self.field.place(instance))
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        vars(instance)[self.field.attname] = value


class EncryptedField(models.CharField):  # type: ignore[type-arg]
    """A text column that is encrypted by `save` and `create`. `row` names the column that identifies the row.

    That one has to be known before the row is inserted. Statements cannot compare what is encrypted: rows are found by
    a keyed hash beside it.
    """

    descriptor_class: Any = _Decrypted

    def __init__(self, *args: Any, row: str = "", **named: Any) -> None:
        self.row = row
        super().__init__(*args, **named)

    def deconstruct(self) -> tuple[str, str, Any, dict[str, Any]]:
        name, _, args, named = super().deconstruct()
        return name, "django.db.models.CharField", args, named

    def get_lookup(self, lookup_name: str) -> Any:
        """Return no lookup for `=`, so that Django refuses it; `in` finds what is stored plain."""
        return super().get_lookup(lookup_name) if lookup_name == "in" else None

    def place(self, instance: models.Model) -> str:
        """Return what names the place of the value: table, column and row."""
        row = instance._meta.get_field(self.row).to_python(getattr(instance, self.row))  # type: ignore[union-attr]
        return f"{instance._meta.db_table}.{self.column} of {row}"

    def pre_save(self, instance: models.Model, add: bool) -> str:  # noqa: ARG002, FBT001 - Django's signature
        return encrypt(getattr(instance, self.attname), self.place(instance))
