"""Who is at the door: finds this browser's session by its cookie and leads it to the page it stands at."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import wraps
from math import ceil

import django_otp
from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from onboarding.domain.budgets import NUMBER_OWNER
from onboarding.domain.errors import Limited, StaleState
from onboarding.domain.states import Stage, State
from onboarding.journey import flow, handoff
from onboarding.models import Binding, Handoff, OnboardingSession

SESSION_KEY = "onboarding"
# The handoff that this computer offered; that this phone was asked about, and then accepted.
OFFERED_KEY, ASKED_KEY, ACCEPTED_KEY = "handoff_offered", "handoff_asked", "handoff_accepted"
TYPED_KEY = "typed"  # whether this person typed the number in full since this browser's session began
REMEMBERED_S = int(timedelta(days=180).total_seconds())
AUTH_BACKEND = "django.contrib.auth.backends.ModelBackend"

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
    """This browser's session, brought up to the clock; None for a stranger."""
    session = _read(request)
    try:
        return session and flow.catch_up(session=session)
    except StaleState:
        return _read(request)


def _read(request: HttpRequest) -> OnboardingSession | None:
    key = request.session.get(SESSION_KEY)
    if key is None:
        return None
    return OnboardingSession.objects.select_related("previous", "binding__user").filter(pk=key).first()


def remember(request: HttpRequest, session: OnboardingSession) -> None:
    """This browser owns `session` from now on, under a new session key."""
    request.session.cycle_key()
    request.session[SESSION_KEY] = str(session.pk)


def follow(request: HttpRequest, session: OnboardingSession) -> None:
    """The same browser's next session, under the same key. Saved here: with a 5xx answer Django saves none."""
    request.session[SESSION_KEY] = str(session.pk)
    request.session.save()


def page_of(session: OnboardingSession | None) -> str:
    """The path of the page that the session stands at."""
    return reverse(PAGES[State(session.state)] if session else "phone")


def enter(request: HttpRequest, session: OnboardingSession) -> None:
    """Log in the person whose number was recognised or bound; the binding is their django-otp device."""
    if session.has_passed and session.binding and session.binding.confirmed:
        auth.login(request, session.binding.user, backend=AUTH_BACKEND)
        django_otp.login(request, session.binding)
        request.session[TYPED_KEY] = not session.recalled
    request.session.pop(SESSION_KEY, None)
    if accepted := handoff_of(request, ACCEPTED_KEY):
        handoff.finish(accepted)
        del request.session[ACCEPTED_KEY]


def linked(request: HttpRequest) -> Binding | None:
    """The binding that this person is verified by, if it is that: a reviewer is verified by something else."""
    device = getattr(request.user, "otp_device", None)
    return device if isinstance(device, Binding) else None


def remembered(request: HttpRequest) -> Binding | None:
    """The binding that this browser was asked to remember, if it still holds: its number is never shown whole."""
    key = request.get_signed_cookie(_cookie_name(), default=None, salt=SESSION_KEY, max_age=REMEMBERED_S)
    return Binding.objects.filter(pk=key, confirmed=True).first() if key else None


def keep_in_mind(response: HttpResponse, binding: Binding) -> HttpResponse:
    """Only whoever says that this device is their own is remembered: next time one tap is enough here."""
    response.set_signed_cookie(
        _cookie_name(),
        str(binding.pk),
        salt=SESSION_KEY,
        max_age=REMEMBERED_S,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def forget(response: HttpResponse) -> HttpResponse:
    response.set_cookie(_cookie_name(), max_age=0, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax")
    return response


def _cookie_name() -> str:
    return "__Host-remembered" if settings.SESSION_COOKIE_SECURE else "remembered"


def lead(request: HttpRequest, session: OnboardingSession | None) -> HttpResponse:
    """To the page where the session stands; a page's own script gets the path as JSON."""
    if session and session.has_passed:
        enter(request, session)
    path = page_of(session)
    return JsonResponse({"next": path}) if wants_json(request) else redirect(path)


COMPUTERS = re.compile("Windows NT|Macintosh|X11|CrOS")


def is_computer(request: HttpRequest) -> bool:
    """A guess, for convenience alone: whoever wants to pass for a phone may. Unknown browsers are not sent away.

    https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-CH-UA-Mobile
    """
    agent = request.headers.get("User-Agent", "")
    says_mobile = request.headers.get("Sec-CH-UA-Mobile") == "?1" or re.search("Mobi|Android", agent)
    return not says_mobile and bool(COMPUTERS.search(agent))


def elsewhere(request: HttpRequest) -> str | None:
    """The handoff's page that this browser belongs to before any number is asked for."""
    accepted = handoff_of(request, ACCEPTED_KEY)
    if accepted and accepted.stage in (Stage.SCANNED, Stage.CONFIRMED):
        return "handoff_phone" if accepted.stage == Stage.SCANNED else None
    return "handoff" if is_computer(request) and not settings.DESKTOP_ALLOWED else None


def handoff_of(request: HttpRequest, role: str) -> Handoff | None:
    """The handoff that this browser has, in a role named by one of the keys."""
    return handoff.find(pk=request.session.get(role))


def accept(request: HttpRequest, accepted: Handoff) -> None:
    """This phone has the handoff from now on, under a new session key."""
    request.session.cycle_key()
    request.session[ACCEPTED_KEY] = str(accepted.pk)


def turn_away(request: HttpRequest, limited: Limited, back: str | None = None) -> HttpResponse:
    """Too often: says when to come back, and links `back`. The session stays where it is."""
    if wants_json(request):
        response: HttpResponse = JsonResponse({"error": _why(limited)}, status=429)
    else:
        context = {"why": _why(limited), "back": back or reverse("phone")}
        response = render(request, "onboarding/limited.html", context, status=429)
    response["Retry-After"] = str(max(1, ceil(limited.wait.total_seconds())))
    return response


def _why(limited: Limited) -> str:
    why = _("That was tried too often. For everyone's safety there is a limit: you can go on in %(wait)s.")
    if limited.limit == NUMBER_OWNER.name:
        why = _(
            "A code for this number was just asked for in another browser. If that wasn't you, or you can't go on "
            "there, you can get a code here in %(wait)s."
        )
    return why % {"wait": in_words(limited.wait)}


def in_words(wait: timedelta) -> str:
    """Rounded up to whole minutes, or from two hours on to hours."""
    unit = timedelta(hours=1) if wait > timedelta(hours=2) else timedelta(minutes=1)
    now = datetime(2000, 1, 1, tzinfo=UTC)
    return timeuntil(now + max(1, -(-wait // unit)) * unit, now)


def wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


View = Callable[[HttpRequest], HttpResponse]


def post_only(view: View) -> View:
    """A GET, from a reload or a restored tab, does nothing and leads to where the session stands."""
    posted = require_POST(view)

    @wraps(view)
    def gated(request: HttpRequest) -> HttpResponse:
        return lead(request, current(request)) if request.method in ("GET", "HEAD") else posted(request)

    return gated


SessionView = Callable[[HttpRequest, OnboardingSession], HttpResponse]


def at(*states: State) -> Callable[[SessionView], View]:
    """Only for a session at one of `states`; any other is led to its own page, now or when it was overtaken."""

    def decorate(view: SessionView) -> View:
        @wraps(view)
        def gated(request: HttpRequest) -> HttpResponse:
            try:
                session = current(request)
                if session is None or session.state not in states:
                    return lead(request, session)
                return view(request, session)
            except StaleState:
                return lead(request, current(request))
            except Limited as limited:
                return turn_away(request, limited)

        return gated

    return decorate
