"""Django's own history of what reviewers did, beside the event log. It has no reason, and nothing of a number."""

from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType

from onboarding.models import Binding, OnboardingSession


def note(by: Any, row: Any, message: object) -> None:
    """Write that the reviewer did this to the row."""
    kind = ContentType.objects.get_for_model(row)
    named: dict[str, Any] = {"object_id": row.pk, "object_repr": _name(row)[:200], "change_message": str(message)}
    LogEntry.objects.create(user_id=by.pk, content_type=kind, action_flag=CHANGE, **named)


def _name(row: Any) -> str:
    if isinstance(row, OnboardingSession):
        return row.reference
    return str(row.public_id) if isinstance(row, Binding) else str(row)
