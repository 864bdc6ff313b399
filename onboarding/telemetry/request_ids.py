"""The id of the request that this thread serves. It is in its log lines, its response and its calls to Twilio."""

import logging
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# Longer than a phone number in digits, so that a proxy's id can be none.
ACCEPTED = re.compile("[0-9A-Za-z_-]{16,64}")
EXAMINATION = "X-Examination"  # the header by which `manage.py doctor` asks what the server sees
_current: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """Return the id, or "" outside of a request."""
    return _current.get()


@contextmanager
def serving(proposed: str = "") -> Iterator[str]:
    """Let `proposed` be the id inside the block if it has the form of one, or else a new id; yield it."""
    token = _current.set(proposed if ACCEPTED.fullmatch(proposed) else uuid.uuid4().hex)
    try:
        yield _current.get()
    finally:
        _current.reset(token)


class RequestIdFilter(logging.Filter):
    """Adds `request_id` to the records of a handler."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current()
        return True
