"""The operations on verifications. Each reads the request, calls one verb, and says where the session stands."""

import uuid
from collections.abc import Callable
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Header, Router, Status

from onboarding.api import answers, schemas, verifications
from onboarding.api.access import attestation, auth
from onboarding.api.beginning import begin
from onboarding.api.models import ApiVerification
from onboarding.api.problems import Problem
from onboarding.api.verifications import Beginning
from onboarding.domain.budgets import Address
from onboarding.domain.errors import StaleState
from onboarding.domain.states import OPEN, Notice, State
from onboarding.journey import flow, possession
from onboarding.models import OnboardingSession
from onboarding.web.forms import CodeForm

router = Router(tags=["verifications"])

REFUSED: dict[int, Any] = dict.fromkeys((400, 401, 403, 404, 413, 422, 429, 503), schemas.ProblemDetails)
ANSWERS: dict[int, Any] = {200: schemas.Verification, **REFUSED}
BEGINS: dict[int, Any] = {201: schemas.BegunVerification, 409: schemas.ProblemDetails, **REFUSED}
MAY_WAIT: dict[int, Any] = {**ANSWERS, 202: schemas.Verification}
BY_CLIENT, BY_CREATOR = auth.ClientSecret(), [auth.AppKey(), auth.SessionToken()]
ONE = "/verifications/{uuid:verification_id}"

IdempotencyKey = Annotated[uuid.UUID, Header(alias="Idempotency-Key")]
Verb = Callable[[OnboardingSession], OnboardingSession]


@router.post("/verifications", auth=BY_CREATOR, response=BEGINS, operation_id="create_verification")
def create(
    request: HttpRequest, body: schemas.NewVerification, idempotency_key: IdempotencyKey
) -> Status[schemas.BegunVerification]:
    """Begin a verification of a phone number.

    Make a new random Idempotency-Key for each one, and keep it until the answer has come: the same request with the
    same key gets the same answer. Who has the key can read that answer, so keep it as secret as the client_secret.
    """
    return Status(201, answers.begun(begin(request, body, idempotency_key)))


@router.post(
    "/attest/challenges", auth=auth.AppKey(), response={201: schemas.Challenge, **REFUSED}, operation_id="new_challenge"
)
def new_challenge(request: HttpRequest) -> Status[schemas.Challenge]:
    """Return a challenge for App Attest.

    The key attests, and later signs, the SHA-256 of the challenge, the Idempotency-Key and the phone number of the
    request, joined by dots.
    """
    life = int(attestation.CHALLENGE_LIFE.total_seconds())
    return Status(201, schemas.Challenge(challenge=attestation.new_challenge(), expires_in_seconds=life))


@router.get(ONE, auth=BY_CLIENT, response=ANSWERS, operation_id="get_verification")
def get(request: HttpRequest, verification_id: uuid.UUID) -> schemas.Verification:
    """Say where the verification stands: after a restart of the app, or when `next_action` is to wait."""
    row = auth.auth_of(request)
    return answers.verification(row, _current(row))


@router.post(f"{ONE}/device", auth=BY_CLIENT, response=MAY_WAIT, operation_id="check_device")
def device(request: HttpRequest, response: HttpResponse, verification_id: uuid.UUID) -> Status[schemas.Verification]:
    """Have Prove asked what the device proved. Call it in the SDK's finish step; it may be called again.

    If a code is needed, the first one is sent. 202 means that Prove still checks: call again after Retry-After.
    """
    row = auth.auth_of(request)
    session = check_device(request, row)
    told = answers.verification(row, session)
    if not (session.notice == Notice.STILL_CHECKING or session.state == State.CHECKING_DEVICE):
        return Status(200, told)
    response["Retry-After"] = str(told.next_action.after_seconds)
    return Status(202, told)


def check_device(request: HttpRequest, row: ApiVerification) -> OnboardingSession:
    """Ask Prove if it was not asked yet, and return where the session stands. Raises Limited and UpstreamError."""

    def check(session: OnboardingSession) -> OnboardingSession:
        address = auth.caller(request, row.key, row.device)
        return flow.check_device(session=session, address=address, app_hash=row.app_hash)

    session = _act(row, check, State.STARTED)
    if session.state != State.STARTED and not session.is_claimed:
        verifications.forget_token(row)
    return session


@router.post(f"{ONE}/code", auth=BY_CLIENT, response=ANSWERS, operation_id="send_code")
def code(request: HttpRequest, verification_id: uuid.UUID, body: schemas.CodeOrder) -> schemas.Verification:
    """Send the first or another code, by text or call."""
    row, address = auth.auth_of(request), _address(request)
    app_hash = body.app_hash or row.app_hash

    def send(session: OnboardingSession) -> OnboardingSession:
        return possession.send_code(session=session, address=address, channel=body.channel, app_hash=app_hash)

    session = _act(row, send, State.POSSESSION_REQUIRED, State.CODE_SENT)
    told = answers.verification(row, session)
    if session.notice == Notice.TOO_SOON:
        wait = told.next_action.after_seconds or told.next_action.send_again_after_seconds or 0
        raise Problem("too_soon", told.message or "", retry_after=max(1, wait))
    return told


@router.post(f"{ONE}/code/check", auth=BY_CLIENT, response=ANSWERS, operation_id="check_code")
def check(request: HttpRequest, verification_id: uuid.UUID, body: schemas.TypedCode) -> schemas.Verification:
    """Check the code. If it is right, number and key are linked."""
    form = CodeForm({"code": body.code})
    if not form.is_valid():
        raise Problem("invalid", errors=[{"field": "code", "message": str(form.errors["code"][0])}])
    row, address, typed = auth.auth_of(request), _address(request), form.cleaned_data["code"]
    checked = _act(
        row, lambda session: possession.check_code(session=session, code=typed, address=address), State.CODE_SENT
    )
    return answers.verification(row, checked)


@router.post(f"{ONE}/bind", auth=BY_CLIENT, response=ANSWERS, operation_id="bind")
def bind(request: HttpRequest, verification_id: uuid.UUID) -> schemas.Verification:
    """Repeat the bind after a right code, when Prove could not be reached."""
    row, address = auth.auth_of(request), _address(request)
    bound = _act(row, lambda session: possession.bind(session=session, address=address), State.POSSESSION_PASSED)
    return answers.verification(row, bound)


@router.post(f"{ONE}/rebind", auth=BY_CLIENT, response={**BEGINS, 200: schemas.Verification}, operation_id="rebind")
def rebind(
    request: HttpRequest, verification_id: uuid.UUID, body: schemas.Rebind, idempotency_key: IdempotencyKey
) -> Status[schemas.Verification]:
    """Move the key of this device to the number, after the person agreed: begins a new verification."""
    row: ApiVerification = auth.auth_of(request)
    beginning = Beginning(f"rebind {row.pk.hex}", idempotency_key, {}, row.key, row.device, row.app_hash)
    holder, address = auth.holder(body.session_token or ""), _address(request)
    key = holder.binding if holder else None

    def start(start_key: uuid.UUID) -> flow.Opened:
        return flow.rebind(session=_current(row), key=key, address=address, start_key=start_key)

    try:
        return Status(201, answers.begun(verifications.begin(beginning, start)))
    except StaleState:  # it is held, too soon, or no longer offered
        return Status(200, answers.verification(row, _current(row)))


@router.delete(
    ONE,
    auth=BY_CLIENT,
    response={204: None, 409: schemas.ProblemDetails, **REFUSED},
    operation_id="delete_verification",
)
def delete(request: HttpRequest, verification_id: uuid.UUID) -> Status[None]:
    """Abandon the verification: the person uses another number, or gives up. 409 while a step of it is under way."""
    session = _act(auth.auth_of(request), lambda session: flow.abandon(session=session), *OPEN)
    if not session.is_final:
        raise Problem("in_progress", retry_after=1)
    return Status(204, None)


def _act(row: ApiVerification, verb: Verb, *states: State) -> OnboardingSession:
    """Call the verb if the session is in one of the states, and return the session as it stands then."""
    session = _current(row)
    try:
        return verb(session) if session.state in states else session
    except StaleState:
        return _current(row)


def _current(row: ApiVerification) -> OnboardingSession:
    session = verifications.current(row)
    if session is None:
        raise Problem("not_found")
    return session


def _address(request: HttpRequest) -> Address:
    row: ApiVerification = auth.auth_of(request)
    return auth.caller(request, row.key, row.device)
