"""The sandbox's time: the real one, moved forward on demand: tokens, codes and sessions expire while you wait."""

import time
from datetime import UTC, datetime

from sandbox.state.records import Setting
from sandbox.state.store import Store

OFFSET = "clock_offset_s"
FARTHEST_S = 10 * 365 * 24 * 60 * 60


def now(store: Store) -> float:
    """Seconds since the epoch."""
    return time.time() + offset(store)


def offset(store: Store) -> float:
    setting = store.get(Setting, OFFSET)
    return float(setting.value) if setting else 0.0


def advance(store: Store, seconds: float) -> float:
    """Moves the clock forward; the new offset in seconds."""
    moved = offset(store) + seconds
    store.save(Setting(OFFSET, str(moved)))
    return moved


def iso(moment: float, precision: str = "seconds") -> str:
    """2026-11-23T10:00:00Z, as Twilio writes it."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec=precision).replace("+00:00", "Z")
