"""Prove's Unify API with customer-supplied possession. https://developer.prove.com/reference/unify-request"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

from onboarding.conf import conf
from onboarding.domain.errors import Garbled, Refused, Unreachable
from onboarding.domain.mentions import without_number
from onboarding.domain.phone import Number, same
from onboarding.domain.policy import Success
from onboarding.domain.regions import ProveRegion
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
class StartedFlow:
    """Prove's answer to unify. `auth_token` is for the Web SDK, which can use it once, within about 15 minutes."""

    correlation_id: str = field(repr=False)
    auth_token: str = field(repr=False)


@dataclass(frozen=True)
class UnifyAnswer:
    """Prove's answer to unify-status and unify-bind. `prove_id` is set if `success` is TRUE.

    `evaluation` is Prove's JSON object, with our number masked. Any other JSON value is wrapped: {"evaluation": value}.
    """

    success: Success
    phone_number: str | None = field(default=None, repr=False)
    prove_id: str | None = field(default=None, repr=False)
    device_id: str | None = field(default=None, repr=False)
    client_request_id: str | None = None
    evaluation: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def names_another(self, client_request_id: str, number: str) -> bool:
        """Return whether it is the answer to another request, or is about another number."""
        if self.client_request_id not in (None, client_request_id):
            return True
        return self.phone_number is not None and not same(self.phone_number, number)

    @property
    def failure_reasons(self) -> dict[str, str]:
        """Return the failure reasons of all categories, code to text.

        https://developer.prove.com/docs/global-fraud-policy
        """
        return {code: text for item in self.evaluation.items() for code, text in _failure_reasons(*item).items()}


class Prove:
    """Prove's API at one host. All calls raise UpstreamError; Unreachable also if no access token can be fetched."""

    def __init__(self, base_url: str, client_id: str, client_secret: str, service: str = "prove") -> None:
        self._upstream = Upstream(service, base_url, DEADLINES, REPEATABLE)
        self._tokens = AccessTokens(self._upstream, client_id, client_secret)

    def unify(
        self,
        number: str,
        client_request_id: str,
        *,
        rebind: bool = False,
        check_reputation: bool = False,
        client_ids: Mapping[str, str] | None = None,
    ) -> StartedFlow:
        """Start a flow for `number` (E.164) and return it. https://developer.prove.com/reference/unify-request"""
        body: dict[str, Any] = {"phoneNumber": number, "possessionType": "none", "clientRequestId": client_request_id}
        body |= client_ids or {}
        options = {"rebind": rebind, "checkReputation": check_reputation}
        body |= {name: True for name, wanted in options.items() if wanted}
        return self._call("/v3/unify", number, body, _started_flow)

    def unify_status(self, correlation_id: str, number: str, client_request_id: str) -> UnifyAnswer:
        """Return what the device proved. `number` is not sent. https://developer.prove.com/reference/unify-status-request"""
        body = {"correlationId": correlation_id, "clientRequestId": client_request_id}
        return self._ask("/v3/unify-status", number, body)

    def unify_bind(self, correlation_id: str, number: str, client_request_id: str) -> UnifyAnswer:
        """Bind `number` to the key after a possession check of our own, and return whether that succeeded.

        https://developer.prove.com/reference/unify-bind-request
        """
        body = {"correlationId": correlation_id, "phoneNumber": number, "clientRequestId": client_request_id}
        return self._ask("/v3/unify-bind", number, body)

    def revoke_device(self, device_id: str, client_request_id: str) -> None:
        """Revoke a Prove Key. Raises Refused with code 8011 if there is none.

        https://developer.prove.com/reference/revoke-request
        """
        body = {"deviceId": device_id, "clientRequestId": client_request_id}
        self._call("/v3/device/revoke", device_id, body, _revoked)

    def _ask(self, path: str, number: str, body: Mapping[str, str]) -> UnifyAnswer:
        answer = self._call(path, number, body, _unify_answer)
        if answer.names_another(body["clientRequestId"], number):
            self._upstream.drop_connections()
        return replace(answer, evaluation=without_number(answer.evaluation, Number(number)))

    def _call(self, path: str, about: str, body: Mapping[str, Any], parse: Callable[[dict[str, Any]], T]) -> T:
        operation = path.rsplit("/", 1)[-1]
        with self._upstream.call(operation, about) as call:
            answer = self._post_with_token(path, body, call)
            with suppress(ValueError):
                return parse(answer)
            raise Garbled(self._upstream.service, operation)

    def _post_with_token(self, path: str, body: Mapping[str, Any], call: Call) -> dict[str, Any]:
        token = self._tokens.get(call.left)
        try:
            return self._post(path, body, token)
        except Refused as error:
            if error.status != UNAUTHORIZED:
                raise
        self._tokens.drop(token)  # Prove did nothing with the stale token's request: retry with a fresh one
        return self._post(path, body, self._tokens.get(call.left))

    def _post(self, path: str, body: Mapping[str, Any], token: AccessToken) -> dict[str, Any]:
        return self._upstream.post(path, json=body, headers={"Authorization": f"Bearer {token.secret}"})


@cache
def prove(region: str) -> Prove:
    """Return the client of this process for a ProveRegion. Raises Unreachable if the settings have no account for it.

    ALL is the account of PROVE_*, which may have been given a region since.
    """
    if region == ProveRegion.ALL != conf.PROVE_REGION:
        return prove(conf.PROVE_REGION)
    if account := conf.prove_accounts.get(region):
        return Prove(account.base_url, account.client_id, account.client_secret, account.service)
    raise Unreachable(f"prove-{region}", "account")


def _started_flow(body: Mapping[str, Any]) -> StartedFlow:
    """Return the flow. Its `success` is ignored, since nothing is known yet. Raises ValueError."""
    correlation_id, auth_token = _optional_text(body, "correlationId"), body.get("authToken")
    if correlation_id is None or not isinstance(auth_token, str) or not auth_token:
        raise ValueError("no flow")
    return StartedFlow(correlation_id, auth_token)


def _unify_answer(body: Mapping[str, Any]) -> UnifyAnswer:
    """Return the answer. A success needs a `proveId`; a `deviceId` is not given in every channel. Raises ValueError."""
    success, evaluation = body.get("success"), body.get("evaluation")
    if not isinstance(success, str):
        raise ValueError("not a string")  # the boolean true is not the string "true"
    answer = UnifyAnswer(
        success=Success(success),
        phone_number=_optional_text(body, "phoneNumber"),
        prove_id=_optional_text(body, "proveId"),
        device_id=_optional_text(body, "deviceId"),
        client_request_id=_optional_text(body, "clientRequestId"),
        evaluation=evaluation if isinstance(evaluation, dict) else {"evaluation": evaluation} if evaluation else {},
    )
    if answer.success is Success.TRUE and (answer.prove_id is None or body["proveId"] != answer.prove_id):
        raise ValueError("no proveId")
    return answer


def _failure_reasons(name: str, category: object) -> dict[str, str]:
    """Return the failure reasons of one category, code to text.

    If it did not pass and its reasons cannot be read, return its name as a reason. Strings and booleans, which Prove's
    documentation prints as placeholders, are ignored.
    """
    if not category or not isinstance(category, dict | list):
        return {}
    fields = category if isinstance(category, dict) else {"result": "?"}
    reasons = fields.get("failureReasons")
    if isinstance(reasons, dict) and reasons:
        return {code: str(text) for code, text in reasons.items()}
    passed = fields.get("result", "pass") == "pass" and not reasons
    return {} if passed else {name: "not understood"}


def _revoked(body: Mapping[str, Any]) -> None:
    if body.get("success") is not True:  # a boolean here, https://developer.prove.com/reference/revoke-request
        raise ValueError("not revoked")


def _optional_text(body: Mapping[str, Any], name: str) -> str | None:
    """Return the field, or None if it is left out, null or empty. A number is its text. Raises ValueError for others.

    https://developer.prove.com/reference/status-and-error-codes
    """
    value = body.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is not None and not (isinstance(value, str) and len(value) <= ID_LENGTH):
        raise ValueError(name)
    return value or None
