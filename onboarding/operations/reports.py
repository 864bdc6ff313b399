"""What logs and error reports may contain: where the code failed, and no personal data."""

from collections.abc import Callable, ItemsView
from types import FrameType
from typing import Any

from django.db import Error, InterfaceError, OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
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


def without_rows(
    execute: Callable[..., Any],
    sql: str,
    parameters: Any,
    many: bool,
    context: dict[str, Any],  # noqa: FBT001 - Django's signature
) -> Any:
    """Wrapper of all statements: what the database says of a failing row is removed from the exception.

    https://docs.djangoproject.com/en/stable/topics/db/instrumentation/
    """
    try:
        return execute(sql, parameters, many, context)
    except Error as error:
        for each in (error, error.__cause__):
            if each is not None:
                each.args = (_reason(error),)
        raise


def _reason(error: Error) -> str:
    """Return PostgreSQL's SQLSTATE and the constraint; of a failure of the connection, and in SQLite, the first line.

    All else that PostgreSQL says may have values: DETAIL, the statement, and for bad data even the first line.
    """
    diagnosis = getattr(error.__cause__, "diag", None)
    if diagnosis is None or isinstance(error, OperationalError | InterfaceError):
        return str(error).partition("\n")[0]
    return " ".join(filter(None, ("SQLSTATE", diagnosis.sqlstate, diagnosis.constraint_name)))


def install(connection: BaseDatabaseWrapper, **_signal: object) -> None:
    """Receiver of `connection_created`."""
    if without_rows not in connection.execute_wrappers:
        connection.execute_wrappers.append(without_rows)
