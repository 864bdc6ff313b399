"""The shapes of requests and answers. The OpenAPI document is made from them."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from django.utils.timezone import is_naive, make_aware
from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field

from onboarding.domain.states import Channel, Notice, Review

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"

Text = Annotated[str, Field(max_length=200, pattern=PRINTABLE)]
Opaque = Annotated[str, Field(max_length=128, pattern=r"^[\x21-\x7e]*$")]
Base64 = Annotated[str, Field(max_length=12_000, pattern=r"^[A-Za-z0-9+/_-]+=*$")]
AppHash = Annotated[str, Field(pattern="^[A-Za-z0-9+/]{11}$")]
Seconds = Annotated[int, Field(ge=0)]


def _aware(moment: datetime) -> datetime:
    """Return the moment with its offset, which it lacks in a project without USE_TZ: clients need it (RFC 3339)."""
    return make_aware(moment) if is_naive(moment) else moment


Moment = Annotated[datetime, AfterValidator(_aware)]


class Status(StrEnum):
    """Where a verification stands: `open`, or how it ended."""

    OPEN = "open"
    LINKED = "linked"  # a code was passed: the number is linked to the key
    RECOGNIZED = "recognized"  # the key was known
    IN_REVIEW = "in_review"
    DECLINED = "declined"
    BIND_UNKNOWN = "bind_unknown"  # the answer to the bind was lost: a new verification will show
    FAILED = "failed"  # it could not be started
    SUPERSEDED = "superseded"  # by a move of the key, by another one, or by DELETE
    EXPIRED = "expired"


class Action(StrEnum):
    """The one thing to do next."""

    AUTHENTICATE = "authenticate"  # give the authToken to Prove's SDK, then call `href`
    SEND_CODE = "send_code"
    ENTER_CODE = "enter_code"
    CONFIRM_REBIND = "confirm_rebind"  # ask the person whether the key may move to this number
    WAIT = "wait"  # then call `href`
    NONE = "none"  # it has ended, or nothing more can be done: begin another one


class Request(Schema):
    """A body. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Answer(Schema):
    """A part of an answer. Every field is always there; one without a value is null."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class AppAttest(Request):
    """A proof by Apple's App Attest: `attestation` the first time that a key is used, `assertion` from then on."""

    key_id: Base64
    challenge: Opaque
    attestation: Base64 | None = None
    assertion: Base64 | None = None


class Challenge(Answer):
    """What the app's proof is about, together with the Idempotency-Key and the number, joined by dots."""

    challenge: str
    expires_in_seconds: Seconds


class NewVerification(Request):
    """What a person starts with. `device_id` is a random text that the app makes once, for the limits."""

    phone_number: Text
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = Field(default=None, description="ISO 3166")
    confirmed_number: Text | None = Field(
        default=None, description="One of the `choices` of the problem `invalid_number`"
    )
    platform: Literal["web", "ios", "android"]
    notices_version: Annotated[str, Field(max_length=32, pattern=PRINTABLE)] = Field(
        default="", description="Of the legal notices that the person accepted"
    )
    device_id: Opaque = ""
    device_name: Annotated[str, Field(max_length=64, pattern=PRINTABLE)] = Field(
        default="", description="What the person reads in the list of their devices"
    )
    app_id: Opaque = Field(default="", description="Bundle id or package name")
    app_hash: AppHash | None = Field(default=None, description="For the first code, which the device check sends")
    previous_client_secret: Opaque | None = Field(
        default=None, description="Of the verification that this one goes on from: another number, or another try"
    )
    app_attest: AppAttest | None = None
    play_integrity: Annotated[str, Field(max_length=12_000, pattern=PRINTABLE)] | None = None


class CodeOrder(Request):
    """How to send a code. `app_hash` is what Android's SMS Retriever recognises the app by, 11 characters."""

    channel: Channel | None = None
    app_hash: AppHash | None = None


class TypedCode(Request):
    """A code, typed alone or pasted with its message."""

    code: Annotated[str, Field(max_length=500)]


class Rebind(Request):
    """The person agreed that the key may move. `session_token` is theirs, if this device has one."""

    session_token: Opaque | None = None


class NextAction(Answer):
    """The one thing to do next, by which request, and when. Seconds count from the answer."""

    type: Action
    method: Literal["GET", "POST"] | None = None
    href: str | None = Field(
        default=None, description="Path of the request; for `authenticate`, of the one after the SDK"
    )
    after_seconds: Seconds = Field(default=0, description="Not earlier")
    within_seconds: Seconds | None = Field(default=None, description="Not later")
    channels: list[Channel] = Field(default=[], description="Of the code to send, the usual one first")
    tries_left: int | None = None
    send_again_after_seconds: Seconds | None = Field(default=None, description="Null: no other code can be sent")


class Session(Answer):
    """The person is logged in: the token for this API."""

    token: str
    expires_at: Moment
    host_token: str | None = Field(default=None, description="Of the host project's own API, by its hook `api_token`")


class Verification(Answer):
    """A verification, and what to do next. `message` is for the person, in the language of the request."""

    id: uuid.UUID
    status: Status
    review: Review | None = Field(default=None, description="A reviewer's decision on what was held")
    notice: Notice | None = None
    message: str | None = None
    reference: str = Field(description="What people and the desk call it")
    masked_number: str
    channel: Channel | None = Field(default=None, description="By which the latest code was sent")
    expires_at: Moment
    next_action: NextAction
    session: Session | None = None


class BegunVerification(Verification):
    """A new verification with what its client keeps: `client_secret` is the bearer of all further requests."""

    client_secret: str
    auth_token: str | None = Field(description="For Prove's SDK. Null after the device check")


class Person(Answer):
    """Who a session token names: the person as the number and the device that they are verified by."""

    device_id: uuid.UUID
    masked_number: str
    verified_at: Moment = Field(description="By Prove or a code")
    is_fresh: bool = Field(description="Recently enough to unlink other devices")
    expires_at: Moment


class Device(Answer):
    """A device of the person."""

    id: uuid.UUID
    name: str
    linked_at: Moment
    last_seen_at: Moment = Field(description="When it was last verified")
    is_this: bool
    masked_number: str


class FieldError(Answer):
    """A field that is not valid."""

    field: str
    message: str


class Choice(Answer):
    """A number that the typed text can mean."""

    value: str
    text: str


class Initialize(Schema):
    """What the back ends of Prove's demo apps get. Other fields are ignored."""

    phoneNumber: Text  # noqa: N815 - their name, as the next
    possessionType: Annotated[str, Field(max_length=16)] = "none"  # noqa: N815


class Initialized(Answer):
    """`correlationId` is our client_secret in the place of Prove's id."""

    authToken: str | None  # noqa: N815
    correlationId: str  # noqa: N815
    success: Literal["pending"] = "pending"
    message: str = ""


class Verify(Schema):
    """What the back ends of Prove's demo apps get after the SDK has finished. Other fields are ignored."""

    correlationId: Opaque  # noqa: N815


class Verified(Answer):
    """`fallbackRequired`: go on with `verification`, whose bearer is the correlationId."""

    success: Literal["true", "false", "possession_required", "pending"]
    verified: bool
    fallbackRequired: bool  # noqa: N815
    verification: Verification


class ProblemDetails(Schema):
    """RFC 9457. `detail` is for the person, in the language of the request."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    retry_after_seconds: int | None = None
    limit: str | None = None
    errors: list[FieldError] | None = None
    choices: list[Choice] | None = None
    verification: Verification | None = None
