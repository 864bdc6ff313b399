"""The sandbox's clock: real time plus an offset, which tests move forward so that tokens, codes and keys expire."""

import time
from datetime import UTC, datetime

from sandbox.state.records import Setting
from sandbox.state.store import Store

OFFSET = "clock_offset_s"
MAX_OFFSET_S = 10 * 365 * 24 * 60 * 60


def now(store: Store) -> float:
    """The sandbox's time, in seconds since the epoch."""
    return time.time() + offset(store)


def offset(store: Store) -> float:
    """By how many seconds the sandbox's time is ahead of real time."""
    setting = store.get(Setting, OFFSET)
    return float(setting.value) if setting else 0.0


def advance(store: Store, seconds: float) -> float:
    """Moves the clock forward and returns the new offset in seconds."""
    advanced = offset(store) + seconds
    store.save(Setting(OFFSET, str(advanced)))
    return advanced


def iso(moment: float, precision: str = "seconds") -> str:
    """Seconds since the epoch in Twilio's format, for example 2026-11-23T10:00:00Z."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec=precision).replace("+00:00", "Z")
