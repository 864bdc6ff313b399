"""Canaries are secret values; these functions look for them in everything that the product writes or sends."""

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

from onboarding.conf import conf
from sandbox.adapter import SandboxAdapter
from sandbox.prove import regions as sandbox_regions
from sandbox.twilio import wire as sandbox_twilio
from tests.deep.any_order.harness import SPELLINGS

CREDENTIALS = ("PROVE_CLIENT_ID", "PROVE_CLIENT_SECRET", "TWILIO_AUTH_TOKEN", "SECRET_KEY")
Canaries = Mapping[str, set[str]]  # by kind


def _base64(raw: bytes) -> Iterator[str]:
    """Yield the base64 forms of `raw` inside a longer text, without the characters that depend on its neighbours."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
        yield encoded[-(-before * 4 // 3) : len(encoded) - bool((before + len(raw)) % 3)]


ENCODINGS: Mapping[str, Callable[[str], Iterable[str]]] = {
    "as it is": lambda text: [text],
    "in a URL": lambda text: [quote(text, safe="")],
    "hex": lambda text: [text.encode().hex()],
    "base64": lambda text: _base64(text.encode()),
    "backwards": lambda text: [text[::-1]],
    "SHA-256": lambda text: [hashlib.sha256(text.encode()).hexdigest()],  # for a number it would be no protection: T54
}


def assert_absent(text: str, canaries: Iterable[str], what: str) -> None:
    """Fail if the text, which is `what`, holds a canary in any encoding."""
    for canary in canaries:
        for name, encoded in ENCODINGS.items():
            found = [form for form in encoded(canary) if form in text]
            assert not found, f"{what}: {canary!r} {name} in ...{_around(text, found[0])!r}"


def _around(text: str, found: str) -> str:
    at = text.index(found)
    return text[max(0, at - 150) : at + len(found) + 150]


def spellings(number: str) -> set[str]:
    display = f"+1 {SPELLINGS[number][2]}"
    return {*SPELLINGS[number], number[1:], display}


@contextmanager
def recorded_log() -> Iterator[list[str]]:
    """Yield a list of the lines of all loggers at all levels, formatted, with tracebacks."""
    lines: list[str] = []

    class Recorder(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(logging.Formatter("%(name)s %(message)s").format(record))

    recorder = Recorder(logging.DEBUG)
    known = [logging.getLogger(), *(logging.getLogger(name) for name in logging.root.manager.loggerDict)]
    levels = [(logger, logger.level) for logger in known]
    for logger in known:
        is_quiet = logger.name == "django.template" and logger.level  # by our settings
        logger.setLevel(logging.INFO if is_quiet else logging.DEBUG)
        if logger is logging.root or not logger.propagate:
            logger.addHandler(recorder)
    try:
        yield lines
    finally:
        for logger, level in levels:
            logger.setLevel(level)
            logger.removeHandler(recorder)


@contextmanager
def recorded_credentials() -> Iterator[set[str]]:
    """Yield the set of credentials in Authorization headers of calls to vendors."""
    recorded: set[str] = set()
    unpatched = SandboxAdapter.send

    def send(adapter: SandboxAdapter, request: PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        recorded.add(str(request.headers.get("Authorization", "")).partition(" ")[2])
        return unpatched(adapter, request, *args, **kwargs)

    with patch.object(SandboxAdapter, "send", send):
        yield recorded


@pytest.fixture
def credentials(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Canaries:
    """Random credentials that the sandbox accepts: its published ones are words that occur elsewhere."""
    for name in CREDENTIALS:
        setattr(settings, name, secrets.token_urlsafe(32))
    settings.PROVE_CLIENT_ID = settings.PROVE_CLIENT_SECRET  # the sandbox has one word for both
    for region in sandbox_regions.CREDENTIALS:
        monkeypatch.setitem(sandbox_regions.CREDENTIALS, region, settings.PROVE_CLIENT_SECRET)
    basic = ":".join(conf.twilio_credentials)
    monkeypatch.setattr(sandbox_twilio, "CREDENTIALS", {basic})
    return {name: {getattr(settings, name)} for name in CREDENTIALS}
