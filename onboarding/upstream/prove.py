"""Prove's Unify API, as far as a possession check of our own needs it. https://developer.prove.com/reference/unify-request"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

from django.conf import settings

from onboarding.domain.errors import Garbled, Refused
from onboarding.domain.policy import Success
from onboarding.models import ID_LENGTH
from onboarding.upstream.access_token import AccessToken, AccessTokens
from onboarding.upstream.deadline import Call
from onboarding.upstream.http import Upstream

DEADLINES = {
    "token": timedelta(seconds=5),
    "unify": timedelta(seconds=8),
    "unify-status": timedelta(seconds=8),
    "unify-bind": timedelta(seconds=10),
    "revoke": timedelta(seconds=8),
}
REPEATABLE = frozenset({"token", "unify-status"})
UNAUTHORIZED = 401

T = TypeVar("T")


@dataclass(frozen=True)
class Unified:
    """A started flow. `auth_token` is for the Web SDK: once, within about 15 minutes."""

    correlation_id: str = field(repr=False)
    auth_token: str = field(repr=False)


@dataclass(frozen=True)
class Reply:
    """What Prove says of a flow. `prove_id` is there if `success` is TRUE; `evaluation` is Prove's
    JSON; one that is no object stands below the name `evaluation`.
    """

    success: Success
    phone_number: str | None = field(default=None, repr=False)
    prove_id: str | None = field(default=None, repr=False)
    device_id: str | None = field(default=None, repr=False)
    client_request_id: str | None = None
    evaluation: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def failure_reasons(self) -> dict[str, str]:
        """Code to text, of all categories. https://developer.prove.com/docs/global-fraud-policy"""
        return {code: text for item in self.evaluation.items() for code, text in _reasons(*item).items()}


class Prove:
    """All calls raise the five errors of `domain.errors`. Unreachable also says that no access token could be had."""

    def __init__(self, base_url: str, client_id: str, client_secret: str) -> None:
        self._upstream = Upstream("prove", base_url, DEADLINES, REPEATABLE)
        self._tokens = AccessTokens(self._upstream, client_id, client_secret)

    def unify(
        self, number: str, client_request_id: str, *, rebind: bool = False, check_reputation: bool = False
    ) -> Unified:
        """Start a flow for `number` (E.164). https://developer.prove.com/reference/unify-request"""
        body = {"phoneNumber": number, "possessionType": "none", "clientRequestId": client_request_id}
        options = {"rebind": rebind, "checkReputation": check_reputation}
        return self._call("/v3/unify", body | {name: True for name, wanted in options.items() if wanted}, _unified)

    def unify_status(self, correlation_id: str, client_request_id: str) -> Reply:
        """What the device proved. https://developer.prove.com/reference/unify-status-request"""
        body = {"correlationId": correlation_id, "clientRequestId": client_request_id}
        return self._call("/v3/unify-status", body, _reply)

    def unify_bind(self, correlation_id: str, number: str, client_request_id: str) -> Reply:
        """Tie `number` to the key, after a possession check of our own.

        https://developer.prove.com/reference/unify-bind-request
        """
        body = {"correlationId": correlation_id, "phoneNumber": number, "clientRequestId": client_request_id}
        return self._call("/v3/unify-bind", body, _reply)

    def revoke_device(self, device_id: str, client_request_id: str) -> None:
        """Make a Prove Key useless; Refused with code 8011 if there is none.

        https://developer.prove.com/reference/revoke-request
        """
        body = {"deviceId": device_id, "clientRequestId": client_request_id}
        self._call("/v3/device/revoke", body, _revoked)

    def _call(self, path: str, body: Mapping[str, Any], parse: Callable[[dict[str, Any]], T]) -> T:
        operation = path.rsplit("/", 1)[-1]
        with self._upstream.call(operation) as call:
            document = self._authorized(path, body, call)
        with suppress(ValueError):
            return parse(document)
        raise Garbled("prove", operation)

    def _authorized(self, path: str, body: Mapping[str, Any], call: Call) -> dict[str, Any]:
        token = self._tokens.get(call.left)
        try:
            return self._post(path, body, token)
        except Refused as error:
            if error.status != UNAUTHORIZED:
                raise
        self._tokens.drop(token)  # Prove did not look at what a stale token came with: once more, with a fresh one
        return self._post(path, body, self._tokens.get(call.left))

    def _post(self, path: str, body: Mapping[str, Any], token: AccessToken) -> dict[str, Any]:
        return self._upstream.post(path, json=body, headers={"Authorization": f"Bearer {token.secret}"})


@cache
def prove() -> Prove:
    """The one that settings name, for the whole process."""
    return Prove(settings.PROVE_BASE_URL, settings.PROVE_CLIENT_ID, settings.PROVE_CLIENT_SECRET)


def _unified(document: Mapping[str, Any]) -> Unified:
    """`success` here only says that nothing is known yet."""
    correlation_id, auth_token = _text(document, "correlationId"), document.get("authToken")
    if correlation_id is None or not isinstance(auth_token, str) or not auth_token:
        raise ValueError("no flow")
    return Unified(correlation_id, auth_token)


def _reply(document: Mapping[str, Any]) -> Reply:
    """`proveId` is needed to know the person; `deviceId` only to revoke, and not every channel has one."""
    success, evaluation = document.get("success"), document.get("evaluation")
    if not isinstance(success, str):
        raise ValueError("not a string")  # 'true' the boolean is not "true" the word
    reply = Reply(
        success=Success(success),
        phone_number=_text(document, "phoneNumber"),
        prove_id=_text(document, "proveId"),
        device_id=_text(document, "deviceId"),
        client_request_id=_text(document, "clientRequestId"),
        evaluation=evaluation if isinstance(evaluation, dict) else {"evaluation": evaluation} if evaluation else {},
    )
    if reply.success is Success.TRUE and reply.prove_id is None:
        raise ValueError("nobody")
    return reply


def _reasons(name: str, category: object) -> dict[str, str]:
    """A category that did not pass, for reasons that can't be read, is a reason itself. Prove's documents print stubs:
    strings and booleans, which say nothing.
    """
    if not category or not isinstance(category, dict | list):
        return {}
    told = category if isinstance(category, dict) else {"result": "?"}
    reasons = told.get("failureReasons")
    if isinstance(reasons, dict) and reasons:
        return {code: str(text) for code, text in reasons.items()}
    passed = told.get("result", "pass") == "pass" and not reasons
    return {} if passed else {name: "not understood"}


def _revoked(document: Mapping[str, Any]) -> None:
    if document.get("success") is not True:  # a boolean here, https://developer.prove.com/reference/revoke-request
        raise ValueError("not revoked")


def _text(document: Mapping[str, Any], name: str) -> str | None:
    """Optional: left out, never null or empty. https://developer.prove.com/reference/status-and-error-codes"""
    if name not in document:
        return None
    value = document[name]
    if not isinstance(value, str) or not 0 < len(value) <= ID_LENGTH:
        raise ValueError(name)
    return value
