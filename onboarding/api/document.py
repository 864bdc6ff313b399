"""The API as a whole: how exceptions become problems, and its OpenAPI 3.1 document."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from onboarding.api import answers, problems, verifications
from onboarding.api.models import ApiVerification
from onboarding.api.problems import CONTENT_TYPE, Problem
from onboarding.domain.errors import HookFailed, Limited, UpstreamError

VERSION = "1"
DESCRIPTION = """Links a phone number to the Prove Key of a device, as the pages do.

Begin with `POST /verifications`, and then do what `next_action` says until its type is `none`. All answers are JSON;
errors are problems (RFC 9457) with a `code`. A call that does not fit the state does nothing, and answers with the
state. Neither cookies nor CSRF tokens are used."""


class Api(NinjaAPI):
    """Documents errors with their own media type."""

    def get_openapi_schema(self, *args: Any, **kwargs: Any) -> OpenAPISchema:
        document = super().get_openapi_schema(*args, **kwargs)
        for path in document["paths"].values():
            for operation in path.values():
                for status, response in operation["responses"].items():
                    if int(status) >= 400:  # noqa: PLR2004
                        response["content"] = {CONTENT_TYPE: response["content"]["application/json"]}
        return document


def make_api() -> Api:
    """Return the API without its operations."""
    api = Api(
        title="proveflow",
        version=VERSION,
        description=DESCRIPTION,
        urls_namespace="proveflow_api",
        docs_url=None,
    )
    for failure, handler in HANDLERS.items():
        api.add_exception_handler(failure, handler)
    return api


def _told(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Return the problem, with where the verification stands."""
    row = getattr(request, "auth", None)
    if isinstance(row, ApiVerification) and (session := verifications.current(row)):
        problem.members["verification"] = answers.verification(row, session).model_dump(mode="json")
    return problem.response()


def _invalid(_request: HttpRequest, error: Any) -> HttpResponse:
    errors = [{"field": str(each["loc"][-1]), "message": each["msg"]} for each in error.errors]
    return Problem("invalid", errors=errors).response()


HANDLERS: dict[type[Exception], Any] = {
    Problem: _told,
    Limited: lambda request, error: _told(request, problems.of_limit(error)),
    HookFailed: lambda request, error: _told(request, problems.of_hook(error)),
    UpstreamError: lambda request, error: _told(request, problems.of_vendor(error)),
    ValidationError: _invalid,
    AuthenticationError: lambda _request, _error: Problem("unauthorized").response(),
    HttpError: lambda _request, error: problems.of_status(error.status_code).response(),
}
