"""The time limits of a session, and what is left of them by the database's clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from onboarding.models import OnboardingSession

SESSION_LIFE = timedelta(minutes=30)
CLAIM_TIMEOUT = timedelta(seconds=40)  # twice the longest that a request may take
CODE_LIFE = timedelta(minutes=10)  # Twilio's: https://www.twilio.com/docs/verify/api/rate-limits-and-timeouts


@dataclass(frozen=True)
class TimeLeft:
    """Whole seconds; 0 for a time that has passed or was never set."""

    to_next_send: int
    of_code: int

    @property
    def code_minutes(self) -> int:
        return ceil(self.of_code / 60)

    @property
    def next_send_clock(self) -> str:
        """Return minutes and seconds, like 0:27."""
        return f"{self.to_next_send // 60}:{self.to_next_send % 60:02}"


def time_left(session: OnboardingSession) -> TimeLeft:
    ends = session.code_sent_at and session.code_sent_at + CODE_LIFE
    return TimeLeft(
        to_next_send=_seconds(session.send_again_at, session.read_at), of_code=_seconds(ends, session.read_at)
    )


def has_passed(time: datetime | None, session: OnboardingSession) -> bool:
    """Return whether the time had passed when the session was read. None never passes."""
    return time is not None and time <= session.read_at


def _seconds(end: datetime | None, now: datetime) -> int:
    return max(0, ceil((end - now).total_seconds())) if end else 0
