"""What a host project may decide: the methods of Hooks, in a class of its own that HOOKS names by its dotted path.

An exception in a hook loses no bind: the verbs end in a state from which the person goes on.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.core.signals import setting_changed
from django.db.models import EmailField, Field, Q
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.module_loading import import_string

from onboarding.conf import NAME, conf
from onboarding.domain.errors import HookFailed

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
USERNAME_PREFIX = "prove:"  # and the proveId
EMAIL_DOMAIN = "@prove.invalid"  # after the proveId, where users are named by an email address: RFC 2606, 2
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Proof:
    """What was proved. `prove_id` and `device_id` are Prove's, and "" as long as Prove has not named them."""

    number: str = field(repr=False)  # E.164
    prove_id: str = ""
    device_id: str = ""
    owner: Any = None  # the user whom the number belongs to until now, or None


@dataclass(frozen=True)
class Claims:
    """What an app that begins a verification over the API says of itself, and what of it is proved."""

    platform: str  # web, ios or android
    app_id: str
    is_attested: bool  # by App Attest, which was verified here
    play_integrity: str = field(repr=False)  # the token, which only Google can decode
    request_hash: str = ""  # SHA-256 of the Idempotency-Key in hexadecimal: Play Integrity's requestHash


class Hooks:
    """The default of each hook. `request` is None outside of a request."""

    def user_for(self, request: HttpRequest | None, proof: Proof) -> Any:  # noqa: ARG002 - for those who override it
        """Return the user whom the number is linked to: find or make one, or take the one who is signed in.

        Called in the transaction of the link: it may use the database, and must call nobody else.
        """
        people, name = get_user_model()._default_manager, username(proof.prove_id)
        found = people.filter(**{field_of_name().name: name}).first()
        return found or people.create(**{field_of_name().name: name, "password": make_password(None)})

    def may_link(self, user: Any, number: str, proof: Proof) -> str | None:  # noqa: ARG002
        """Return None, or a sentence that tells the person why the number may not be linked.

        Asked before Prove binds, and before a recognised device logs in. `user` is who is signed in, or else the owner
        of the number, or None.
        """
        return None

    def may_begin(self, request: HttpRequest, claims: Claims) -> bool:  # noqa: ARG002
        """Return whether the app may begin a verification. Play Integrity is decoded here: this app calls no Google."""
        return True

    def api_token(self, request: HttpRequest | None, user: Any) -> str:  # noqa: ARG002
        """Return a token of the host's own API for a person whom ours has verified, or "". It comes beside ours."""
        return ""

    def log_in(self, request: HttpRequest, user: Any) -> None:
        """Log the user in: `request.user` is theirs afterwards."""
        backends = settings.AUTHENTICATION_BACKENDS
        auth.login(request, user, backend=MODEL_BACKEND if MODEL_BACKEND in backends else backends[0])

    def after_success(self, request: HttpRequest) -> str:  # noqa: ARG002
        """Return where the browser goes after a link, on this host or one of CONTINUE_HOSTS; "" is our last page."""
        return ""

    def number_of(self, user: Any) -> str:  # noqa: ARG002
        """Return the number of a signed-in user (E.164) to start with, which pages show by its last digits, or ""."""
        return ""

    def client_ids(self, user: Any) -> Mapping[str, str]:  # noqa: ARG002
        """Return what Prove is told of a signed-in user: clientCustomerId, clientHumanId. No personal data."""
        return {}


_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)


@contextmanager
def request_of_hooks(request: HttpRequest) -> Iterator[None]:
    """Let the hooks that are called meanwhile get this request."""
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


def signed_in() -> Any:
    """Return the user of the request, or None."""
    request = _request.get()
    user = getattr(request, "user", None)
    return user if user is not None and user.is_authenticated else None


def is_overridden(hook: str) -> bool:
    """Return whether the host has a hook of its own."""
    return getattr(type(adapter()), hook) is not getattr(Hooks, hook)


def require_users() -> None:
    """Raise HookFailed if nobody could be linked, as the default hook cannot make users: before any call."""
    if not _makes_users():
        log.error("The hook user_for cannot make users: see the check proveflow.E046")
        raise HookFailed("user_for")


@cache
def _makes_users() -> bool:
    return is_overridden("user_for") or not missing_fields()


def user_for(proof: Proof) -> Any:
    """Return the user. Raises HookFailed, as all of these do."""
    user = _call("user_for", _request.get(), proof)
    if not isinstance(user, get_user_model()) or user.pk is None:
        raise HookFailed("user_for")
    return user


def refusal(proof: Proof) -> str:
    """Return why the number may not be linked, or ""."""
    return str(_call("may_link", signed_in() or proof.owner, proof.number, proof) or "")


def may_begin(request: HttpRequest, claims: Claims) -> bool:
    """Return whether the app may begin a verification."""
    return bool(_call("may_begin", request, claims))


def api_token(user: Any) -> str:
    """Return a token of the host's own API, or ""."""
    return str(_call("api_token", _request.get(), user) or "")


def log_in(request: HttpRequest, user: Any) -> None:
    """Log the user in."""
    _call("log_in", request, user)


def after_success(request: HttpRequest) -> str:
    """Return where the browser goes after a link, or ""."""
    return str(_call("after_success", request) or "")


def number_of(user: Any) -> str:
    """Return the user's number, or ""."""
    return str(_call("number_of", user) or "")


def client_ids() -> dict[str, str]:
    """Return what Prove is told of who is signed in."""
    user = signed_in() if is_overridden("client_ids") else None
    found = dict(_call("client_ids", user)) if user else {}
    if not found.keys() <= {"clientCustomerId", "clientHumanId"} or not all(isinstance(v, str) for v in found.values()):
        raise HookFailed("client_ids")
    return found


@cache
def adapter() -> Hooks:
    """Return the host's hooks, or the default ones. Raises ImportError."""
    made: Hooks = import_string(conf.HOOKS)()
    return made


@receiver(setting_changed)
def _forget(*, setting: str, **_signal: object) -> None:
    if setting == NAME:
        adapter.cache_clear()
        _makes_users.cache_clear()


def _call(name: str, *args: object) -> Any:
    """Call a hook. Its exception is logged by its class, since it may contain a number."""
    try:
        return getattr(adapter(), name)(*args)
    except Exception as error:  # noqa: BLE001 - whatever the host's code raises
        log.error("The hook %s failed: %s", name, type(error).__name__)  # noqa: TRY400 - without its message
        raise HookFailed(name) from error


# --- The users that the default hook makes ------------------------------------------------------------------------


def field_of_name() -> "Field[Any, Any]":
    """Return the field by which users are named."""
    user: Any = get_user_model()
    return user._meta.get_field(user.USERNAME_FIELD)  # type: ignore[no-any-return]


def username(prove_id: str) -> str:
    """Return the name of the user that the default hook makes for a proveId."""
    return prove_id + EMAIL_DOMAIN if isinstance(field_of_name(), EmailField) else USERNAME_PREFIX + prove_id


def made_here() -> Q:
    """Return the condition of the users that the default hook made."""
    name = field_of_name()
    end = ("endswith", EMAIL_DOMAIN) if isinstance(name, EmailField) else ("startswith", USERNAME_PREFIX)
    return Q(**{f"{name.name}__{end[0]}": end[1]})


def missing_fields() -> list[str]:
    """Return the fields without which the default hook cannot make a user."""
    user: Any = get_user_model()
    known = {field_of_name().name, "password"}
    return [
        each.name
        for each in user._meta.concrete_fields
        if not (each.null or each.has_default() or each.primary_key or each.name in known or _is_filled(each))
    ]


def _is_filled(each: Any) -> bool:
    """Return whether the field gets a value though none is given: an empty text, or one of the database."""
    return bool(each.empty_strings_allowed and not each.unique and each.get_default() == "") or bool(
        getattr(each, "auto_now", False) or getattr(each, "auto_now_add", False) or each.has_db_default()
    )
