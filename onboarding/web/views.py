"""The pages: read the form, call one verb, render or redirect."""

import sys
import uuid
from http import HTTPStatus
from math import ceil

from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template import loader
from django.utils.translation import gettext as _
from django.views import defaults
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_otp.decorators import otp_required

from onboarding.domain.errors import Busy, Limited, StaleState, UpstreamError
from onboarding.domain.phone import Number
from onboarding.domain.states import FINAL, Notice, State
from onboarding.journey import flow, unlinking
from onboarding.journey.clock import time_left
from onboarding.models import Binding, OnboardingSession
from onboarding.web import address, gate
from onboarding.web.forms import CodeForm, PhoneForm, SendForm, StartForm, first_error

DEFAULT_RETRY_S = 5
POLL_S = 2
UNLINKED_OTHERS_KEY = "unlinked_others"  # just now: the next page says so


@never_cache
@require_safe
def phone(request: HttpRequest) -> HttpResponse:
    """Where everybody starts, and where the device check runs."""
    session = gate.current(request)
    if session and gate.page_of(session) != request.path and (session.has_passed or not session.is_final):
        return gate.lead(request, session)
    if elsewhere := gate.elsewhere(request):
        return redirect(elsewhere)
    if binding := gate.remembered(request):
        return render(request, "onboarding/welcome.html", {"form": StartForm(), "binding": binding})
    form, is_computer = _phone_form(request, session), gate.is_computer(request)
    return render(request, "onboarding/phone.html", {"form": form, "session": session, "is_computer": is_computer})


def _phone_form(request: HttpRequest, session: OnboardingSession | None) -> PhoneForm:
    """With the number that was typed before; one that was remembered isn't shown."""
    typed = session.phone if session and not session.recalled else None
    initial = {"phone": typed.display, "country": typed.region} if typed else None
    return PhoneForm(initial=initial, languages=request.headers.get("Accept-Language", ""))


@never_cache
@gate.post_only
def start(request: HttpRequest) -> HttpResponse:
    """The number goes to Prove, the authToken to the page's script."""
    form = PhoneForm(request.POST, languages=request.headers.get("Accept-Language", ""))
    if not gate.wants_json(request):  # the form came by itself: no script ran
        return render(request, "onboarding/phone.html", {"form": form, "needs_script": True}, status=400)
    if not form.is_valid():
        return JsonResponse(first_error(form), status=400)
    return _start(request, form, form.cleaned_data["phone"], recalled=False)


@never_cache
@gate.post_only
def recall(request: HttpRequest) -> HttpResponse:
    """The same with the number that this browser remembers."""
    binding, form = gate.remembered(request), StartForm(request.POST)
    if binding is None:
        return gate.lead(request, gate.current(request))
    if not gate.wants_json(request):
        context = {"form": form, "binding": binding, "needs_script": True}
        return render(request, "onboarding/welcome.html", context, status=400)
    if not form.is_valid():
        return JsonResponse(first_error(form), status=400)
    return _start(request, form, binding.phone, recalled=True)


def _start(request: HttpRequest, form: StartForm, number: Number, *, recalled: bool) -> HttpResponse:
    try:
        opened = flow.start(
            number=number,
            start_key=form.cleaned_data["start_key"],
            accepted=form.cleaned_data["notices"],
            previous=gate.current(request),
            recalled=recalled,
            address=address.of(request),
        )
    except StaleState:
        return gate.lead(request, gate.current(request))
    except Limited as limited:
        return gate.turn_away(request, limited)
    except UpstreamError as error:
        return _unavailable(error)
    return _hand_over(request, opened)


def _hand_over(request: HttpRequest, opened: flow.Opened) -> HttpResponse:
    gate.remember(request, opened.session)
    return JsonResponse({"auth_token": opened.auth_token, "start_key": uuid.uuid4()})


def _unavailable(error: UpstreamError | None = None) -> HttpResponse:
    seconds = ceil(error.retry_after.total_seconds()) if isinstance(error, Busy) else DEFAULT_RETRY_S
    message = _("We can't check your phone right now. Nothing is lost: try again in a moment.")
    answer = {"error": message, "start_key": uuid.uuid4()}  # a page's key is good for one start
    return JsonResponse(answer, status=503, headers={"Retry-After": str(seconds)})


@never_cache
@gate.post_only
@gate.at(State.STARTED)
def device(request: HttpRequest, session: OnboardingSession) -> HttpResponse:
    """AuthFinishStep: the browser says that the device check is over, we ask Prove how it went."""
    try:
        session = flow.check_device(session=session, address=address.of(request))
    except UpstreamError as error:
        return _unavailable(error)
    if session.notice == Notice.STILL_CHECKING:
        return JsonResponse({"ask_again_s": POLL_S}, status=202)
    return gate.lead(request, session)


CODE_STATES = (State.POSSESSION_REQUIRED, State.SENDING_CODE, State.CODE_SENT, State.CHECKING_CODE)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@gate.at(*CODE_STATES)
def code(request: HttpRequest, session: OnboardingSession) -> HttpResponse:
    """The code from the text message."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return gate.lead(request, flow.check_code(session=session, code=form.cleaned_data["code"]))
    return _step(request, "onboarding/code.html", session, form=form)


def _step(request: HttpRequest, template: str, session: OnboardingSession, **context: object) -> HttpResponse:
    """A page of the session; while a call is under way it looks again by itself."""
    form, left = context.get("form"), time_left(session)
    context |= {"session": session, "left": left}
    if session.notice == Notice.CODE_WRONG:
        context["tries_left"] = flow.GUESSES - session.guesses
    if session.notice == Notice.TOO_SOON and not left.to_next_send:
        session.notice = ""
    response = render(request, template, context, status=400 if isinstance(form, CodeForm) and form.errors else 200)
    if session.notice == Notice.TOO_SOON:
        response.status_code, response["Retry-After"] = HTTPStatus.TOO_MANY_REQUESTS, str(left.to_next_send)
    if session.is_claimed:
        response["Refresh"] = "1"
    return response


@never_cache
@gate.post_only
@gate.at(State.POSSESSION_REQUIRED, State.CODE_SENT)
def send(request: HttpRequest, session: OnboardingSession) -> HttpResponse:
    """A text message or a call, the first or another. Asked for too soon, the code's page answers 429 with the wait."""
    form = SendForm(request.POST)
    if form.is_valid():
        session = flow.send_code(session=session, channel=form.cleaned_data["channel"], address=address.of(request))
    return gate.lead(request, session)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@gate.at(State.POSSESSION_PASSED, State.BINDING)
def bind(request: HttpRequest, session: OnboardingSession) -> HttpResponse:
    """The number was proved; the bind may be tried again, without a new code."""
    if request.method == "POST":
        return gate.lead(request, flow.bind(session=session))
    return _step(request, "onboarding/bind.html", session)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@gate.at(State.REBIND_OFFERED)
def moved(request: HttpRequest, session: OnboardingSession) -> HttpResponse:
    """This device is linked to another number: move it, if the person says so."""
    if request.method != "POST":
        return _step(request, "onboarding/moved.html", session)
    if not gate.wants_json(request):
        return render(request, "onboarding/moved.html", {"session": session, "needs_script": True}, status=400)
    try:
        return _hand_over(request, flow.rebind(session=session, key=gate.linked(request), address=address.of(request)))
    except UpstreamError as error:
        gate.follow(request, session.next_ones.latest("created_at"))  # which has the offer now
        return _unavailable(error)


@never_cache
@require_safe
@gate.at(*(FINAL - {State.EXPIRED}))
def unverified(request: HttpRequest, session: OnboardingSession) -> HttpResponse:
    """Could not verify: what can be done now."""
    if gate.page_of(session) != request.path:
        return gate.lead(request, session)
    return _step(request, "onboarding/unverified.html", session)


@never_cache
@require_safe
@gate.at(State.EXPIRED)
def expired(request: HttpRequest, session: OnboardingSession) -> HttpResponse:
    """It took too long."""
    return _step(request, "onboarding/expired.html", session)


@never_cache
@gate.post_only
def restart(request: HttpRequest) -> HttpResponse:
    """Use another number, or begin again."""
    session = gate.current(request)
    if session and session.is_open:
        try:
            flow.abandon(session=session)
        except StaleState:
            return gate.lead(request, gate.current(request))
    return redirect("phone")


@never_cache
@require_safe
@otp_required(login_url="phone", redirect_field_name=None)
def done(request: HttpRequest) -> HttpResponse:
    """Your number is linked."""
    binding = gate.linked(request)
    if binding is None:
        return redirect("phone")
    others = Binding.objects.filter(user=binding.user, confirmed=True).exclude(pk=binding.pk).count()
    mine = gate.remembered(request) == binding
    context = {"binding": binding, "others": others, "remembered": mine, "typed": request.session.get(gate.TYPED_KEY)}
    context["unlinked_others"] = request.session.pop(UNLINKED_OTHERS_KEY, False)
    return render(request, "onboarding/done.html", context)


@never_cache
@gate.post_only
@otp_required(login_url="phone", redirect_field_name=None)
def remember(request: HttpRequest) -> HttpResponse:
    """This is my own device: remember my number here."""
    binding = gate.linked(request)
    return gate.keep_in_mind(redirect("done"), binding) if binding else redirect("phone")


@never_cache
@gate.post_only
def forget(_request: HttpRequest) -> HttpResponse:
    """Not you? Then somebody else's number isn't shown here again."""
    return gate.forget(redirect("phone"))


@never_cache
@gate.post_only
@otp_required(login_url="phone", redirect_field_name=None)
def unlink(request: HttpRequest) -> HttpResponse:
    """Take the number off this device."""
    binding = gate.linked(request)
    if binding:
        unlinking.unlink(binding=binding)
    return gate.forget(render(request, "onboarding/unlinked.html"))


@never_cache
@gate.post_only
@otp_required(login_url="phone", redirect_field_name=None)
def unlink_others(request: HttpRequest) -> HttpResponse:
    """A device is lost, or somebody else's now."""
    if binding := gate.linked(request):
        unlinking.unlink_others(binding=binding)
        request.session[UNLINKED_OTHERS_KEY] = True
    return redirect("done")


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """This process can serve people: its database answers. Prove or Twilio being down is no reason to leave."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("no database\n", content_type="text/plain", status=503)
    return HttpResponse("ok\n", content_type="text/plain")


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - as Django calls it
    """Django's own three of these read the form first, and break on one that is malformed."""
    return HttpResponse(loader.render_to_string("400.html"), status=400)  # nothing of the request is to be trusted


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - as Django calls it
    return render(request, "403.html", status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - as Django calls it
    return render(request, "404.html", status=404)


@never_cache
def server_error(request: HttpRequest) -> HttpResponse:
    """After an exception that nobody expected. A database that is away or too busy comes back: 503, and when."""
    if not isinstance(sys.exception(), DatabaseError):
        return defaults.server_error(request)
    if gate.wants_json(request):
        return _unavailable()
    page = loader.render_to_string("503.html")  # without the request: nothing here may ask the database
    return HttpResponse(page, status=503, headers={"Retry-After": str(DEFAULT_RETRY_S)})
