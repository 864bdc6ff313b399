"""The pages from the phone number to the link. Each view reads the form, calls one verb, and renders or redirects."""

import uuid
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_otp.decorators import otp_required

from onboarding import hooks
from onboarding.conf import conf
from onboarding.domain.browsers import device_name
from onboarding.domain.errors import HookFailed, Limited, NotServed, StaleState, UpstreamError
from onboarding.domain.phone import Number
from onboarding.domain.states import FINAL, Notice, Review, State
from onboarding.journey import flow, possession
from onboarding.journey.clock import time_left
from onboarding.models import OnboardingSession
from onboarding.web import address, gate, logins
from onboarding.web.forms import (
    CodeForm,
    PhoneForm,
    SendForm,
    StartForm,
    country_message,
    first_error,
    known_number,
)
from onboarding.web.responses import render, too_many_requests, unavailable, wants_json
from onboarding.web.sentences import Sentences

POLL_S = 2  # seconds until the page's script asks again


@never_cache
@require_safe
def phone(request: HttpRequest) -> HttpResponse:
    """Show the first page, where the device check runs; or the page to which this browser belongs now."""
    gate.keep_exit(request)
    session = gate.current(request)
    if session and gate.page_of(session) != request.path and (session.has_passed or not session.is_final):
        return gate.redirect_to_page(request, session)
    if page := gate.handoff_page(request):
        return redirect(f"proveflow:{page}")
    if number := _known_number(request):
        return render(request, "proveflow/welcome.html", {"form": StartForm(), "number": number})
    form, is_computer = _phone_form(request, session), gate.is_computer(request)
    return render(request, "proveflow/phone.html", {"form": form, "session": session, "is_computer": is_computer})


def _known_number(request: HttpRequest) -> Number | None:
    """Return the number that this browser remembers or that the host project knows of who is signed in, or None."""
    if binding := logins.remembered_binding(request):
        return binding.phone
    if not hooks.is_overridden("number_of") or not request.user.is_authenticated or request.session.get(gate.OTHER_KEY):
        return None
    try:
        return known_number(hooks.number_of(request.user))
    except HookFailed:
        return None


def _phone_form(request: HttpRequest, session: OnboardingSession | None) -> PhoneForm:
    """Return the form with the number that the session has, if it was typed in this browser."""
    typed = session.phone if session and not session.recalled else None
    initial = {"phone": typed.display, "country": typed.region} if typed else None
    return PhoneForm(initial=initial, languages=request.headers.get("Accept-Language", ""))


@never_cache
@gate.post_only
def start(request: HttpRequest) -> HttpResponse:
    """Start a flow with the typed number. The page's script gets the authToken."""
    form = PhoneForm(request.POST, languages=request.headers.get("Accept-Language", ""))
    if not wants_json(request):  # the browser sent the form: the page's script did not run
        return render(request, "proveflow/phone.html", {"form": form, "needs_script": True}, status=400)
    if not form.is_valid():
        choices = [{"value": number.e164, "text": number.display} for number in form.choices]
        return JsonResponse({**first_error(form), "choices": choices}, status=400)
    return _start_flow(request, form, form.cleaned_data["phone"], recalled=False)


@never_cache
@gate.post_only
def recall(request: HttpRequest) -> HttpResponse:
    """Start a flow with the number that this browser remembers. The page's script gets the authToken."""
    number = _known_number(request)
    if number is None:
        return gate.redirect_to_page(request, gate.current(request))
    return _start_with(request, number, "proveflow/welcome.html")


@never_cache
@gate.post_only
@gate.require_state(State.IN_REVIEW, State.DECLINED)
def resume(request: HttpRequest, session: OnboardingSession) -> HttpResponse:
    """Start a flow with the number that a reviewer cleared. The page's script gets the authToken."""
    if session.review != Review.APPROVED:
        return gate.redirect_to_page(request, session)
    context = {"session": session, "sentences": Sentences(session)}
    return _start_with(request, session.phone, "proveflow/unverified.html", recalled=session.recalled, **context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@otp_required(login_url="proveflow:phone", redirect_field_name=None)
def confirm(request: HttpRequest) -> HttpResponse:
    """Ask the person who is logged in to prove their device again; start the flow on POST."""
    binding = logins.verified_binding(request)
    if binding is None:
        return redirect("proveflow:phone")
    if request.method == "POST":
        return _start_with(request, binding.phone, "proveflow/confirm.html")
    return render(request, "proveflow/confirm.html", {"form": StartForm(), "number": binding.phone})


def _start_with(
    request: HttpRequest, number: Number, template: str, *, recalled: bool = True, **context: object
) -> HttpResponse:
    """Start a flow with a number that was not typed now. If the page's script did not run, say so on the page again."""
    form = StartForm(request.POST)
    if not wants_json(request):
        context |= {"form": form, "number": number, "needs_script": True}
        return render(request, template, context, status=400)
    if not form.is_valid():
        return JsonResponse(first_error(form), status=400)
    return _start_flow(request, form, number, recalled=recalled)


def _start_flow(request: HttpRequest, form: StartForm, number: Number, *, recalled: bool) -> HttpResponse:
    try:
        opened = flow.start(
            number=number,
            start_key=form.cleaned_data["start_key"],
            accepted=form.cleaned_data["notices"],
            previous=gate.current(request),
            journey=gate.journey(request),
            recalled=recalled,
            address=address.of(request),
            device_name=device_name(request.headers.get("User-Agent", "")),
        )
    except StaleState:
        return gate.redirect_to_page(request, gate.current(request))
    except Limited as limited:
        return too_many_requests(request, limited)
    except NotServed:
        return JsonResponse({"field": "phone", "error": country_message(number)}, status=400)
    except UpstreamError as error:
        return unavailable(error)
    except HookFailed:
        return unavailable()
    return _auth_token(request, opened)


def _auth_token(request: HttpRequest, opened: flow.Opened) -> HttpResponse:
    gate.set_current(request, opened.session)
    answer = JsonResponse({"auth_token": opened.auth_token, "start_key": uuid.uuid4()})
    return gate.keep_journey(answer, opened.session)


@never_cache
@gate.post_only
@gate.require_state(State.STARTED)
def device(request: HttpRequest, session: OnboardingSession) -> HttpResponse:
    """Ask Prove what the device proved. The page's script calls this after the Web SDK's AuthFinishStep."""
    try:
        session = flow.check_device(session=session, address=address.of(request))
    except UpstreamError as error:
        return unavailable(error)
    if session.notice == Notice.STILL_CHECKING:
        return JsonResponse({"ask_again_s": POLL_S}, status=202)
    return gate.redirect_to_page(request, session)


CODE_STATES = (State.POSSESSION_REQUIRED, State.SENDING_CODE, State.CODE_SENT, State.CHECKING_CODE)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@gate.require_state(*CODE_STATES)
def code(request: HttpRequest, session: OnboardingSession) -> HttpResponse:
    """Show the code page, and check the code on POST."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        session = possession.check_code(session=session, code=form.cleaned_data["code"], address=address.of(request))
        return gate.redirect_to_page(request, session)
    return _session_page(request, "proveflow/code.html", session, form=form, may_send=possession.may_send(session))


def _session_page(request: HttpRequest, template: str, session: OnboardingSession, **context: object) -> HttpResponse:
    """Render a page of the session. While a call to a vendor is under way, it reloads every second."""
    form, left = context.get("form"), time_left(session)
    if session.notice == Notice.TOO_SOON and not left.to_next_send:
        session.notice = ""
    context |= {"session": session, "sentences": Sentences(session, left.next_send_clock), "left": left}
    context["is_over"] = session.state == State.CODE_SENT and not left.of_code
    context["enters"] = session.state in (State.CODE_SENT, State.CHECKING_CODE) and not context["is_over"]
    if session.notice == Notice.CODE_WRONG:
        context["tries_left"] = possession.GUESSES - session.guesses
    response = render(request, template, context, status=400 if isinstance(form, CodeForm) and form.errors else 200)
    if session.notice == Notice.TOO_SOON:
        response.status_code, response["Retry-After"] = HTTPStatus.TOO_MANY_REQUESTS, str(left.to_next_send)
    if session.is_claimed:
        response["Refresh"] = "1"
    return response


@never_cache
@gate.post_only
@gate.require_state(State.POSSESSION_REQUIRED, State.CODE_SENT)
def send(request: HttpRequest, session: OnboardingSession) -> HttpResponse:
    """Send the first or another code, by text or call. If it is too soon, the code page answers 429 with the wait."""
    form = SendForm(request.POST)
    if form.is_valid():
        session = possession.send_code(
            session=session, channel=form.cleaned_data["channel"], address=address.of(request)
        )
    return gate.redirect_to_page(request, session)


@never_cache
@gate.post_only
@gate.require_state(State.POSSESSION_REQUIRED)
def find_code(request: HttpRequest, session: OnboardingSession) -> HttpResponse:
    """Go on with a code that arrived although the answer to its send was lost."""
    return gate.redirect_to_page(request, possession.find_code(session=session))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@gate.require_state(State.POSSESSION_PASSED, State.BINDING)
def bind(request: HttpRequest, session: OnboardingSession) -> HttpResponse:
    """Show that the bind failed, and repeat it on POST. The code stays approved."""
    if request.method == "POST":
        return gate.redirect_to_page(request, possession.bind(session=session, address=address.of(request)))
    return _session_page(request, "proveflow/bind.html", session)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@gate.require_state(State.REBIND_OFFERED)
def moved(request: HttpRequest, session: OnboardingSession) -> HttpResponse:
    """Move this device from another number to the session's, if the person agrees (rebind)."""
    if request.method != "POST":
        return _session_page(request, "proveflow/moved.html", session)
    if not wants_json(request):
        context = {"session": session, "sentences": Sentences(session), "needs_script": True}
        return render(request, "proveflow/moved.html", context, status=400)
    try:
        return _auth_token(
            request, flow.rebind(session=session, key=logins.verified_binding(request), address=address.of(request))
        )
    except HookFailed:
        return unavailable()
    except UpstreamError as error:
        gate.replace_current(request, session.next_ones.latest("created_at"))  # which has the offer now
        return unavailable(error)


@never_cache
@require_safe
@gate.require_state(*(FINAL - {State.EXPIRED}))
def unverified(request: HttpRequest, session: OnboardingSession) -> HttpResponse:
    """Show that the number could not be verified, and what can be done now."""
    if gate.page_of(session) != request.path:
        return gate.redirect_to_page(request, session)
    if wants_json(request):
        return JsonResponse({"stage": session.review})
    context = {"exit_url": gate.exit_url(request), "review_hours": conf.REVIEW_HOURS, "form": StartForm()}
    context["may_be_texted"] = bool(conf.TWILIO_SENDER) and not session.told_in
    return _session_page(request, "proveflow/unverified.html", session, **context)


@never_cache
@gate.post_only
@gate.require_state(State.IN_REVIEW)
def text_decision(request: HttpRequest, session: OnboardingSession) -> HttpResponse:
    """Let the decision be told by text, too."""
    flow.ask_for_text(session=session, language=get_language() or settings.LANGUAGE_CODE)
    return gate.redirect_to_page(request, session)


@never_cache
@require_safe
@gate.require_state(State.EXPIRED)
def expired(request: HttpRequest, session: OnboardingSession) -> HttpResponse:
    """Show that the session's time is up."""
    return _session_page(request, "proveflow/expired.html", session)


@never_cache
@gate.post_only
def restart(request: HttpRequest) -> HttpResponse:
    """Abandon the session: the person uses another number, or starts again."""
    session = gate.current(request)
    if session and session.is_open:
        try:
            flow.abandon(session=session)
        except StaleState:
            return gate.redirect_to_page(request, gate.current(request))
    return redirect("proveflow:phone")
