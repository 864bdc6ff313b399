"""Filters error reports: they say where the code failed, and contain no personal data."""

from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class RedactingFilter(SafeExceptionReporterFilter):
    """Keeps the names of fields and variables but no value, since any may be a number, a code or a token.

    https://docs.djangoproject.com/en/stable/howto/error-reporting/#custom-error-reports
    """

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return dict.fromkeys(request.POST, self.cleansed_substitute) if request else {}

    def get_traceback_frame_variables(
        self,
        request: HttpRequest | None,  # noqa: ARG002
        tb_frame: FrameType,
    ) -> ItemsView[str, Any]:
        return dict.fromkeys(tb_frame.f_locals, self.cleansed_substitute).items()
