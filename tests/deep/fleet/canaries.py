"""Things that may be nowhere but where they belong, and the hunt for them in whatever leaves."""

import base64
import hashlib
import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import pytest
from requests import PreparedRequest

from sandbox.adapter import SandboxAdapter
from sandbox.prove import token as sandbox_token
from sandbox.twilio import wire as sandbox_twilio
from tests.deep.any_order.stage import SPELLINGS

CREDENTIALS = ("PROVE_CLIENT_ID", "PROVE_CLIENT_SECRET", "TWILIO_PASSWORD", "SECRET_KEY")
Canaries = Mapping[str, set[str]]  # by kind


def _base64(raw: bytes) -> Iterator[str]:
    """Wherever it stands in a longer text: what depends on its neighbours is left out."""
    for before in range(3):
        coded = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
        yield coded[-(-before * 4 // 3) : len(coded) - bool((before + len(raw)) % 3)]


ENCODINGS: Mapping[str, Callable[[str], Iterable[str]]] = {
    "as it is": lambda text: [text],
    "in a URL": lambda text: [quote(text, safe="")],
    "hex": lambda text: [text.encode().hex()],
    "base64": lambda text: _base64(text.encode()),
    "backwards": lambda text: [text[::-1]],
    "SHA-256": lambda text: [hashlib.sha256(text.encode()).hexdigest()],  # which for a number is none: T54
}


def hunt(text: str, canaries: Iterable[str], what: str) -> None:
    for canary in canaries:
        for name, encoded in ENCODINGS.items():
            found = [form for form in encoded(canary) if form in text]
            assert not found, f"{what}: {canary!r} {name} in ...{_around(text, found[0])!r}"


def _around(text: str, found: str) -> str:
    at = text.index(found)
    return text[max(0, at - 150) : at + len(found) + 150]


def spelled(number: str) -> set[str]:
    display = f"+1 {SPELLINGS[number][2]}"
    return {*SPELLINGS[number], number[1:], display}


@contextmanager
def listening() -> Iterator[list[str]]:
    """Every line of every logger, at any level, as it would be written, exceptions included."""
    lines: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(logging.Formatter("%(name)s %(message)s").format(record))

    ear = Ear(logging.DEBUG)
    known = [logging.getLogger(), *(logging.getLogger(name) for name in logging.root.manager.loggerDict)]
    levels = [(logger, logger.level) for logger in known]
    for logger in known:
        kept_quiet = logger.name == "django.template" and logger.level  # by our settings; others must need none
        logger.setLevel(logging.INFO if kept_quiet else logging.DEBUG)
        if logger is logging.root or not logger.propagate:
            logger.addHandler(ear)
    try:
        yield lines
    finally:
        for logger, level in levels:
            logger.setLevel(level)
            logger.removeHandler(ear)


@contextmanager
def wire_tapped() -> Iterator[set[str]]:
    """Whatever stands in an Authorization header on its way to a vendor."""
    heard: set[str] = set()
    calm = SandboxAdapter.send

    def send(adapter: SandboxAdapter, request: PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        heard.add(str(request.headers.get("Authorization", "")).partition(" ")[2])
        return calm(adapter, request, *args, **kwargs)

    with patch.object(SandboxAdapter, "send", send):
        yield heard


@pytest.fixture
def credentials(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Canaries:
    """Our own, which the sandbox takes for right: its published ones are words that stand anywhere."""
    for name in CREDENTIALS:
        setattr(settings, name, secrets.token_urlsafe(32))
    monkeypatch.setattr(sandbox_token, "CLIENT_ID", settings.PROVE_CLIENT_ID)
    monkeypatch.setattr(sandbox_token, "CLIENT_SECRET", settings.PROVE_CLIENT_SECRET)
    basic = f"{settings.TWILIO_USERNAME}:{settings.TWILIO_PASSWORD}"
    monkeypatch.setattr(sandbox_twilio, "CREDENTIALS", {basic})
    return {name: {getattr(settings, name)} for name in CREDENTIALS}
