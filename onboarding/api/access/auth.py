"""Who calls: a verification by its client_secret, a person by their session token, an app by its publishable key."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.core.exceptions import DisallowedHost
from django.db.models.functions import Now
from django.http import HttpRequest
from ninja.security import HttpBearer

from onboarding.api.access import tokens
from onboarding.api.models import ApiVerification, PublishableKey
from onboarding.api.problems import Problem
from onboarding.conf import conf
from onboarding.domain.budgets import Address, App
from onboarding.models import Binding, OnboardingSession
from onboarding.web import address
from onboarding.web.logins import NOTED_EVERY, has_ended, in_force


@dataclass(frozen=True)
class Holder:
    """A person, by their session token. `session` is the one that verified them."""

    row: ApiVerification
    session: OnboardingSession
    binding: Binding

    @property
    def is_fresh(self) -> bool:
        """Whether the person passed Prove or a code within STEP_UP."""
        return bool(self.session.read_at - self.session.moved_at <= conf.STEP_UP)


class ClientSecret(HttpBearer):
    """The client_secret of the verification in the path."""

    openapi_bearerFormat = "pfc_"  # noqa: N815 - OpenAPI's name

    def authenticate(self, request: HttpRequest, token: str) -> ApiVerification | None:
        row, match = tokens.find(token, "pfc"), request.resolver_match
        if row is None or match is None or str(row.pk) != str(match.kwargs["verification_id"]):
            return None
        check_origin(request, row.key)
        return row


class SessionToken(HttpBearer):
    """A person's session token."""

    openapi_bearerFormat = "pfs_"  # noqa: N815

    def authenticate(self, request: HttpRequest, token: str) -> Holder | None:
        person = holder(token)
        if person is not None:
            check_origin(request, person.row.key)
            request.user = person.binding.user  # for the hooks of a host project
        return person


class AppKey(HttpBearer):
    """A publishable key."""

    openapi_bearerFormat = "pk_"  # noqa: N815

    def authenticate(self, request: HttpRequest, token: str) -> PublishableKey | None:
        key = PublishableKey.objects.filter(key=token, revoked_at=None).first()
        if key is not None:
            check_origin(request, key)
        return key


def holder(token: str) -> Holder | None:
    """Return the person of a session token, or None if the log-in has ended."""
    row = tokens.find(token, "pfs")
    if row is None:
        return None
    session = OnboardingSession.timed.filter(start_key=row.session_id).first()
    binding = logged_in_by(row, session) if session else None
    if session is None or binding is None:
        return None
    if session.read_at - _used_at(row, session) > NOTED_EVERY:
        ApiVerification.objects.filter(pk=row.pk).update(used_at=Now())
    return Holder(row, session, binding)


def logged_in_by(row: ApiVerification, session: OnboardingSession) -> Binding | None:
    """Return the binding that the session logs a person in by, or None: log-ins end as those of the pages do."""
    if session.binding_id is None or not session.has_passed or row.ended_at:
        return None
    if has_ended(session.read_at, session.moved_at, _used_at(row, session)):
        return None
    return in_force(pk=session.binding_id).first()


def _used_at(row: ApiVerification, session: OnboardingSession) -> datetime:
    return row.used_at or session.moved_at


def auth_of(request: HttpRequest) -> Any:
    """Return what the `authenticate` of this request returned."""
    return cast(Any, request).auth


def caller(request: HttpRequest, key: PublishableKey | None, device: str) -> Address:
    """Return what budgets count by."""
    ip = address.of(request)
    if key is None:
        return App(ip, device)
    return App(ip, device, str(key.pk), key.starts_per_hour, key.texts_per_hour)


def check_origin(request: HttpRequest, key: PublishableKey | None) -> None:
    """Raise Problem if the request comes from a site that its key does not allow."""
    origin = request.headers.get("Origin")
    if origin and key and not is_own(request, origin) and not key.allows_origin(origin):
        raise Problem("origin_not_allowed")


def is_own(request: HttpRequest, origin: str) -> bool:
    """Return whether a page of ours sent the request."""
    try:
        return origin == f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        return False
