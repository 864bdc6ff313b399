"""The possession check: Twilio Verify v2, by Twilio's package. https://www.twilio.com/docs/verify/api"""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from twilio.http.response import Response
from twilio.rest import Client

from onboarding.conf import conf
from onboarding.domain.errors import Busy, Garbled, Refused
from onboarding.domain.phone import same
from onboarding.domain.states import Channel
from onboarding.telemetry import request_ids
from onboarding.upstream.http import USER_AGENT, Upstream

log = logging.getLogger(__name__)

START, CHECK = "Verifications", "VerificationCheck"  # operations, named as in Twilio's paths
FIND = "Verifications/To"
SHARE = 0.25  # of UPSTREAM_CALLS_AT_ONCE, for each of Twilio's other APIs
DEADLINES = {START: timedelta(seconds=8), CHECK: timedelta(seconds=8), FIND: timedelta(seconds=8)}


class Refusal(StrEnum):
    """Why Twilio refused, grouped by what to tell the person or the operator."""

    NUMBER = "number"  # cannot receive a code
    LANDLINE = "landline"
    OPTED_OUT = "opted_out"  # the recipient replied STOP
    CODE = "code"  # malformed code
    GONE = "gone"  # the verification was approved, has expired or was cancelled
    TOO_MANY_CHECKS = "too_many_checks"  # the verification has ended, after too many guesses
    BLOCKED = "blocked"  # by Twilio's fraud control or the carrier, for now
    CHANNEL = "channel"  # the service does not have the channel: tell an operator, and offer another
    CONFIGURATION = "configuration"  # our account or service at Twilio is misconfigured
    OTHER = "other"


@dataclass(eq=False)
class TwilioRefused(Refused):
    """Twilio refused the call because of `refusal`."""

    refusal: Refusal = Refusal.OTHER

    @property
    def is_ours(self) -> bool:
        """Return whether the reason is our account's configuration, and neither the number nor the person."""
        return self.refusal in (Refusal.CONFIGURATION, Refusal.CHANNEL)


R = Refusal
# By operation and error code. Each code has a page, like https://www.twilio.com/docs/api/errors/60200
REFUSALS: Mapping[tuple[str, int | None], Refusal] = {
    **{(START, code): R.NUMBER for code in (60200, 60436, 60006, 60033, 21211, 21614)},
    (START, 60205): R.LANDLINE,
    (START, 21610): R.OPTED_OUT,
    **{(START, code): R.BLOCKED for code in (60238, 60410, 60412, 60413, 60605, 30450, 21612)},
    (START, 60223): R.CHANNEL,
    (CHECK, 60200): R.CODE,
    (CHECK, 60202): R.TOO_MANY_CHECKS,
    (CHECK, 20404): R.GONE,
    (FIND, 20404): R.GONE,
}
PER_NUMBER_CODES = frozenset({60202, 60203, 60212})  # limits of a verification or number, not of the account
CONFIGURATION_CODES = {20003, 20008, 20404, 21408, 21608, 60204, 60207, 60217, 60220}
# Fraud Guard, geo permissions, and a destination or a service that is not allowed. Settings in Twilio's console, but
# often right, and about the number: so the operator is told once, and the person's budgets stay charged.
CONSOLE_CODES = {60238, 60410, 60605}
_told: set[int] = set()  # those that this process has logged
# For codes not listed above: Twilio adds codes over time.
REFUSALS_BY_STATUS: Mapping[tuple[str, int | None], Refusal] = {
    (CHECK, 404): R.GONE,
    (FIND, 404): R.GONE,
    **{(operation, status): R.CONFIGURATION for operation in DEADLINES for status in (401, 403)},
    (START, 404): R.CONFIGURATION,
}
ENDED = {  # the status of a verification that can no longer be checked
    "max_attempts_reached": R.TOO_MANY_CHECKS,
    **dict.fromkeys(("canceled", "deleted", "expired", "failed"), R.GONE),
}
# Rate limits, with the time until they end. Not all come with HTTP status 429.
WAITS: Mapping[tuple[str, int | None], timedelta] = {
    (START, 60202): timedelta(minutes=10),  # reported in place of 60203, too
    (START, 60203): timedelta(minutes=10),  # after five sends, until the code expires
    (START, 60212): timedelta(seconds=30),  # concurrent starts for one number
    **{(operation, code): timedelta(seconds=2) for operation in DEADLINES for code in (20429, 25109)},
}


# Django's languages to Twilio's locales. Twilio answers others with 404; without one, the number's country decides.
# https://www.twilio.com/docs/verify/supported-languages
LOCALES: Mapping[str, str] = {
    "ar": "ar",
    "de": "de",
    "en": "en",
    "en-gb": "en-GB",
    "es": "es",
    "fr": "fr",
    "pt-br": "pt-BR",
}


@dataclass(frozen=True)
class Verification:
    """A sent code. Within its life every start for the same number, by anybody, resends it and has the same `sid`."""

    sid: str
    to: str = field(repr=False)
    status: str


class Twilio:
    """Twilio Verify. All calls raise UpstreamError; Refused is always a TwilioRefused."""

    def __init__(self, base_url: str, username: str, password: str, account_sid: str, service_sid: str) -> None:
        self._upstream = Upstream("twilio", base_url, DEADLINES, per_number_codes=PER_NUMBER_CODES)
        self._service = twilio_client(self._upstream, username, password, account_sid).verify.v2.services(service_sid)

    def start(self, to: str, channel: str = Channel.SMS, locale: str | None = None, app_hash: str = "") -> Verification:
        """Send a code to `to` (E.164), with the request's id as a tag. Return its Verification.

        `app_hash` ends a text, for Android's SMS Retriever. Other channels have none: Twilio refuses it there.
        https://www.twilio.com/docs/verify/api/verification
        """
        options = {"locale": locale} if locale else {}
        if request_id := request_ids.current():
            options["tags"] = json.dumps({"request_id": request_id})
        if app_hash and channel == Channel.SMS:
            options["app_hash"] = app_hash
        with self._upstream.call(START, to), classified(START):
            return _verification(self._service.verifications.create(to=to, channel=channel, **options), to, START)

    def find(self, to: str) -> Verification:
        """Return the Verification whose code was sent to `to` (E.164). If there is none, Refused is for Refusal.GONE.

        https://www.twilio.com/docs/verify/api/verification#fetch-a-verification
        """
        with self._upstream.call(FIND, to), classified(FIND):
            verification = _verification(self._service.verifications(to).fetch(), to, FIND)
        if verification.status != "pending":
            raise TwilioRefused("twilio", FIND, refusal=ENDED.get(verification.status, Refusal.GONE))
        return verification

    def check(self, sid: str, to: str, code: str) -> bool:
        """Return whether `code` is the one that verification `sid` sent to `to`.

        A verification is approved once. Later checks raise TwilioRefused with Refusal.GONE.
        https://www.twilio.com/docs/verify/api/verification-check
        """
        with self._upstream.call(CHECK, to), classified(CHECK):
            found = self._service.verification_checks.create(verification_sid=sid, code=code)
            status = str(found.status)
            if found.sid != sid or not is_number(found.to, to) or status not in ("approved", "pending", *ENDED):
                raise Garbled("twilio", CHECK)
        if status in ENDED:
            raise TwilioRefused("twilio", CHECK, refusal=ENDED[status])
        return status == "approved"


def _verification(found: Any, to: str, operation: str) -> Verification:
    """Return Twilio's answer as a Verification. Raises Garbled if it is about another number."""
    if not is_number(found.to, to) or not re.fullmatch("VE[0-9a-f]{32}", str(found.sid)):
        raise Garbled("twilio", operation)
    return Verification(found.sid, to, str(found.status))


@cache
def twilio() -> Twilio:
    """Return the client of this process, made from the settings."""
    return Twilio(
        conf.TWILIO_BASE_URL,
        *conf.twilio_credentials,
        conf.TWILIO_ACCOUNT_SID,
        conf.TWILIO_VERIFY_SERVICE_SID,
    )


class UpstreamHttpClient:
    """The HTTP client of twilio.rest.Client. It keeps no state of a call, so threads can share it."""

    is_async = False

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def request(self, method: str, uri: str, **content: Any) -> Response:
        """Return the response. Raises UpstreamError, before the package sees an error: it would drop Retry-After."""
        known = {"headers": content["headers"], "auth": content["auth"]}
        if method == "GET":  # of /v2/PhoneNumbers/+1…?Fields=…, or of /v2/Services/VA…/Verifications/+1…
            resource = uri.rsplit("/", 2)[-2]
            operation = FIND if resource == START else resource
            body = self._upstream.get(f"{uri}?{urlencode(content['params'] or {})}", operation=operation, **known)
        else:
            body = self._upstream.post(uri, data=content["data"], **known)
        return Response(HTTPStatus.CREATED, json.dumps(body))


def twilio_client(upstream: Upstream, username: str, password: str, account_sid: str) -> Client:
    """Return Twilio's client, which calls `upstream` with paths. TWILIO_EDGE and TWILIO_REGION have no effect."""
    client = Client(
        username,
        password,
        account_sid,
        http_client=UpstreamHttpClient(upstream),
        environment={"TWILIO_EDGE": ""},
        user_agent_extensions=[USER_AGENT],
    )
    client.verify.base_url = client.lookups.base_url = client.api.base_url = ""
    return client


@contextmanager
def classified(operation: str) -> Iterator[None]:
    """Raise a Refused of the block as TwilioRefused, or as Busy if it is a rate limit."""
    try:
        yield
    except (Refused, Busy) as error:
        raise _classified(operation, error) from error


def is_number(found: object, number: str) -> bool:
    """Return whether a field of an answer is the number, however it is spelt."""
    return isinstance(found, str) and same(found, number)


def _classified(operation: str, error: Refused | Busy) -> TwilioRefused | Busy:
    known = (error.service, error.operation, error.status, error.code, error.request_id)
    refusal = REFUSALS.get((operation, error.code))
    if refusal is None and error.code in CONFIGURATION_CODES:
        refusal = Refusal.CONFIGURATION
    wait = WAITS.get((operation, error.code), timedelta(0))
    if refusal is None and (wait or isinstance(error, Busy)):
        return Busy(*known, retry_after=max(wait, getattr(error, "retry_after", wait)))
    refusal = refusal or REFUSALS_BY_STATUS.get((operation, error.status), Refusal.OTHER)
    refused = TwilioRefused(*known, refusal=refusal)
    if refused.is_ours:
        log.error("Twilio's settings or ours are wrong: %s", error)
    elif error.code in CONSOLE_CODES and error.code not in _told:
        _told.add(error.code)
        log.error("Settings in Twilio's console block texts, https://www.twilio.com/docs/api/errors/%s", error.code)
    return refused
