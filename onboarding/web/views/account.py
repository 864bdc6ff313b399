"""The pages of the person who is logged in: what is linked, and unlinking it."""

from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_otp.decorators import otp_required

from onboarding import hooks
from onboarding.journey import unlinking
from onboarding.journey.bindings import devices_of
from onboarding.models import Binding
from onboarding.web import gate, logins
from onboarding.web.forms import DeviceForm
from onboarding.web.responses import render

# The next page says that it was done.
UNLINKED_OTHERS_KEY, UNLINKED_ONE_KEY = "proveflow_unlinked_others", "proveflow_unlinked_one"


@never_cache
@require_safe
@otp_required(login_url="proveflow:phone", redirect_field_name=None)
def done(request: HttpRequest) -> HttpResponse:
    """Show that the number is linked, to the person who is logged in."""
    binding = logins.verified_binding(request)
    if binding is None:
        return redirect("proveflow:phone")
    others = Binding.objects.filter(user=binding.user_id, confirmed=True).exclude(pk=binding.pk).count()
    mine = logins.remembered_binding(request) == binding
    context = {"binding": binding, "others": others, "remembered": mine, "typed": request.session.get(logins.TYPED_KEY)}
    context["unlinked_others"] = request.session.pop(UNLINKED_OTHERS_KEY, False)
    context["exit_url"] = gate.exit_url(request)
    return render(request, "proveflow/done.html", context)


@never_cache
@gate.post_only
@otp_required(login_url="proveflow:phone", redirect_field_name=None)
def remember(request: HttpRequest) -> HttpResponse:
    """Remember the number in this browser: the person says that the device is their own."""
    binding = logins.verified_binding(request)
    return logins.remember_binding(redirect("proveflow:done"), binding) if binding else redirect("proveflow:phone")


@never_cache
@gate.post_only
def log_out(request: HttpRequest) -> HttpResponse:
    """Log the person out in this browser. The device stays linked."""
    auth.logout(request)
    return redirect("proveflow:logged_out")


@never_cache
@require_safe
def logged_out(request: HttpRequest) -> HttpResponse:
    """Show that the person is logged out, and offer to forget the number if this browser remembers it."""
    remembered = logins.remembered_binding(request) is not None
    return render(request, "proveflow/logged_out.html", {"remembered": remembered})


@never_cache
@gate.post_only
def forget(request: HttpRequest) -> HttpResponse:
    """Forget the number that this browser remembers, and ask for one even if the host project knows it."""
    if hooks.is_overridden("number_of"):
        request.session[gate.OTHER_KEY] = True
    return logins.forget_binding(redirect("proveflow:phone"))


@never_cache
@gate.post_only
@otp_required(login_url="proveflow:phone", redirect_field_name=None)
def unlink(request: HttpRequest) -> HttpResponse:
    """Unlink the number from this device."""
    binding = logins.verified_binding(request)
    if binding:
        unlinking.unlink(binding=binding)
    return logins.forget_binding(redirect("proveflow:unlinked"))


@never_cache
@require_safe
def unlinked(request: HttpRequest) -> HttpResponse:
    """Show that the number was unlinked."""
    return render(request, "proveflow/unlinked.html")


@never_cache
@gate.post_only
@otp_required(login_url="proveflow:phone", redirect_field_name=None)
def unlink_others(request: HttpRequest) -> HttpResponse:
    """Unlink the person's other devices, because one is lost or somebody else has it.

    If the person's last proof is too old, they have to prove this device again first.
    """
    binding = logins.verified_binding(request)
    if binding and not logins.is_fresh(request):
        return redirect("proveflow:confirm")
    if binding:
        unlinking.unlink_others(binding=binding)
        request.session[UNLINKED_OTHERS_KEY] = True
    return redirect("proveflow:done")


@never_cache
@require_safe
@otp_required(login_url="proveflow:phone", redirect_field_name=None)
def devices(request: HttpRequest) -> HttpResponse:
    """Show the person's devices, the one that was verified last first."""
    binding = logins.verified_binding(request)
    if binding is None:
        return redirect("proveflow:phone")
    context = {"binding": binding, "devices": devices_of(binding)}
    context["unlinked_one"] = request.session.pop(UNLINKED_ONE_KEY, False)
    return render(request, "proveflow/devices.html", context)


@never_cache
@gate.post_only
@otp_required(login_url="proveflow:phone", redirect_field_name=None)
def unlink_device(request: HttpRequest) -> HttpResponse:
    """Unlink one other device of the person. If their last proof is too old, they prove this device again first."""
    binding, form = logins.verified_binding(request), DeviceForm(request.POST)
    if binding is None or not form.is_valid():
        return redirect("proveflow:devices")
    if not logins.is_fresh(request):
        return redirect("proveflow:confirm")
    for device in devices_of(binding).filter(public_id=form.cleaned_data["device"]).exclude(pk=binding.pk):
        unlinking.unlink(binding=device)
        request.session[UNLINKED_ONE_KEY] = True
    return redirect("proveflow:devices")
