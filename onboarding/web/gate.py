"""Finds this browser's session by its cookie, and redirects the browser to the page of that session."""

import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps

from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from onboarding import hooks
from onboarding.conf import conf
from onboarding.domain.errors import HookFailed, Limited, StaleState
from onboarding.domain.states import Stage, State
from onboarding.journey import flow, handoff
from onboarding.models import Handoff, OnboardingSession
from onboarding.web import logins
from onboarding.web.responses import overloaded, too_many_requests, wants_json

# Keys of the browser's Django session.
SESSION_KEY = "proveflow_session"  # its onboarding session
# The handoff that this computer offered; the one that this phone scanned, and the one that it accepted.
OFFERED_KEY, ASKED_KEY, ACCEPTED_KEY = "proveflow_offered", "proveflow_asked", "proveflow_accepted"
REFUSED_KEY = "proveflow_refused"  # its last scanned handoff was refused in it
EXIT_KEY = "proveflow_exit"  # where the person goes on when the number is linked
OTHER_KEY = "proveflow_other"  # the person wants to type a number, although one is known
TOUCH_KEY = "proveflow_touch"  # its script found a touch screen
LONGEST_URL = 2_000
JOURNEY_COOKIE, JOURNEY_S = "proveflow_journey", 48 * 3600  # longer than a review and the day that its approval lasts

PAGES: Mapping[State, str] = {
    State.STARTING: "phone",
    State.STARTED: "phone",
    State.CHECKING_DEVICE: "phone",
    State.FAILED: "phone",
    State.SUPERSEDED: "phone",
    State.REBIND_OFFERED: "moved",
    State.POSSESSION_REQUIRED: "code",
    State.SENDING_CODE: "code",
    State.CODE_SENT: "code",
    State.CHECKING_CODE: "code",
    State.POSSESSION_PASSED: "bind",
    State.BINDING: "bind",
    State.AUTHENTICATED: "done",
    State.BOUND: "done",
    State.BIND_UNKNOWN: "unverified",
    State.IN_REVIEW: "unverified",
    State.DECLINED: "unverified",
    State.EXPIRED: "expired",
}


def current(request: HttpRequest) -> OnboardingSession | None:
    """Return this browser's session, after `flow.catch_up`, or None if it has none."""
    key = request.session.get(SESSION_KEY)
    return flow.current(lambda: OnboardingSession.timed.find(key)) if key else None


def set_current(request: HttpRequest, session: OnboardingSession) -> None:
    """Make `session` this browser's, under a new session key (against session fixation)."""
    request.session.cycle_key()
    request.session[SESSION_KEY] = str(session.pk)


def replace_current(request: HttpRequest, session: OnboardingSession) -> None:
    """Make `session` this browser's, under the same session key. Saves it, as Django does not after a 5xx response."""
    request.session[SESSION_KEY] = str(session.pk)
    request.session.save()


def page_of(session: OnboardingSession | None) -> str:
    """Return the path of the session's page."""
    return reverse(f"proveflow:{PAGES[State(session.state)] if session else 'phone'}")


def redirect_to_page(request: HttpRequest, session: OnboardingSession | None) -> HttpResponse:
    """Redirect to the session's page; a page's script gets the path as JSON. Logs in if the session has passed."""
    path = page_of(session)
    if session and session.has_passed:
        before = dict(request.session.items())
        try:
            _finish(request, session)
        except HookFailed:
            return _log_in_later(request, before)
        path = _after_success(request) or path
    if session is None and logins.verified_binding(request):
        path = reverse("proveflow:done")  # the browser's Back button leads to a page of the journey, which has ended
    return JsonResponse({"next": path}) if wants_json(request) else redirect(path)


def _log_in_later(request: HttpRequest, before: Mapping[str, object]) -> HttpResponse:
    """Return a 503. The number is linked, and the next request logs in: what the hook did to the session is undone.

    Its key may have changed. Django neither saves a session nor sends its cookie with a 5xx response, so both is done
    here.
    """
    response = overloaded(request)
    request.session.clear()
    request.session.update(dict(before))
    saved = SessionMiddleware(lambda _request: response).process_response(request, HttpResponse())
    response.cookies.update(saved.cookies)
    return response


def _after_success(request: HttpRequest) -> str:
    """Return where the host project lets the browser go on, or "" if it says nothing, or its hook fails."""
    with suppress(HookFailed):
        return _allowed(request, hooks.after_success(request))
    return ""


def _finish(request: HttpRequest, session: OnboardingSession) -> None:
    """Log in the person, and finish the handoff that led here."""
    kept = {key: request.session[key] for key in (EXIT_KEY, ACCEPTED_KEY) if key in request.session}
    logins.log_in(request, session)  # drops the session of another user
    request.session.update(kept)
    request.session.pop(SESSION_KEY, None)
    if accepted := handoff_of(request, ACCEPTED_KEY):
        handoff.finish(accepted)
        del request.session[ACCEPTED_KEY]


def keep_exit(request: HttpRequest) -> None:
    """Keep where the link to this page asks to go on afterwards (?next=), if it is on an allowed host."""
    if wanted := _allowed(request, request.GET.get("next", "")):
        request.session[EXIT_KEY] = wanted


def _allowed(request: HttpRequest, url: str) -> str:
    """Return the URL if it is on this host or one of CONTINUE_HOSTS, or ""."""
    hosts = {request.get_host(), *conf.continue_hosts}
    is_allowed = len(url) <= LONGEST_URL and url_has_allowed_host_and_scheme(url, hosts, request.is_secure())
    return url if is_allowed else ""


def exit_url(request: HttpRequest) -> str:
    """Return where the person goes on from here, or "" if nothing says so."""
    return str(request.session.get(EXIT_KEY) or conf.CONTINUE_URL)


def journey(request: HttpRequest) -> uuid.UUID | None:
    """Return this browser's journey, or None. It outlives a session whose new key was lost with an answer."""
    key = logins.cookie(request, JOURNEY_COOKIE, max_age=JOURNEY_S)
    return uuid.UUID(key) if key else None


def keep_journey(response: HttpResponse, session: OnboardingSession) -> HttpResponse:
    """Let this browser keep the session's journey in a cookie of its own."""
    return logins.set_cookie(response, JOURNEY_COOKIE, str(session.journey), max_age=JOURNEY_S)


COMPUTERS = re.compile("Windows NT|Macintosh|X11|CrOS")


def is_computer(request: HttpRequest) -> bool:
    """Return whether the browser seems to run on a computer. It may lie: the answer is for convenience only.

    https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-CH-UA-Mobile
    """
    agent, platform = request.headers.get("User-Agent", ""), request.headers.get("Sec-CH-UA-Platform", "")
    says_mobile = request.headers.get("Sec-CH-UA-Mobile") == "?1" or re.search("Mobi|Android", agent + platform)
    return bool(COMPUTERS.search(agent)) and not says_mobile and not request.session.get(TOUCH_KEY)


def handoff_page(request: HttpRequest) -> str | None:
    """Return the URL name of the handoff's page that this browser gets in place of the phone page, or None."""
    accepted = handoff_of(request, ACCEPTED_KEY)
    if accepted and accepted.stage in (Stage.SCANNED, Stage.CONFIRMED):
        return "handoff_phone" if accepted.stage == Stage.SCANNED else None
    return "handoff" if is_computer(request) and not conf.DESKTOP_ALLOWED else None


def handoff_of(request: HttpRequest, role: str) -> Handoff | None:
    """Return this browser's handoff in the role OFFERED_KEY, ASKED_KEY or ACCEPTED_KEY, or None."""
    key = request.session.get(role)
    return handoff.find(pk=key) if key else None


def set_accepted(request: HttpRequest, accepted: Handoff) -> None:
    """Make `accepted` this phone's handoff, under a new session key."""
    request.session.cycle_key()
    request.session[ACCEPTED_KEY] = str(accepted.pk)


View = Callable[[HttpRequest], HttpResponse]


def post_only(view: View) -> View:
    """Redirect a GET, which comes from a reload or a restored tab, to the session's page. Other methods get a 405."""
    posted = require_POST(view)

    @wraps(view)
    def wrapper(request: HttpRequest) -> HttpResponse:
        return redirect_to_page(request, current(request)) if request.method in ("GET", "HEAD") else posted(request)

    return wrapper


SessionView = Callable[[HttpRequest, OnboardingSession], HttpResponse]


def require_state(*states: State) -> Callable[[SessionView], View]:
    """Call the view with this browser's session if it is in one of `states`; otherwise redirect to its page.

    StaleState redirects, too, and Limited becomes a 429.
    """

    def decorate(view: SessionView) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest) -> HttpResponse:
            try:
                session = current(request)
                if session is None or session.state not in states:
                    return redirect_to_page(request, session)
                return view(request, session)
            except StaleState:
                return redirect_to_page(request, current(request))
            except Limited as limited:
                return too_many_requests(request, limited)

        return wrapper

    return decorate
