"""Who is logged in, and until when; and the binding that a browser remembers.

A person is logged in by a binding: only while it is confirmed and its key is not revoked. All log-ins, reviewers' too,
end after LOGIN_IDLE without a request that needs them, and LOGIN_LIFE after they began.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import django_otp
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.core.signing import BadSignature
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject
from django_otp.middleware import is_verified

from onboarding import hooks
from onboarding.conf import conf
from onboarding.hashes import signer
from onboarding.models import Binding, OnboardingSession, ProveKey

# Keys of the browser's Django session.
LOGIN_KEY = "proveflow_login"  # a Login, as a list
TYPED_KEY = "proveflow_typed"  # whether the person typed the whole number, so that it may be shown
OF_A_LOGIN = (
    *(auth.SESSION_KEY, auth.BACKEND_SESSION_KEY, auth.HASH_SESSION_KEY, django_otp.DEVICE_ID_SESSION_KEY),
    *(LOGIN_KEY, TYPED_KEY),
)
NOTED_EVERY = timedelta(minutes=1)  # that the log-in is in use
REMEMBERED_S = int(timedelta(days=180).total_seconds())
REMEMBERED = "proveflow_remembered"  # the cookie


class Login(NamedTuple):
    """What the Django session keeps of a log-in. `binding` is the `public_id` of a person's, and "" for a reviewer."""

    began: str = ""
    used: str = ""
    binding: str = ""


def ended_logins(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: make `request.user` anonymous if the log-in has ended. Asks the database only if there is a log-in.

    Its place is after the middleware of django-otp. A person is read with their binding, in one statement.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        known = request.user  # not read yet
        request.user = SimpleLazyObject(lambda: _unless_ended(request, known))  # type: ignore[assignment]
        return get_response(request)

    return middleware


def _unless_ended(request: HttpRequest, known: Any) -> Any:
    login = Login(*request.session.get(LOGIN_KEY, ()))
    user = _person(request, login.binding) if login.binding else known
    if not user.is_authenticated or (not login.binding and verified_by(user)):  # no log-in of ours: it has no times
        return _anonymous(request)
    if not login.binding and not conf.ENDS_ALL_LOGINS:
        return user
    now = user.read_at if login.binding else now_of(user)
    began, used = (datetime.fromisoformat(time) if time else now for time in (login.began, login.used))
    if has_ended(now, began, used):
        return _anonymous(request)
    if not login.used or now - used > NOTED_EVERY:
        request.session[LOGIN_KEY] = Login(began.isoformat(), now.isoformat(), login.binding)
    return user


def has_ended(now: datetime, began: datetime, used: datetime) -> bool:
    """Return whether a log-in that was used last at `used` has ended by its time."""
    return now - began > conf.LOGIN_LIFE or now - used > conf.LOGIN_IDLE


def in_force(**which: object) -> QuerySet[Binding]:
    """Return the bindings, with their people, that log somebody in: confirmed, the key not revoked, the user active."""
    revoked = ProveKey.objects.filter(device_id=OuterRef("device_id"), revoked_at__isnull=False)
    linked = Binding.objects.filter(**which, confirmed=True, user__is_active=True)
    return linked.exclude(Exists(revoked)).select_related("user")


def _person(request: HttpRequest, public_id: str) -> Any:
    """Return the person of the binding, verified by it, or nobody if it is revoked, or its key is."""
    binding = in_force(public_id=public_id).annotate(read_at=Now()).first()
    user: Any = binding.user if binding else AnonymousUser()
    if binding is None or not _has_password_of(user, request.session.get(auth.HASH_SESSION_KEY, "")):
        return AnonymousUser()
    user.otp_device, user.is_verified, user.read_at = binding, partial(is_verified, user), binding.read_at
    return user


def _has_password_of(user: Any, known: str) -> bool:
    """Return whether the log-in began with the user's present password, under SECRET_KEY or one of its fallbacks."""
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(known, each) for each in hashes)


def now_of(user: Any) -> datetime:
    """Return the time of the database."""
    now: datetime = auth.get_user_model().objects.filter(pk=user.pk).values_list(Now(), flat=True).get()
    return now


def _anonymous(request: HttpRequest) -> Any:
    """Return nobody. Remove the log-in from the session, which may have a journey under way."""
    for key in OF_A_LOGIN:
        request.session.pop(key, None)
    nobody: Any = AnonymousUser()
    nobody.otp_device, nobody.is_verified = None, partial(is_verified, nobody)
    return nobody


@receiver(auth.user_logged_in)
def _begin(request: HttpRequest, **_signal: object) -> None:
    """Let the times begin anew."""
    request.session.pop(LOGIN_KEY, None)


def log_in(request: HttpRequest, session: OnboardingSession) -> None:
    """Log in the person of a session that has passed, by its binding, which is their django-otp device.

    If the binding was revoked meanwhile, the log-in has ended already: `ended_logins`.
    """
    if session.has_passed and session.binding:
        hooks.log_in(request, session.binding.user)
        django_otp.login(request, session.binding)
        passed = session.moved_at.isoformat()
        request.session[LOGIN_KEY] = Login(passed, passed, str(session.binding.public_id))
        request.session[TYPED_KEY] = not session.recalled


def verified_binding(request: HttpRequest) -> Binding | None:
    """Return the binding that this person is verified by, or None. A reviewer is verified by another kind of device."""
    return verified_by(request.user)


def verified_by(user: Any) -> Binding | None:
    """Return the binding that the user is verified by, or None."""
    device = getattr(user, "otp_device", None)
    return device if isinstance(device, Binding) else None


def is_fresh(request: HttpRequest) -> bool:
    """Return whether the person who is logged in by a binding passed Prove or a code within STEP_UP."""
    user: Any = request.user
    began = datetime.fromisoformat(Login(*request.session[LOGIN_KEY]).began)
    return bool(user.read_at - began <= conf.STEP_UP)


# --- The binding that a browser remembers ------------------------------------------------------------------------


def remembered_binding(request: HttpRequest) -> Binding | None:
    """Return the binding that this browser remembers, or None. Its number is never shown whole."""
    key = cookie(request, REMEMBERED, max_age=REMEMBERED_S)
    return Binding.objects.filter(public_id=key, confirmed=True).first() if key else None


def remember_binding(response: HttpResponse, binding: Binding) -> HttpResponse:
    """Let this browser remember the binding, so that its number need not be typed again."""
    return set_cookie(response, REMEMBERED, str(binding.public_id), max_age=REMEMBERED_S)


def forget_binding(response: HttpResponse) -> HttpResponse:
    return set_cookie(response, REMEMBERED, "", max_age=0)


def cookie(request: HttpRequest, name: str, *, max_age: int) -> str:
    """Return the value of our signed cookie `name`, or "" if there is none that is valid."""
    with suppress(BadSignature):
        signed = request.COOKIES.get(_cookie_name(name), "")
        return str(signer(f"onboarding.{name}").unsign(signed, max_age=max_age))
    return ""


def set_cookie(response: HttpResponse, name: str, value: str, *, max_age: int) -> HttpResponse:
    """Set a signed cookie that scripts cannot read, for `max_age` seconds."""
    response.set_cookie(
        _cookie_name(name),
        signer(f"onboarding.{name}").sign(value),
        max_age=max_age,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _cookie_name(name: str) -> str:
    return f"__Host-{name}" if settings.SESSION_COOKIE_SECURE else name
