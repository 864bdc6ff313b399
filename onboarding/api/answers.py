"""Says where a session stands and what its client does next. Clients never have to guess it from other fields."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from html import unescape

from django.urls import reverse
from django.utils.html import strip_tags

from onboarding import hooks
from onboarding.api import schemas
from onboarding.api.access import auth, tokens
from onboarding.api.models import ApiVerification
from onboarding.api.schemas import Action, NextAction, Status
from onboarding.api.verifications import Begun
from onboarding.conf import conf
from onboarding.domain.errors import HookFailed
from onboarding.domain.states import Channel, Notice, Review, State
from onboarding.journey import possession
from onboarding.journey.clock import time_left
from onboarding.models import OnboardingSession
from onboarding.web.sentences import Sentences

POLL_S, RETRY_S, REVIEW_POLL_S = 2, 5, 60
AUTH_TOKEN_S = 15 * 60  # from the start: https://developer.prove.com/docs/unify-flow
ENDED: Mapping[State, Status] = {
    State.AUTHENTICATED: Status.RECOGNIZED,
    State.BOUND: Status.LINKED,
    State.IN_REVIEW: Status.IN_REVIEW,
    State.DECLINED: Status.DECLINED,
    State.BIND_UNKNOWN: Status.BIND_UNKNOWN,
    State.FAILED: Status.FAILED,
    State.SUPERSEDED: Status.SUPERSEDED,
    State.EXPIRED: Status.EXPIRED,
}


def verification(row: ApiVerification, session: OnboardingSession) -> schemas.Verification:
    """Return what the client of the session is told."""
    left = time_left(session)
    message = unescape(strip_tags(Sentences(session, left.next_send_clock).notice))
    return schemas.Verification(
        id=row.pk,
        status=ENDED.get(State(session.state), Status.OPEN),
        review=Review(session.review) if session.review else None,
        notice=Notice(session.notice) if session.notice else None,
        message=message or session.refusal or None,
        reference=session.reference,
        masked_number=session.phone.masked,
        channel=Channel(session.channel) if session.code_sent_at else None,
        expires_at=session.expires_at,
        next_action=next_action(row, session),
        session=session_of(row, session),
    )


def begun(begun: Begun) -> schemas.BegunVerification:
    """Return what the client is told that began it, with what it keeps."""
    told = verification(begun.row, begun.session).model_dump()
    return schemas.BegunVerification(**told, client_secret=begun.client_secret, auth_token=begun.auth_token)


def session_of(row: ApiVerification, session: OnboardingSession) -> schemas.Session | None:
    """Return the session token while the person is logged in by it."""
    binding = auth.logged_in_by(row, session)
    if binding is None:
        return None
    host_token = None
    with suppress(HookFailed):  # which is logged: the person is linked all the same
        host_token = hooks.api_token(binding.user) or None
    ends = session.moved_at + conf.LOGIN_LIFE
    return schemas.Session(token=tokens.session_token(row), expires_at=ends, host_token=host_token)


def next_action(row: ApiVerification, session: OnboardingSession) -> NextAction:
    """Return the one thing to do next."""
    here = f"{reverse('proveflow_api:api-root')}verifications/{row.pk}"
    if session.is_claimed:
        return NextAction(type=Action.WAIT, method="GET", href=here, after_seconds=1)
    if session.state == State.STARTED:
        return _check_device(session, f"{here}/device")
    if session.state in (State.POSSESSION_REQUIRED, State.CODE_SENT):
        return _code(session, f"{here}/code")
    if session.state == State.REBIND_OFFERED and session.notice != Notice.MOVED_LATELY:
        after, within = RETRY_S if session.notice else 0, _seconds_left(session)
        kind = Action.CONFIRM_REBIND
        return NextAction(type=kind, method="POST", href=f"{here}/rebind", after_seconds=after, within_seconds=within)
    if session.state == State.POSSESSION_PASSED:
        within = _seconds_left(session)
        action = NextAction(type=Action.WAIT, method="POST", href=f"{here}/bind", within_seconds=within)
        action.after_seconds = RETRY_S
        return action
    if session.waits_for_review:
        return NextAction(type=Action.WAIT, method="GET", href=here, after_seconds=REVIEW_POLL_S)
    return NextAction(type=Action.NONE)


def _check_device(session: OnboardingSession, href: str) -> NextAction:
    """Return what comes before the device check, or before it is asked for again."""
    if not session.status_calls:
        within = min(_seconds_left(session), AUTH_TOKEN_S)
        return NextAction(type=Action.AUTHENTICATE, method="POST", href=href, within_seconds=within)
    after = POLL_S if session.notice == Notice.STILL_CHECKING else RETRY_S
    return NextAction(type=Action.WAIT, method="POST", href=href, after_seconds=after)


def _code(session: OnboardingSession, href: str) -> NextAction:
    """Return whether to send a code or to enter it."""
    left, may_send = time_left(session), possession.may_send(session)
    channels = session.channels if may_send else []
    if session.state == State.CODE_SENT and left.of_code:
        return NextAction(
            type=Action.ENTER_CODE,
            method="POST",
            href=f"{href}/check",
            within_seconds=left.of_code,
            channels=channels,
            tries_left=possession.GUESSES - session.guesses,
            send_again_after_seconds=left.to_next_send if may_send else None,
        )
    if not may_send:
        return NextAction(type=Action.NONE)
    within, after = _seconds_left(session), left.to_next_send
    kind = Action.SEND_CODE
    action = NextAction(type=kind, method="POST", href=href, after_seconds=after, within_seconds=within)
    action.channels = channels
    return action


def _seconds_left(session: OnboardingSession) -> int:
    return max(0, int((session.expires_at - session.read_at) / timedelta(seconds=1)))
