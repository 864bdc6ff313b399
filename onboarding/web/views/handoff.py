"""The pages of the handoff, on the computer and on the phone."""

from urllib.parse import urlsplit

import segno
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from onboarding.conf import conf
from onboarding.domain.errors import Limited
from onboarding.domain.states import Stage
from onboarding.journey import handoff
from onboarding.models import Handoff
from onboarding.web import address, gate
from onboarding.web.forms import MatchForm
from onboarding.web.responses import render, too_many_requests, wants_json

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def computer(request: HttpRequest) -> HttpResponse:
    """Show the QR code on the computer, then the field for the phone's number, then how far the phone is."""
    offered = gate.handoff_of(request, gate.OFFERED_KEY)
    form = MatchForm(request.POST or None)
    if request.method == "POST" and offered and form.is_valid():
        handoff.confirm(offered, match_number=form.cleaned_data["number"])
        return redirect("proveflow:handoff")
    code = _qr_code(request, offered) if offered and offered.stage == Stage.OFFERED else ""
    return _handoff_page(
        request, "computer", offered, form=form, code=code, host=request.get_host(), may_stay=conf.DESKTOP_ALLOWED
    )


def _handoff_page(request: HttpRequest, screen: str, shown: Handoff | None, **context: object) -> HttpResponse:
    """Render the page of `screen` (computer or phone). Its script gets the stage, and reloads when it changes."""
    if wants_json(request):
        return JsonResponse({"stage": shown.stage if shown else ""})
    form = context.get("form")
    status = 400 if isinstance(form, MatchForm) and form.errors else 200
    return render(request, f"proveflow/handoff_{screen}.html", {"handoff": shown, **context}, status=status)


def _qr_code(request: HttpRequest, offered: Handoff) -> SafeString:
    """Return the link's QR code as SVG. The link is https, which the Web SDK needs, except on loopback."""
    link = urlsplit(request.build_absolute_uri(reverse("proveflow:handoff_scanned", args=[handoff.token(offered)])))
    if link.hostname not in LOOPBACK:
        link = link._replace(scheme="https")
    svg = segno.make(link.geturl(), error="m", boost_error=False).svg_inline(omitsize=True, light="#fff")
    return mark_safe(svg)  # noqa: S308 - segno draws our own link


@never_cache
@gate.post_only
def offer(request: HttpRequest) -> HttpResponse:
    """Offer a handoff, with a new QR code."""
    try:
        offered = handoff.offer(address=address.of(request))
    except Limited as limited:
        return too_many_requests(request, limited, back=reverse("proveflow:handoff"))
    request.session[gate.OFFERED_KEY] = str(offered.pk)
    return redirect("proveflow:handoff")


@never_cache
@gate.post_only
def here(request: HttpRequest) -> HttpResponse:
    """Go on here: the page's script says that this is a phone or tablet, though its User-Agent names a computer."""
    request.session[gate.TOUCH_KEY] = True
    return redirect("proveflow:phone")


@never_cache
@require_safe
def scanned(request: HttpRequest, token: str) -> HttpResponse:
    """Keep the scanned handoff and redirect, so that the token leaves the address bar. Nothing is accepted yet."""
    found = handoff.find_scanned(token)
    request.session[gate.ASKED_KEY] = str(found.pk) if found else None
    request.session.pop(gate.REFUSED_KEY, None)
    return redirect("proveflow:handoff_answer")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest) -> HttpResponse:
    """Ask the person at the phone whether they started the handoff, and accept or refuse it."""
    asked = gate.handoff_of(request, gate.ASKED_KEY)
    if asked and asked == gate.handoff_of(request, gate.ACCEPTED_KEY):
        return redirect("proveflow:handoff_phone")
    is_offered = asked is not None and asked.stage == Stage.OFFERED
    if asked and is_offered and request.method == "POST":
        return _accept_or_refuse(request, asked)
    is_refused = gate.REFUSED_KEY in request.session
    context = {
        "is_offered": is_offered,
        "is_refused": is_refused,
        "is_elsewhere": gate.ASKED_KEY not in request.session,  # in another browser, whose address was opened here
        "host": request.get_host(),
    }
    status = 200 if is_offered or is_refused else 404
    return render(request, "proveflow/handoff_answer.html", context, status=status)


def _accept_or_refuse(request: HttpRequest, asked: Handoff) -> HttpResponse:
    if request.POST.get("answer") != "yes":
        handoff.refuse(asked)
        request.session[gate.REFUSED_KEY] = True
    elif handoff.accept(asked):
        gate.set_accepted(request, asked)
    return redirect("proveflow:handoff_answer")


@never_cache
@require_safe
def phone(request: HttpRequest) -> HttpResponse:
    """Show the number to type on the computer. Once it is confirmed, redirect to the phone page."""
    accepted = gate.handoff_of(request, gate.ACCEPTED_KEY)
    if wants_json(request) or (accepted and accepted.stage in (Stage.SCANNED, Stage.OVER)):
        return _handoff_page(request, "phone", accepted)
    return redirect("proveflow:phone")
