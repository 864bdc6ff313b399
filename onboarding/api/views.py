"""The operations on verifications. Each reads the request, calls one verb, and says where the session stands."""

import uuid
from collections.abc import Callable
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Header, Router, Status

from onboarding.api import answers, auth, schemas, tokens, verifications
from onboarding.api.models import ApiVerification, PublishableKey
from onboarding.api.problems import Problem
from onboarding.api.verifications import Beginning, Begun
from onboarding.domain.budgets import Address
from onboarding.domain.errors import StaleState
from onboarding.domain.states import Notice, State
from onboarding.journey import flow, possession
from onboarding.models import Binding, OnboardingSession
from onboarding.web.forms import CodeForm, PhoneForm

router = Router(tags=["verifications"])

REFUSED: dict[int, Any] = dict.fromkeys((400, 401, 403, 404, 413, 422, 429, 503), schemas.ProblemDetails)
ANSWERS: dict[int, Any] = {200: schemas.Verification, **REFUSED}
BEGINS: dict[int, Any] = {201: schemas.BegunVerification, 409: schemas.ProblemDetails, **REFUSED}
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


def begin(request: HttpRequest, body: schemas.NewVerification, idempotency_key: uuid.UUID) -> Begun:
    """Begin a verification for the caller. Raises Problem, Limited and UpstreamError."""
    caller = auth.auth_of(request)
    key = caller if isinstance(caller, PublishableKey) else None
    scope = f"key {key.pk}" if key else f"user {caller.binding.user_id}"
    _check_app(request, key, body)
    form = PhoneForm(_form(body, idempotency_key), languages=request.headers.get("Accept-Language", ""))
    if not form.is_valid():
        raise _invalid_number(form)
    device = tokens.keyed_hash("device", f"{scope} {body.device_id}") if body.device_id else ""
    previous = _previous(body.previous_client_secret)

    def start(start_key: uuid.UUID) -> flow.Opened:
        return flow.start(
            number=form.cleaned_data["phone"],
            start_key=start_key,
            accepted=form.cleaned_data["notices"],
            previous=previous,
            address=auth.caller(request, key, device),
        )

    content = body.model_dump(mode="json", exclude={"app_attest", "play_integrity"})
    try:
        return verifications.begin(Beginning(scope, idempotency_key, content, key, device), start)
    except StaleState:
        raise Problem("previous_is_open") from None


def _check_app(request: HttpRequest, key: PublishableKey | None, body: schemas.NewVerification) -> None:
    """Raise Problem if the key does not allow the app, or if what says to be a site is none."""
    if body.platform == "web" and "Origin" not in request.headers:
        raise Problem("origin_not_allowed")
    if key and body.platform != "web" and not key.allows_app(body.app_id):
        raise Problem("app_not_allowed")


def _form(body: schemas.NewVerification, start_key: uuid.UUID) -> dict[str, Any]:
    number = {"phone": body.phone_number, "country": body.country, "meant": body.confirmed_number or ""}
    form = {**number, "notices": body.notices_version, "start_key": start_key}
    return {name: value for name, value in form.items() if value is not None}


def _invalid_number(form: PhoneForm) -> Problem:
    """Return the problem with the first error of each field, and the numbers of which the person has to choose."""
    names = {"phone": "phone_number", "notices": "notices_version", "meant": "confirmed_number"}
    errors = [
        {"field": names.get(field, field), "message": str(messages[0])} for field, messages in form.errors.items()
    ]
    choices = [{"value": number.e164, "text": number.display} for number in form.choices] or None
    return Problem("invalid_number", errors[0]["message"], errors=errors, choices=choices)


def _previous(client_secret: str | None) -> OnboardingSession | None:
    """Return the session of an earlier verification of this client. Raises Problem if there is none."""
    if client_secret is None:
        return None
    row = tokens.find(client_secret, "pfc")
    session = verifications.current(row) if row else None
    if session is None:
        raise Problem("invalid", errors=[{"field": "previous_client_secret", "message": "It is unknown."}])
    return session


@router.get(ONE, auth=BY_CLIENT, response=ANSWERS, operation_id="get_verification")
def get(request: HttpRequest, verification_id: uuid.UUID) -> schemas.Verification:
    """Say where the verification stands: after a restart of the app, or when `next_action` is to wait."""
    return _told(request, _current(request))


@router.post(
    f"{ONE}/device", auth=BY_CLIENT, response={**ANSWERS, 202: schemas.Verification}, operation_id="check_device"
)
def device(
    request: HttpRequest,
    response: HttpResponse,
    verification_id: uuid.UUID,
) -> Status[schemas.Verification]:
    """Have Prove asked what the device proved. Call it in the SDK's finish step; it may be called again.

    If a code is needed, the first one is sent. 202 means that Prove still checks: call again after Retry-After.
    """
    session = _act(
        request, lambda session: flow.check_device(session=session, address=_address(request)), State.STARTED
    )
    if session.state != State.STARTED and not session.is_claimed:
        verifications.forget_token(auth.auth_of(request))
    told = _told(request, session)
    if not (session.notice == Notice.STILL_CHECKING or session.state == State.CHECKING_DEVICE):
        return Status(200, told)
    response["Retry-After"] = str(told.next_action.after_seconds)
    return Status(202, told)


@router.post(f"{ONE}/code", auth=BY_CLIENT, response=ANSWERS, operation_id="send_code")
def code(request: HttpRequest, verification_id: uuid.UUID, body: schemas.CodeOrder) -> schemas.Verification:
    """Send the first or another code, by text or call."""

    def send(session: OnboardingSession) -> OnboardingSession:
        return possession.send_code(session=session, channel=body.channel, address=_address(request))

    session = _act(request, send, State.POSSESSION_REQUIRED, State.CODE_SENT)
    told = _told(request, session)
    if session.notice == Notice.TOO_SOON:
        raise Problem("too_soon", told.message or "", retry_after=_wait(told.next_action))
    return told


def _wait(action: schemas.NextAction) -> int:
    return max(1, action.after_seconds or action.send_again_after_seconds or 0)


@router.post(f"{ONE}/code/check", auth=BY_CLIENT, response=ANSWERS, operation_id="check_code")
def check(request: HttpRequest, verification_id: uuid.UUID, body: schemas.TypedCode) -> schemas.Verification:
    """Check the code. If it is right, number and key are linked."""
    form = CodeForm({"code": body.code})
    if not form.is_valid():
        raise Problem("invalid", errors=[{"field": "code", "message": str(form.errors["code"][0])}])
    typed = form.cleaned_data["code"]
    checked = _act(
        request,
        lambda session: possession.check_code(session=session, code=typed, address=_address(request)),
        State.CODE_SENT,
    )
    return _told(request, checked)


@router.post(f"{ONE}/bind", auth=BY_CLIENT, response=ANSWERS, operation_id="bind")
def bind(request: HttpRequest, verification_id: uuid.UUID) -> schemas.Verification:
    """Repeat the bind after a right code, when Prove could not be reached."""
    bound = _act(
        request,
        lambda session: possession.bind(session=session, address=_address(request)),
        State.POSSESSION_PASSED,
    )
    return _told(request, bound)


@router.post(f"{ONE}/rebind", auth=BY_CLIENT, response={**BEGINS, 200: schemas.Verification}, operation_id="rebind")
def rebind(
    request: HttpRequest,
    verification_id: uuid.UUID,
    body: schemas.Rebind,
    idempotency_key: IdempotencyKey,
) -> Status[schemas.Verification]:
    """Move the key of this device to the number, after the person agreed: begins a new verification."""
    row: ApiVerification = auth.auth_of(request)
    beginning = Beginning(f"rebind {verification_id.hex}", idempotency_key, {}, row.key, row.device)

    def start(start_key: uuid.UUID) -> flow.Opened:
        key = _binding(body.session_token)
        return flow.rebind(session=_current(request), key=key, address=_address(request), start_key=start_key)

    try:
        return Status(201, answers.begun(verifications.begin(beginning, start)))
    except StaleState:  # it is held, too soon, or no longer offered
        return Status(200, _told(request, _current(request)))


def _binding(session_token: str | None) -> Binding | None:
    """Return the binding that this device is verified by, if it says so."""
    row = tokens.find(session_token or "", "pfs")
    holder = row and auth.holder_of(row)
    return holder.binding if holder else None


@router.delete(ONE, auth=BY_CLIENT, response={204: None, **REFUSED}, operation_id="delete_verification")
def delete(request: HttpRequest, verification_id: uuid.UUID) -> Status[None]:
    """Abandon the verification: the person uses another number, or gives up."""
    session = _current(request)
    if session.is_open:
        _act(request, lambda session: flow.abandon(session=session), State(session.state))
    return Status(204, None)


def _act(request: HttpRequest, verb: Verb, *states: State) -> OnboardingSession:
    """Call the verb if the session is in one of the states, and return the session as it stands then."""
    session = _current(request)
    try:
        return verb(session) if session.state in states else session
    except StaleState:
        return _current(request)


def _current(request: HttpRequest) -> OnboardingSession:
    session = verifications.current(auth.auth_of(request))
    if session is None:
        raise Problem("not_found")
    return session


def _told(request: HttpRequest, session: OnboardingSession) -> schemas.Verification:
    return answers.verification(auth.auth_of(request), session)


def _address(request: HttpRequest) -> Address:
    row: ApiVerification = auth.auth_of(request)
    return auth.caller(request, row.key, row.device)
